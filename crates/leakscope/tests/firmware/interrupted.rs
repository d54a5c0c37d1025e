//! Recordings through Espressif's OpenOCD that something comes between: a reset, an OpenOCD or a connection that goes
//! away.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use crate::openocd::{Chip, LIMIT, OpenOcd};
use crate::record::{self, By, Recorded};

/// How much has been recorded by then.
const BEFORE: u64 = 2_000;

/// What comes between.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// Somebody else has OpenOCD reset the chip.
    Reset,
    /// OpenOCD crashes, and is started again.
    Restart,
    /// The connection to OpenOCD is lost, and OpenOCD is not.
    Disconnection,
    /// OpenOCD crashes for good, and the user gives up.
    Death,
}

impl Interruption {
    pub(crate) const ALL: [Self; 4] =
        [Self::Reset, Self::Restart, Self::Disconnection, Self::Death];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Restart => "restart",
            Self::Disconnection => "disconnection",
            Self::Death => "death",
        }
    }

    /// The ending of the name of the expectation.
    pub(crate) fn expectation(self) -> &'static str {
        match self {
            Self::Reset | Self::Restart => ".interrupted",
            // Nothing is missing.
            Self::Disconnection => "",
            Self::Death => ".ended",
        }
    }

    /// What must be said.
    fn words(self) -> &'static str {
        match self {
            Self::Reset => "the device was reset: a new session begins",
            Self::Restart => "the trace is marked there",
            Self::Disconnection => "nothing is missing",
            Self::Death => "the link is lost",
        }
    }
}

/// Records until the program has come to its end, with an interruption.
pub(crate) fn record(
    interruption: Interruption,
    by: By,
    elf: &Path,
    folder: &Path,
) -> Result<Recorded, Failed> {
    let mut openocd = OpenOcd::start(elf, folder, Chip::Esp32C3)?;
    let (option, service) = match by {
        By::Tcl => ("--openocd", "tcl"),
        By::Gdb | By::Gdbinit => ("--gdb", "gdb"),
    };
    let line = Line::to(openocd.port(service)?)?;
    let endpoint = format!("127.0.0.1:{}", line.port);
    let arguments = ["record", "--reset", option, &endpoint];
    let mut recorder = record::start(record::leakscope(folder, elf, &arguments))?;
    let messages = Messages::of(&mut recorder)?;
    let trace = folder.join("trace.svdat");
    let end = Instant::now() + Duration::from_secs(LIMIT);
    while fs::metadata(&trace).map_or(0, |file| file.len()) < BEFORE && Instant::now() < end {
        thread::yield_now();
    }
    match interruption {
        Interruption::Reset => openocd.command("reset run")?,
        Interruption::Restart => {
            openocd.kill_and_restart()?;
        }
        Interruption::Disconnection => line.cut(),
        Interruption::Death => {
            openocd.kill()?;
            messages.wait_for("the link is lost")?;
            let id = recorder.id().to_string();
            Command::new("kill").args(["-INT", &id]).status()?;
        }
    }
    let recorded = record::finish(folder, recorder).map_err(|error| {
        let said = messages.so_far();
        Failed::from(format!("{}\n{said}", error.message().unwrap_or_default()))
    })?;
    messages.wait_for(interruption.words())?;
    let has_mark = recorded
        .bytes
        .windows(512)
        .any(|bytes| bytes == [0xFF; 512]);
    if has_mark != (interruption == Interruption::Restart) {
        return Err(format!("a mark: {has_mark}").into());
    }
    if interruption != Interruption::Death {
        openocd.end()?;
    }
    Ok(recorded)
}

/// What a recorder says.
struct Messages(Arc<Mutex<(String, bool)>>);

impl Messages {
    fn of(recorder: &mut Child) -> Result<Self, Failed> {
        let stderr: ChildStderr = recorder.stderr.take().ok_or("it has no standard error")?;
        let said = Arc::new(Mutex::new((String::new(), false)));
        let heard = Arc::clone(&said);
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                heard.0 += &line;
                heard.0.push('\n');
            }
            heard.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        });
        Ok(Self(said))
    }

    fn so_far(&self) -> String {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .0
            .clone()
    }

    fn wait_for(&self, words: &str) -> Result<(), Failed> {
        loop {
            let (said, is_all) = self
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            if said.contains(words) {
                return Ok(());
            }
            if is_all {
                return Err(format!("“{words}” was not said:\n{said}").into());
            }
            thread::yield_now();
        }
    }
}

/// A way to a server that can be cut.
struct Line {
    port: u16,
    /// Both ends of all connections.
    connections: Arc<Mutex<Vec<TcpStream>>>,
}

impl Line {
    fn to(server: u16) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let connections = Arc::new(Mutex::new(Vec::new()));
        let made = Arc::clone(&connections);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // If nobody is there, the client learns that by the end of its connection.
                if let Ok(server) = TcpStream::connect(("127.0.0.1", server)) {
                    let _ = carry(&client, &server);
                    let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
                    made.extend([client, server]);
                }
            }
        });
        Ok(Self { port, connections })
    }

    fn cut(&self) {
        let mut connections = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for connection in connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

/// Copies both ways, until one side ends.
fn carry(client: &TcpStream, server: &TcpStream) -> io::Result<()> {
    for (from, to) in [(client, server), (server, client)] {
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}
