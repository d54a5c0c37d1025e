//! The local web server.
//!
//! It listens on the loopback interface only, on a port of the system's choice, below a path that nobody can
//! guess, and answers only requests that are addressed to it (`Host`), so that no page from elsewhere can
//! ask it anything, for any address that its name resolves to.

mod connections;
mod door;
mod download;
mod guard;
mod live;
mod routes;
mod worker;

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use leakscope_report::naming::Naming;
use tokio::net::TcpListener;

use crate::dump::Dump;
use crate::engine::Program;
use crate::source::TraceInputs;
use door::Door;
use download::Nothing;
pub use download::{Download, Downloads};
use guard::Guard;
pub use worker::EngineThread;
use worker::Worker;

/// What is looked at.
enum Subject {
    Trace(Box<dyn TraceInputs>, Naming),
    Dump(Dump),
}

/// A trace that can be looked at in a browser.
pub struct Server {
    listener: std::net::TcpListener,
    guard: Guard,
    worker: Worker,
    downloads: Arc<dyn Downloads>,
}

impl Server {
    /// Begins to read the trace, and to listen at this port of the loopback interface (0: one that is free).
    ///
    /// # Errors
    /// Those of reading the heads of the inputs, of opening the port, and of asking the system for randomness.
    pub fn new(
        source: Box<dyn TraceInputs>,
        program: Program,
        naming: Naming,
        port: u16,
    ) -> io::Result<Self> {
        Self::of(Subject::Trace(source, naming), program, port)
    }

    /// Listens at this port, for a heap dump in place of a trace.
    ///
    /// # Errors
    /// Those of opening the port, and of asking the system for randomness.
    pub fn of_dump(dump: Dump, program: Program, port: u16) -> io::Result<Self> {
        Self::of(Subject::Dump(dump), program, port)
    }

    fn of(subject: Subject, program: Program, port: u16) -> io::Result<Self> {
        let listener = listen(port)?;
        let guard = Guard::new(listener.local_addr()?)?;
        Ok(Self {
            listener,
            guard,
            worker: Worker::start(subject, program)?,
            downloads: Arc::new(Nothing),
        })
    }

    /// Offers the recording in other formats.
    #[must_use]
    pub fn offering(self, downloads: Arc<dyn Downloads>) -> Self {
        Self { downloads, ..self }
    }

    /// Opens the page in the user's browser, without telling other users of this machine where it is; whether there
    /// was a browser to ask.
    pub fn open_in_browser(&self) -> bool {
        Door::to(&self.url()).is_ok_and(|door| self.guard.open(door))
    }

    /// What to open in a browser. A program that knows it can read the trace.
    pub fn url(&self) -> String {
        self.guard.url()
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The engine that answers the page's questions.
    pub fn engine(&self) -> EngineThread {
        self.worker.engine().clone()
    }

    /// Answers until `end` comes to its end.
    ///
    /// # Errors
    /// Those of the system.
    pub fn run_until(self, end: impl Future<Output = ()>) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let listener = TcpListener::from_std(self.listener)?;
            let routes = routes::all(self.guard, &self.worker, self.downloads);
            // An open page listens for news and never hangs up: who is connected when the end comes is cut off.
            tokio::select! {
                never = connections::serve(&listener, &routes) => match never {},
                () = end => Ok(()),
            }
        })
    }

    /// Answers until the user interrupts it (Ctrl-C).
    ///
    /// # Errors
    /// Those of the system.
    pub fn run_until_interrupted(self) -> io::Result<()> {
        self.run_until(interrupted())
    }
}

/// Ctrl-C, or what else asks a program to end: what it has left behind is to be removed.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut asked) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = asked.recv() => return,
                Ok(()) = tokio::signal::ctrl_c() => return,
            }
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn listen(port: u16) -> io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
        io::Error::new(error.kind(), format!("port {port} cannot be used: {error}"))
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
