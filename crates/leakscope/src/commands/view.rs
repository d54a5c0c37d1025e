//! `leakscope view`: a recording in the browser.

use std::io::Write;

use leakscope_viewer::{Dump, Program, Server};

use crate::cli::View;
use crate::firmware;
use crate::recording::{self, OpenRecording};
use crate::screen::{self, Screen};

impl View {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let program = firmware::program(&self.symbols)?;
        let mut recording = OpenRecording::open(&self.trace.inputs)?;
        let server = match recording.dumps()? {
            Some(log) => {
                let name = recording.names().concat();
                Server::of_dump(Dump { name, log }, program, self.port)?
            }
            None => self.serve_trace(recording, program)?,
        };
        show(&server, self.no_open)?;
        server.run_until_interrupted()?;
        Ok(())
    }

    fn serve_trace(
        &self,
        mut recording: OpenRecording,
        program: Program,
    ) -> anyhow::Result<Server> {
        if !self.follow {
            recording.require_some_event()?;
        }
        let naming = recording::described(&self.description)?;
        let source = recording.viewed(self.follow);
        Ok(Server::new(source, program, naming, self.port)?)
    }
}

/// Prints where the page is, and opens it unless the user does not want that.
fn show(server: &Server, no_open: bool) -> anyhow::Result<()> {
    let mut screen = Screen::new();
    writeln!(screen.out, "{}", server.url())?;
    screen.out.flush()?;
    open(server, no_open);
    screen::note("the page stays until you press Ctrl-C");
    Ok(())
}

/// Opens the page unless the user does not want that.
pub(crate) fn open(server: &Server, no_open: bool) {
    if !no_open && !server.open_in_browser() {
        screen::note("no browser could be opened: open the address above");
    }
}
