//! Espressif's OpenOCD, of the virtual board: what `leakscope record` gets out of it.
//!
//! OpenOCD is looked for where the environment variable `LEAKSCOPE_OPENOCD` says, or else in the folder
//! `target/openocd-esp32`, a virtual environment of Python with the package `openocd-esp32`.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use virtual_board::{Machine, Model, Pause, Program, server};

/// After so many seconds something hangs.
pub(crate) const LIMIT: u64 = 100;
/// Ends a script, and a result.
const END: u8 = 0x1A;
const LOG: &str = "openocd.log";

/// What is missing to run it.
pub(crate) fn missing() -> Option<String> {
    match program() {
        Some(_) => None,
        None => Some("Espressif's OpenOCD (LEAKSCOPE_OPENOCD, or target/openocd-esp32)".to_owned()),
    }
}

pub(crate) fn program() -> Option<PathBuf> {
    let named = env::var_os("LEAKSCOPE_OPENOCD").map(PathBuf::from);
    let usual = || xtask::project().join("target/openocd-esp32/bin/openocd-esp32");
    Some(named.unwrap_or_else(usual)).filter(|program| program.is_file())
}

/// What OpenOCD believes that its target is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chip {
    Esp32C3,
    /// Two cores.
    Esp32H4,
    /// Some RISC-V: the recorder's buffers are read by RTT.
    RiscV,
}

/// What the command says of a program that has begun without a debugger, and so told nobody of its buffers.
pub(crate) fn record_too_late(elf: &Path, folder: &Path) -> Result<(), Failed> {
    let mut machine = machine(elf)?;
    let waits = (0..1000).any(|_| machine.run(1000) == Pause::Waiting);
    if !waits {
        return Err("the program does not wait for its host".into());
    }
    let openocd = OpenOcd::of(machine, folder, Chip::Esp32C3)?;
    let endpoint = format!("127.0.0.1:{}", openocd.port("tcl")?);
    let output = Command::new("timeout")
        .arg(LIMIT.to_string())
        .arg(env!("CARGO_BIN_EXE_leakscope"))
        .args(["record", "--openocd", &endpoint, "-o"])
        .arg(folder.join("recorded.svdat"))
        .output()?;
    openocd.end()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() || !said.contains("no trace buffers") || !said.contains("--reset") {
        return Err(format!("{}: {said}", output.status).into());
    }
    Ok(())
}

fn machine(elf: &Path) -> Result<Machine, Failed> {
    let program = Program::read(&fs::read(elf)?)?;
    Ok(Machine::new(Model::Esp32C3, &program)?)
}

impl Chip {
    /// OpenOCD's configuration.
    fn configuration(self) -> &'static [&'static str] {
        match self {
            Self::Esp32C3 => &[
                "-c",
                "set ESP_RTOS none",
                "-c",
                "set ESP_FLASH_SIZE 0",
                "-f",
                "target/esp32c3.cfg",
            ],
            Self::Esp32H4 => &[
                "-c",
                "set ESP_RTOS none",
                "-c",
                "set ESP_FLASH_SIZE 0",
                "-f",
                "target/esp32h4.cfg",
            ],
            Self::RiscV => &[
                "-c",
                "jtag newtap chip cpu -irlen 5 -expected-id 0x5c25",
                "-c",
                "target create chip.cpu riscv -chain-position chip.cpu",
            ],
        }
    }
}

/// OpenOCD, with the virtual board as its target. It is ended when it is dropped.
pub(crate) struct OpenOcd {
    process: Child,
    chip: Chip,
    folder: PathBuf,
    board: Board,
}

/// The virtual board, behind a port.
pub(crate) struct Board {
    thread: Option<JoinHandle<Result<(), String>>>,
    port: u16,
    /// Nobody will connect to the board again.
    is_last: Arc<AtomicBool>,
}

impl Board {
    /// A board that runs `elf`.
    pub(crate) fn running(elf: &Path) -> Result<Self, Failed> {
        Self::of(machine(elf)?)
    }

    fn of(mut machine: Machine) -> Result<Self, Failed> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let is_last = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&is_last);
        let thread = thread::spawn(move || {
            loop {
                let served = server::serve(&listener, &mut machine);
                let ended = served.map_err(|error| error.to_string())?;
                if ended.is_some() || is_over.load(Ordering::Relaxed) {
                    return Ok(());
                }
            }
        });
        Ok(Self {
            thread: Some(thread),
            port,
            is_last,
        })
    }

    /// How OpenOCD is told to use it as an ESP32-C3, as one line for a shell.
    pub(crate) fn arguments(&self) -> String {
        let adapter = adapter(self.port);
        let scripts = adapter.iter().map(|script| format!("-c '{script}' "));
        let configuration = Chip::Esp32C3.configuration().iter();
        let words = configuration.map(|word| format!("'{word}' "));
        scripts.chain(words).collect()
    }

    /// Nobody connects after the one who does now.
    pub(crate) fn is_used_last(&self) {
        self.is_last.store(true, Ordering::Relaxed);
    }

    /// Waits for its end.
    pub(crate) fn end(&mut self) -> Result<(), Failed> {
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        let ended = thread.join().map_err(|_| "the board has panicked")?;
        Ok(ended.map_err(|error| format!("the board failed: {error}"))?)
    }
}

/// The scripts that have OpenOCD use the board behind this port.
fn adapter(port: u16) -> [String; 4] {
    [
        "adapter driver jtag_dpi".to_owned(),
        format!("jtag_dpi set_port {port}"),
        "transport select jtag".to_owned(),
        "adapter speed 1000".to_owned(),
    ]
}

impl OpenOcd {
    /// Starts a board that runs `elf`, and OpenOCD with a configuration for `chip`.
    pub(crate) fn start(elf: &Path, folder: &Path, chip: Chip) -> Result<Self, Failed> {
        Self::of(machine(elf)?, folder, chip)
    }

    /// OpenOCD with this board.
    pub(crate) fn of(machine: Machine, folder: &Path, chip: Chip) -> Result<Self, Failed> {
        let board = Board::of(machine)?;
        Ok(Self {
            process: run(chip, folder, board.port, [0, 0])?,
            chip,
            folder: folder.to_owned(),
            board,
        })
    }

    /// Ends OpenOCD as if it had crashed, and starts it again with the same ports.
    pub(crate) fn kill_and_restart(&mut self) -> Result<(), Failed> {
        let ports = [self.port("tcl")?, self.port("gdb")?];
        self.kill()?;
        self.process = run(self.chip, &self.folder, self.board.port, ports)?;
        Ok(())
    }

    /// Ends OpenOCD as if it had crashed.
    pub(crate) fn kill(&mut self) -> Result<(), Failed> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Has OpenOCD do something, and waits until it is done.
    pub(crate) fn command(&self, script: &str) -> Result<(), Failed> {
        let mut tcl = TcpStream::connect(("127.0.0.1", self.port("tcl")?))?;
        tcl.write_all(script.as_bytes())?;
        tcl.write_all(&[END])?;
        let mut answer = Vec::new();
        BufReader::new(tcl).read_until(END, &mut answer)?;
        if answer.ends_with(&[END]) {
            return Ok(());
        }
        Err(format!("OpenOCD has ended instead of `{script}`").into())
    }

    fn log(&self) -> PathBuf {
        self.folder.join(LOG)
    }

    /// The port at which OpenOCD listens for `tcl` or `gdb`, as soon as it does.
    pub(crate) fn port(&self, service: &str) -> Result<u16, Failed> {
        let end = Instant::now() + Duration::from_secs(LIMIT);
        loop {
            let log = fs::read_to_string(self.log())?;
            let line = log.lines().find_map(|line| {
                let (_, rest) = line.split_once("Listening on port ")?;
                rest.strip_suffix(&format!(" for {service} connections"))
            });
            if let Some(port) = line {
                return Ok(port.parse()?);
            }
            if Instant::now() > end {
                return Err(format!("OpenOCD does not listen:\n{log}").into());
            }
            thread::yield_now();
        }
    }

    /// Tells OpenOCD to end; what it has said.
    pub(crate) fn end(mut self) -> Result<String, Failed> {
        self.board.is_used_last();
        let mut tcl = TcpStream::connect(("127.0.0.1", self.port("tcl")?))?;
        tcl.write_all(b"shutdown\x1a")?;
        self.process.wait()?;
        let log = fs::read_to_string(self.log())?;
        self.board.end().map_err(|error| {
            let said = error.message().unwrap_or_default();
            Failed::from(format!("{said}\n{log}"))
        })?;
        Ok(log)
    }
}

/// Starts OpenOCD, with a board behind this port; at these ports of its own, or at such as the system chooses (0).
fn run(chip: Chip, folder: &Path, board: u16, [tcl, gdb]: [u16; 2]) -> Result<Child, Failed> {
    let messages = File::create(folder.join(LOG))?;
    let adapter = adapter(board);
    let ports = [
        format!("tcl_port {tcl}"),
        format!("gdb_port {gdb}"),
        "telnet_port disabled".to_owned(),
    ];
    let mut command = Command::new(self::program().ok_or("there is no OpenOCD")?);
    for script in adapter.iter().chain(&ports) {
        command.args(["-c", script]);
    }
    let process = command
        .args(chip.configuration())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(messages.try_clone()?)
        .stderr(messages)
        .spawn()?;
    Ok(process)
}

impl Drop for OpenOcd {
    fn drop(&mut self) {
        self.board.is_used_last();
        // Both fail if it has ended already. The board ends with its connection.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
