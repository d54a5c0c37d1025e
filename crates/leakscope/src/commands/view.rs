//! `leakscope view`: a recording in the browser.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::bail;
use leakscope_viewer::{Server, open_in_browser};

use crate::cli::View;
use crate::firmware;
use crate::recording::{self, Recording};
use crate::screen::{self, Screen};
use crate::viewing::Viewed;

impl View {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let program = firmware::program(&self.symbols)?;
        let mut recording = Recording::open(&self.trace.inputs)?;
        if recording.dumps()?.is_some() {
            bail!("a heap dump has no events to look at; `leakscope report` reads it");
        }
        if !self.follow {
            recording.require_some_event()?;
        }
        let naming = recording::described(&self.description)?;
        let grows = Arc::new(AtomicBool::new(self.follow));
        let source = Viewed::growing(recording.into_inputs(), grows);
        let server = Server::new(Box::new(source), program, naming)?;
        show(&server, self.no_open)?;
        server.run_until_interrupted()?;
        Ok(())
    }
}

/// Prints where the page is, and opens it unless the user does not want that.
fn show(server: &Server, no_open: bool) -> anyhow::Result<()> {
    let mut screen = Screen::new();
    writeln!(screen.out, "{}", server.url())?;
    screen.out.flush()?;
    open(server, no_open);
    screen::note("the page is there until this is interrupted (Ctrl-C)");
    Ok(())
}

/// Opens the page unless the user does not want that.
pub(crate) fn open(server: &Server, no_open: bool) {
    if !no_open && !open_in_browser(&server.url()) {
        screen::note("no browser could be opened: the address above is the page's");
    }
}
