//! The recording in the browser, while it is being made.

use std::future;
use std::thread::{self, JoinHandle};

use anyhow::bail;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::Counts;
use leakscope_capture::Interrupt;
use leakscope_report::Report;
use leakscope_report::naming::Naming;
use leakscope_viewer::{Engine, EngineThread, Reading, Server};

use super::live::{Line, Reader};
use super::queue::Sender;
use crate::cli::Record;
use crate::commands::view;
use crate::recording::OpenRecording;
use crate::{firmware, screen};

/// A page that follows the recording.
pub(super) struct Page {
    server: JoinHandle<()>,
    engine: EngineThread,
}

impl Page {
    /// Opens the page. Log messages are sent to `log`, if they are wanted.
    pub(super) fn open(
        record: &Record,
        recording: OpenRecording,
        log: Option<Sender<Line>>,
    ) -> anyhow::Result<Self> {
        let program = firmware::program(&record.symbols, record.heap_size)?;
        let server = Server::new(Box::new(recording), program, Naming::default(), 0)?;
        let engine = server.engine();
        if let Some(log) = log {
            // Before anything is recorded.
            engine.ask(move |engine| engine.send_log(move |row| log.offer(Line::Row(row))))?;
        }
        screen::note(&format!("the page is at {}", server.url()));
        view::open(&server, record.no_open);
        let server = thread::Builder::new()
            .name("page".to_owned())
            .spawn(move || {
                if let Err(error) = server.run_until(future::pending()) {
                    screen::complain(&error.into());
                }
            })?;
        Ok(Self { server, engine })
    }

    /// What reads the recording for the page, and for the command too.
    pub(super) fn reader(&self) -> EngineThread {
        self.engine.clone()
    }

    /// The page stays until the user interrupts the program; if recording has failed, only if there is something to look at.
    pub(super) fn stay(self, failed: Option<&anyhow::Error>, interrupt: &Interrupt) {
        if let Some(error) = failed {
            if asked(&self.engine, |engine| engine.events() == 0) {
                return;
            }
            // Else it would be said only when the page has gone.
            screen::complain(error);
        }
        // Recording has ended, if not by Ctrl-C: from now on, one is enough.
        interrupt.want();
        screen::note("the page stays until you press Ctrl-C");
        // A server that has failed has said why.
        let _ = self.server.join();
    }
}

impl Reader for EngineThread {
    fn read(&mut self) -> anyhow::Result<(bool, Counts)> {
        let (reading, counts) = asked(self, |engine| (engine.read().clone(), engine.counts()));
        match reading {
            Reading::Failed(why) => bail!("{why}"),
            reading => Ok((reading == Reading::Reading, counts)),
        }
    }

    fn report(&mut self) -> Report {
        asked(self, |engine| engine.report().clone())
    }

    fn outcome_if_over(&mut self) -> Outcome {
        asked(self, |engine| engine.outcome_if_over())
    }

    fn head(&mut self) -> Vec<u8> {
        asked(self, |engine| engine.head().unwrap_or_default())
    }
}

fn asked<T: Send + 'static>(
    engine: &EngineThread,
    act: impl FnOnce(&mut Engine<'_>) -> T + Send + 'static,
) -> T {
    engine.ask(act).expect("the engine does not panic")
}
