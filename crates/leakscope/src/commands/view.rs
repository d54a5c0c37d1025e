//! `leakscope view`: a recording in the browser.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use leakscope_analysis::trace::HEAD;
use leakscope_systemview::Header;
use leakscope_viewer::{Server, open_in_browser};

use crate::cli::View;
use crate::firmware;
use crate::recording::{self, Recording};
use crate::screen::{self, Screen};
use crate::viewing::Viewed;

impl View {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let program = firmware::program(&self.symbols)?;
        if self.follow {
            self.wait_for_data()?;
        }
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

impl View {
    /// A recording that was just begun may not even have its header yet.
    fn wait_for_data(&self) -> anyhow::Result<()> {
        const PAUSE: Duration = Duration::from_millis(100);
        for name in &self.trace.inputs {
            loop {
                let mut head = Vec::new();
                let file =
                    File::open(name).with_context(|| format!("`{name}` cannot be opened"))?;
                file.take(HEAD as u64).read_to_end(&mut head)?;
                if Header::parse(&head).data < head.len() {
                    break;
                }
                thread::sleep(PAUSE);
            }
        }
        Ok(())
    }
}

/// Prints where the page is, and opens it unless the user does not want that.
pub(crate) fn show(server: &Server, no_open: bool) -> anyhow::Result<()> {
    let url = server.url();
    let mut screen = Screen::new();
    writeln!(screen.out, "{url}")?;
    screen.out.flush()?;
    if !no_open && !open_in_browser(&url) {
        screen::note("no browser could be opened: the address above is the page's");
    }
    screen::note("the page is there until this is interrupted (Ctrl-C)");
    Ok(())
}
