//! `leakscope record`, and GDB with the file of `leakscope gdbinit`, on a target whose recorder is read by a
//! debugger.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::{env, fs, thread};

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::emulator::Emulator;
use crate::openocd::{self, Board, Chip, OpenOcd};

/// What was recorded, and what was said of it at once.
pub(crate) struct Recorded {
    pub(crate) bytes: Vec<u8>,
    pub(crate) report: Option<Value>,
}

/// Records a target that waits for its debugger, from breakpoint to breakpoint.
pub(crate) fn gdb(emulator: &mut Emulator, elf: &Path) -> Result<Recorded, Failed> {
    // A client that only connects stops the target, which stands still already.
    drop(emulator.connect("gdb.socket")?);
    let command = leakscope(emulator.folder(), elf, &["record", "--gdb", "./gdb.socket"]);
    finish(emulator.folder(), start(command)?)
}

/// Records a target that is never stopped, until it ends.
pub(crate) fn shared_memory(
    emulator: &mut Emulator,
    elf: &Path,
    base: u64,
) -> Result<Recorded, Failed> {
    let place = format!("ram@{base:#x}");
    wait_for_memory(emulator)?;
    let command = leakscope(emulator.folder(), elf, &["record", "--rtt-memory", &place]);
    let recorder = start(command)?;
    // It waits for its reader before it ends; what it writes last stays in its memory.
    emulator.wait()?;
    Command::new("kill")
        .args(["-INT", &recorder.id().to_string()])
        .status()?;
    finish(emulator.folder(), recorder)
}

/// Has GDB record, out of the target's memory.
pub(crate) fn gdbinit(emulator: &mut Emulator, elf: &Path) -> Result<Recorded, Failed> {
    drop(emulator.connect("gdb.socket")?);
    let socket = emulator.folder().join("gdb.socket");
    run_gdb(&socket.to_string_lossy(), "rtt", elf, emulator.folder())
}

/// How OpenOCD is made to record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// `leakscope record --openocd`.
    Tcl,
    /// `leakscope record --gdb`.
    Gdb,
    /// GDB with the file of `leakscope gdbinit`.
    Gdbinit,
}

/// Records the virtual board, through OpenOCD.
pub(crate) fn openocd(elf: &Path, folder: &Path, chip: Chip, by: By) -> Result<Recorded, Failed> {
    let openocd = OpenOcd::start(elf, folder, chip)?;
    let endpoint = |service| Ok::<_, Failed>(format!("127.0.0.1:{}", openocd.port(service)?));
    let record = |option, endpoint: String| {
        let arguments = ["record", "--reset", option, &endpoint];
        finish(folder, start(leakscope(folder, elf, &arguments))?)
    };
    let recorded = match by {
        By::Tcl => record("--openocd", endpoint("tcl")?),
        By::Gdb => record("--gdb", endpoint("gdb")?),
        By::Gdbinit => run_gdb(&endpoint("gdb")?, "esp32c3", elf, folder),
    };
    let messages = openocd.end()?;
    recorded.map_err(|error| failed(&error, &messages))
}

/// Records a project's program, of which nothing is named: the command finds the program, and starts and ends OpenOCD.
pub(crate) fn started(elf: &Path, folder: &Path) -> Result<Recorded, Failed> {
    let mut board = Board::running(elf)?;
    board.is_used_last();
    let description = json!({
        "project_name": "board",
        "app_elf": "board.elf",
        "target": "esp32c3",
        "git_revision": "v5.5.1",
        "debug_arguments_openocd": board.arguments(),
    });
    let build = folder.join("build");
    fs::create_dir_all(&build)?;
    fs::copy(elf, build.join("board.elf"))?;
    fs::write(
        build.join("project_description.json"),
        description.to_string(),
    )?;
    let program = openocd::program().ok_or("there is no OpenOCD")?;
    let mut paths = vec![program.parent().unwrap_or(Path::new(".")).to_owned()];
    paths.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let recorder = Command::new(env!("CARGO_BIN_EXE_leakscope"))
        .args([
            "record",
            "--start-openocd",
            "--reset",
            "--format",
            "json",
            "-o",
            "trace.svdat",
        ])
        .current_dir(folder)
        .env("PATH", env::join_paths(paths)?)
        .env_remove("OPENOCD_COMMANDS")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let recorded = finish(folder, recorder)?;
    // OpenOCD has ended, or the board would be waiting.
    board.end()?;
    Ok(recorded)
}

fn failed(error: &Failed, messages: &str) -> Failed {
    let said = error.message().unwrap_or_default();
    format!("{said}\nOpenOCD:\n{messages}").into()
}

/// What is missing to have GDB record.
pub(crate) fn missing() -> Option<String> {
    let found = Command::new(GDB).arg("--version").output();
    found.is_err().then(|| GDB.to_owned())
}

const GDB: &str = "gdb-multiarch";

/// Has GDB do what the file of `leakscope gdbinit` says.
fn run_gdb(server: &str, target: &str, elf: &Path, folder: &Path) -> Result<Recorded, Failed> {
    let output = Command::new(env!("CARGO_BIN_EXE_leakscope"))
        .args([
            "gdbinit",
            "-o",
            "trace.svdat",
            "--target",
            target,
            "--gdb",
            server,
            "--elf",
        ])
        .arg(elf)
        .current_dir(folder)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    fs::write(folder.join("gdbinit"), output.stdout)?;
    let output = Command::new("timeout")
        .args(["100", GDB, "-nx", "-batch", "-x", "gdbinit"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    let bytes = fs::read(folder.join("trace.svdat"));
    let is_whole = said.contains("The recording is ") && !said.contains("The buffer is full");
    match bytes {
        Ok(bytes) if is_whole => Ok(Recorded {
            bytes,
            report: None,
        }),
        _ => Err(format!("GDB says:\n{said}\n{complaints}").into()),
    }
}

pub(crate) fn leakscope(folder: &Path, elf: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leakscope"));
    command
        .args(arguments)
        .args(["-o", "trace.svdat", "--format", "json", "--elf"])
        .arg(elf)
        .current_dir(folder);
    command
}

pub(crate) fn start(mut command: Command) -> Result<Child, Failed> {
    Ok(command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?)
}

pub(crate) fn finish(folder: &Path, recorder: Child) -> Result<Recorded, Failed> {
    let output = recorder.wait_with_output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(Recorded {
        bytes: fs::read(folder.join("trace.svdat"))?,
        report: Some(serde_json::from_slice(&output.stdout)?),
    })
}

/// Until QEMU has made the file that is the target's memory, and given it its size.
fn wait_for_memory(emulator: &mut Emulator) -> Result<(), Failed> {
    let path = emulator.folder().join("ram");
    while !fs::metadata(&path).is_ok_and(|file| file.len() > 0) {
        if !emulator.is_running()? {
            return Err("the target's memory never came".into());
        }
        thread::yield_now();
    }
    Ok(())
}
