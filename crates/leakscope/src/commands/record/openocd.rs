//! OpenOCD, started for a recording and ended with it.

use std::collections::VecDeque;
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::mem;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use leakscope_capture::Interrupt;
use leakscope_capture::gdb::Endpoint;
use leakscope_project::openocd::{arguments, words};

use crate::interrupt;
use crate::project::{Kind, Project, openocd};
use crate::screen::{self, Advised};
use crate::shell;

/// It listens within this time, or does not at all.
const START: Duration = Duration::from_mins(1);
/// It ends within this time after it was told to, or is killed.
const END: Duration = Duration::from_secs(5);
/// It is looked at this often.
const TICK: Duration = Duration::from_millis(50);
/// Lines that are kept to say why it has ended.
const LAST_LINES: usize = 6;

/// `CREATE_NEW_PROCESS_GROUP`.
#[cfg(windows)]
const NEW_PROCESS_GROUP: u32 = 0x200;

/// A running OpenOCD. It is ended when it is dropped.
pub(super) struct OpenOcd {
    process: Arc<Mutex<Child>>,
    port: u16,
    said: Arc<Mutex<Said>>,
}

/// What it has said.
#[derive(Default)]
struct Said {
    last: VecDeque<String>,
    /// Errors that were not shown yet.
    errors: Vec<String>,
}

impl OpenOcd {
    /// Starts it for a project's chip, and waits until it listens.
    pub(super) fn start(project: Option<&Project>, interrupt: &Interrupt) -> anyhow::Result<Self> {
        let arguments = configuration(project)?;
        let program = openocd::find()?;
        let quoted: Vec<String> = arguments.iter().map(|word| shell::quoted(word)).collect();
        screen::note(&format!(
            "starting `{} {}`",
            program.display(),
            quoted.join(" ")
        ));
        let mut child = spawn(&program, &arguments)
            .with_context(|| format!("`{}` cannot be started", program.display()))?;
        let stderr = child.stderr.take().context("OpenOCD has no output")?;
        let mut started = Self {
            process: Arc::new(Mutex::new(child)),
            port: 0,
            said: Arc::default(),
        };
        let process = Arc::clone(&started.process);
        interrupt::before_exit(Some(Box::new(move || kill(&process))));
        let (tell, told) = mpsc::channel();
        let said = Arc::clone(&started.said);
        thread::spawn(move || listen(stderr, &said, &tell));
        started.port = started.wait_for_port(&told, interrupt)?;
        Ok(started)
    }

    fn wait_for_port(&self, told: &Receiver<u16>, interrupt: &Interrupt) -> anyhow::Result<u16> {
        let until = Instant::now() + START;
        loop {
            match told.recv_timeout(TICK) {
                Ok(port) => return Ok(port),
                Err(RecvTimeoutError::Disconnected) => return Err(self.failed()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if interrupt.is_set() {
                bail!("it was ended before OpenOCD was ready");
            }
            if Instant::now() >= until {
                bail!("OpenOCD does not listen after {} s", START.as_secs());
            }
        }
    }

    /// Where its Tcl port is.
    pub(super) fn endpoint(&self) -> Endpoint {
        Endpoint::Tcp {
            host: Ipv4Addr::LOCALHOST.to_string(),
            port: self.port,
        }
    }

    /// The errors that it has told since this was called last.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let errors = mem::take(&mut said.errors).into_iter();
        errors.map(|error| format!("OpenOCD: {error}")).collect()
    }

    /// It has ended before it listened.
    fn failed(&self) -> anyhow::Error {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        for line in &said.last {
            screen::note(&format!("OpenOCD: {line}"));
        }
        let message = "OpenOCD has ended at once".to_owned();
        let hint = "what it has said stands above: is the board connected, may its USB device be opened, and does no \
                    other OpenOCD have it? OPENOCD_COMMANDS names another configuration";
        Advised { message, hint }.into()
    }
}

impl Drop for OpenOcd {
    fn drop(&mut self) {
        if self.port != 0 {
            // If nobody listens any more, it has ended.
            let asked = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
            let _ = asked.and_then(|mut tcl| tcl.write_all(b"shutdown\x1a"));
            let until = Instant::now() + END;
            while Instant::now() < until && !has_ended(&self.process) {
                thread::sleep(TICK);
            }
        }
        kill(&self.process);
        interrupt::before_exit(None);
    }
}

/// At a port that is free, so that another OpenOCD's is not in the way. The terminal's Ctrl-C does not reach it: tracing
/// ends before it does.
fn spawn(program: &Path, arguments: &[String]) -> io::Result<Child> {
    let mut command = Command::new(program);
    for script in ["tcl_port 0", "gdb_port disabled", "telnet_port disabled"] {
        command.args(["-c", script]);
    }
    if let Some(scripts) = openocd::scripts(program) {
        command.env("OPENOCD_SCRIPTS", scripts);
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(&mut command, NEW_PROCESS_GROUP);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
}

/// What it is started with: `OPENOCD_COMMANDS`, which ESP-IDF knows too, or what suits the project's chip.
fn configuration(project: Option<&Project>) -> anyhow::Result<Vec<String>> {
    if let Ok(said) = env::var("OPENOCD_COMMANDS")
        && !said.trim().is_empty()
    {
        return Ok(words(&said));
    }
    if let Some(Kind::EspIdf(project)) = project.map(|project| &project.kind) {
        let found = arguments(&project.description, &project.chip());
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let message = "OpenOCD's configuration is not known".to_owned();
    let hint = "an ESP-IDF project says it; elsewhere the variable OPENOCD_COMMANDS does: `-f board/esp32c3-builtin.cfg`";
    Err(Advised { message, hint }.into())
}

/// Reads what it says until it ends.
fn listen(stderr: ChildStderr, said: &Mutex<Said>, tell: &Sender<u16>) {
    let mut lines = BufReader::new(stderr);
    let mut bytes = Vec::new();
    while let Ok(1..) = lines.read_until(b'\n', &mut bytes) {
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        bytes.clear();
        if let Some(port) = tcl_port(&line) {
            // Nobody waits any more if it is told twice.
            let _ = tell.send(port);
        }
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = said.last.back() != Some(&line);
        if is_new && line.starts_with("Error:") && said.errors.len() < LAST_LINES {
            said.errors.push(line.clone());
        }
        if !line.is_empty() {
            said.last.push_back(line);
        }
        while said.last.len() > LAST_LINES {
            said.last.pop_front();
        }
    }
}

/// "Info : Listening on port 6666 for tcl connections"
fn tcl_port(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("Listening on port ")?;
    rest.strip_suffix(" for tcl connections")?.parse().ok()
}

fn has_ended(process: &Mutex<Child>) -> bool {
    let mut process = process.lock().unwrap_or_else(PoisonError::into_inner);
    process.try_wait().is_ok_and(|ended| ended.is_some())
}

fn kill(process: &Mutex<Child>) {
    let mut process = process.lock().unwrap_or_else(PoisonError::into_inner);
    // It may have ended.
    let _ = process.kill();
    let _ = process.wait();
}
