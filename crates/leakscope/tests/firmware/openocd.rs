//! Espressif's OpenOCD, of the virtual board: what `leakscope record` gets out of it.
//!
//! OpenOCD is looked for where the environment variable `LEAKSCOPE_OPENOCD` says, or else in the folder
//! `target/openocd-esp32`, a virtual environment of Python with the package `openocd-esp32`.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use virtual_board::{Machine, Model, Pause, Program, server};

/// After so many seconds something hangs.
const LIMIT: u64 = 100;

/// What is missing to run it.
pub(crate) fn missing() -> Option<String> {
    match program() {
        Some(_) => None,
        None => Some("Espressif's OpenOCD (LEAKSCOPE_OPENOCD, or target/openocd-esp32)".to_owned()),
    }
}

fn program() -> Option<PathBuf> {
    let named = env::var_os("LEAKSCOPE_OPENOCD").map(PathBuf::from);
    let usual = || xtask::project().join("target/openocd-esp32/bin/openocd-esp32");
    Some(named.unwrap_or_else(usual)).filter(|program| program.is_file())
}

/// What OpenOCD believes that its target is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chip {
    Esp32C3,
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

/// OpenOCD dies in the middle of a recording: what has come is kept, reported, and can be read again.
pub(crate) fn die_while_recording(elf: &Path, folder: &Path) -> Result<(), Failed> {
    let mut openocd = OpenOcd::start(elf, folder, Chip::Esp32C3)?;
    let endpoint = format!("127.0.0.1:{}", openocd.port("tcl")?);
    let trace = folder.join("recorded.svdat");
    let recorder = Command::new("timeout")
        .arg(LIMIT.to_string())
        .arg(env!("CARGO_BIN_EXE_leakscope"))
        .args(["record", "--reset", "--openocd", &endpoint, "--elf"])
        .arg(elf)
        .arg("-o")
        .arg(&trace)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let end = Instant::now() + Duration::from_secs(LIMIT);
    while fs::metadata(&trace).map_or(0, |file| file.len()) < 2_000 && Instant::now() < end {
        thread::yield_now();
    }
    openocd.process.kill()?;
    let output = recorder.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let reported = String::from_utf8_lossy(&output.stdout);
    if output.status.success() || !said.contains("OpenOCD") || !reported.contains("forget_block") {
        return Err(format!("{}: {said}\n{reported}", output.status).into());
    }
    let report = Command::new(env!("CARGO_BIN_EXE_leakscope"))
        .arg("report")
        .arg(&trace)
        .output()?;
    if !report.status.success() {
        return Err(String::from_utf8_lossy(&report.stderr).into_owned().into());
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
    log: PathBuf,
    board: Option<JoinHandle<Result<(), String>>>,
}

impl OpenOcd {
    /// Starts a board that runs `elf`, and OpenOCD with a configuration for `chip`.
    pub(crate) fn start(elf: &Path, folder: &Path, chip: Chip) -> Result<Self, Failed> {
        Self::of(machine(elf)?, folder, chip)
    }

    /// OpenOCD with this board.
    fn of(mut machine: Machine, folder: &Path, chip: Chip) -> Result<Self, Failed> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let board = thread::spawn(move || {
            let served = server::serve(&listener, &mut machine);
            served.map(drop).map_err(|error| error.to_string())
        });
        let log = folder.join("openocd.log");
        let messages = File::create(&log)?;
        let process = Command::new(self::program().ok_or("there is no OpenOCD")?)
            .args(["-c", "adapter driver jtag_dpi"])
            .args(["-c", &format!("jtag_dpi set_port {port}")])
            .args(["-c", "transport select jtag", "-c", "adapter speed 1000"])
            // Ports that the system chooses.
            .args([
                "-c",
                "tcl_port 0",
                "-c",
                "gdb_port 0",
                "-c",
                "telnet_port disabled",
            ])
            .args(chip.configuration())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(messages.try_clone()?)
            .stderr(messages)
            .spawn()?;
        Ok(Self {
            process,
            log,
            board: Some(board),
        })
    }

    /// The port at which OpenOCD listens for `tcl` or `gdb`, as soon as it does.
    pub(crate) fn port(&self, service: &str) -> Result<u16, Failed> {
        let end = Instant::now() + Duration::from_secs(LIMIT);
        loop {
            let log = fs::read_to_string(&self.log)?;
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
        let mut tcl = TcpStream::connect(("127.0.0.1", self.port("tcl")?))?;
        tcl.write_all(b"shutdown\x1a")?;
        self.process.wait()?;
        let log = fs::read_to_string(&self.log)?;
        if let Some(board) = self.board.take() {
            board
                .join()
                .map_err(|_| "the board has panicked")?
                .map_err(|error| format!("the board failed: {error}\n{log}"))?;
        }
        Ok(log)
    }
}

impl Drop for OpenOcd {
    fn drop(&mut self) {
        // Both fail if it has ended already. The board ends with its connection.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
