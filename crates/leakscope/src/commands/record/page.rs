//! The recording in the browser, while it is being made.

use std::future;
use std::thread::{self, JoinHandle};

use leakscope_report::naming::Naming;
use leakscope_viewer::Server;

use crate::cli::Record;
use crate::commands::view;
use crate::recording::OpenRecording;
use crate::{firmware, screen};

/// A page that follows the recording.
pub(super) struct Page(JoinHandle<()>);

impl Page {
    /// Opens the page, if the user wants one.
    pub(super) fn open(record: &Record, recording: OpenRecording) -> anyhow::Result<Option<Self>> {
        if !record.view {
            return Ok(None);
        }
        let program = firmware::program(&record.symbols, None)?;
        let server = Server::new(Box::new(recording), program, Naming::default(), 0)?;
        screen::note(&format!("the page is at {}", server.url()));
        view::open(&server, record.no_open);
        let server = thread::Builder::new()
            .name("page".to_owned())
            .spawn(move || {
                if let Err(error) = server.run_until(future::pending()) {
                    screen::complain(&error.into());
                }
            })?;
        Ok(Some(Self(server)))
    }

    /// The page stays until the user interrupts the program.
    pub(super) fn stay(self) {
        screen::note("the page stays until you press Ctrl-C");
        // A server that has failed has said why.
        let _ = self.0.join();
    }
}
