//! `leakscope view`: a recording in the browser.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use leakscope_export::{Format, Options, Output, Table};
use leakscope_viewer::{Download, Downloads, Dump, Program, Server};

use super::reading::{self, OF_RECORDINGS};
use crate::cli::{self, Export, View};
use crate::firmware;
use crate::image::NO_RECORDING;
use crate::project::program;
use crate::recording::{self, OpenRecording};
use crate::screen::{self, Advised, Screen};

impl View {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        if self.follow && self.trace.inputs.iter().any(|input| input == "-") {
            return Err(recording::cannot_follow("-", "it is read to its end first").into());
        }
        let mut recording = self.trace.open()?;
        if self.follow {
            recording.require_growing()?;
        }
        let symbols = program::completed(&self.symbols, &mut recording)?;
        let mut program = firmware::program(&symbols, self.heap_size)?;
        firmware::locate(program.symbols.as_mut(), &mut recording)?;
        let opened = match recording.dumps()? {
            Some(log) => {
                self.at_the_end.refuse(NO_RECORDING)?;
                reading::refuse_before(&self.before, OF_RECORDINGS)?;
                let name = recording.names().concat();
                if self.follow {
                    let why = "a heap dump is of one moment";
                    return Err(recording::cannot_follow(&name, why).into());
                }
                Server::of_dump(Dump { name, log }, program, self.port)
            }
            None => self.serve_trace(recording, program, &symbols)?,
        };
        let server = opened.map_err(|error| self.explained(error))?;
        show(&server, self.no_open)?;
        server.run_until_interrupted()?;
        Ok(())
    }

    fn serve_trace(
        &self,
        mut recording: OpenRecording,
        mut program: Program,
        symbols: &cli::Symbols,
    ) -> anyhow::Result<io::Result<Server>> {
        if self.follow {
            self.at_the_end
                .refuse("it is of the recording's end, which --follow waits for")?;
        } else {
            recording.require_some_event()?;
        }
        program.memory = self.at_the_end.beside(&mut recording, &program)?;
        program.heap_regions = self.bounds.said()?;
        program.before = reading::before(&self.before, &self.trace.unpacking, &self.symbols)?;
        let naming = recording::described(&self.description)?;
        let source = recording.viewed(self.follow);
        let formats = Formats(Export::of(&self.trace, symbols));
        let opened = Server::new(source, program, naming, self.port);
        Ok(opened.map(|server| server.offering(Arc::new(formats))))
    }

    /// What to do if the port that was asked for cannot be had.
    fn explained(&self, error: io::Error) -> anyhow::Error {
        match error.kind() {
            io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied if self.port != 0 => {
                let hint = "--port takes a number above 1023 that no other program uses; without it, a free one is taken";
                let message = error.to_string();
                Advised { message, hint }.into()
            }
            _ => error.into(),
        }
    }
}

/// What the page offers for download: what `leakscope export` writes of the same inputs.
struct Formats(Export);

impl Downloads for Formats {
    fn list(&self) -> Vec<Download> {
        let inputs = &self.0.inputs;
        // Standard input cannot be read again.
        let can_be_read = !inputs.iter().any(|input| input == "-");
        let stem = inputs
            .first()
            .and_then(|input| Path::new(input).file_stem());
        let stem = stem.unwrap_or_default().to_string_lossy();
        let files = files().filter(|_| can_be_read);
        let downloads = files.map(|(name, format, table)| Download {
            file: format!("{stem}.{name}"),
            name,
            purpose: table.map_or_else(|| format.purpose(), Table::purpose),
        });
        downloads.collect()
    }

    fn write(&self, name: &str, out: Box<dyn Write + Send>) -> io::Result<()> {
        let file = files().find(|(known, ..)| known == name);
        let (_, format, table) = file.ok_or(io::ErrorKind::NotFound)?;
        let options = Options {
            table: table.unwrap_or_default(),
            ..Options::default()
        };
        let written = self.0.read(|facts, selection| {
            Ok(format.begin(facts, selection, options, Output::plain(out))?)
        });
        written
            .map(drop)
            .map_err(|error| io::Error::other(format!("{error:#}")))
    }
}

/// All files that there can be, by what their names end with: one of each format, or one of each of its tables.
fn files() -> impl Iterator<Item = (String, Format, Option<Table>)> {
    Format::ALL.iter().flat_map(|&format| {
        let name = move |table: &Table| format!("{}.{}", table.name(), format.name());
        let tables = Table::ALL.iter().filter(move |_| format.is_table());
        let of_tables = tables.map(move |table| (name(table), format, Some(*table)));
        let alone = (!format.is_table()).then(|| (format.name().to_owned(), format, None));
        of_tables.chain(alone)
    })
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
