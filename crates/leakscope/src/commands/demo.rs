//! `leakscope demo`: a program with a known fault, recorded and reported on.

use std::fs::File;
use std::io::{self, IsTerminal, PipeReader, Read, Write};
use std::path::Path;
use std::thread;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use leakscope_analysis::Analysis;
use leakscope_analysis::dump::Log;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{Feed, Layout};
use leakscope_report::{FrameSource, Report, Symbolizer, text};
use leakscope_symbols::Symbols;

use crate::cli::{Demo, DemoMode};
use crate::demo::{program, recorder, stack};
use crate::firmware::{self, AllocatorFrames};
use crate::output;
use crate::screen::{self, Screen};
use crate::shell;

impl Demo {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let symbols = own_symbols();
        let mut screen = Screen::new();
        self.introduce(&mut screen.out)?;
        let mut outcome = match self.mode {
            DemoMode::Streamed => self.record_stream(symbols.as_ref())?,
            DemoMode::Standalone => self.keep_records(symbols.as_ref())?,
        };
        if let Some(symbols) = &symbols {
            firmware::check(symbols, &mut outcome);
        }
        let source = symbols.as_ref().map(|symbols| symbols as &dyn FrameSource);
        let options = screen.text_options();
        let mut symbolizer = Symbolizer::new(source);
        let report = Report::new(&outcome, &mut symbolizer, &[]);
        text::write(&mut screen.out, &report, &options)?;
        self.conclude(&mut screen.out, symbols.is_some())?;
        screen.out.flush()?;
        Ok(())
    }

    fn introduce(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "Three pairs of tasks pass blocks of memory from `alloc N` to `free N`, on threads of this \
             computer,\nrecorded by leakscope's recorder. Their clock is simulated: ten seconds pass at once.\n\
             The fault: {}.\n",
            self.fault.sentence()
        )
    }

    /// Runs the program, and reads its packets from a pipe while it runs.
    fn record_stream(&self, symbols: Option<&Symbols>) -> anyhow::Result<Outcome> {
        let (reader, writer) = io::pipe().context("the system gives no pipe")?;
        let file = self.create()?;
        let mut analysis = Analysis::new(&Layout::of(&[&[]]), AllocatorFrames(symbols));
        recorder::stream_into(writer);
        let fault = self.fault;
        let loaded_at = loaded_at(symbols);
        thread::scope(|threads| {
            threads.spawn(move || program::run(fault, loaded_at));
            let mut pipe = SavedPipe {
                demo: self,
                reader,
                file,
                progress: progress(),
            };
            analysis.run(&mut pipe)?;
            pipe.progress.finish_and_clear();
            Ok(analysis.outcome())
        })
    }

    /// Runs the program, and reads what it prints at its end.
    fn keep_records(&self, symbols: Option<&Symbols>) -> anyhow::Result<Outcome> {
        let mut file = self.create()?;
        recorder::keep_records();
        program::run(self.fault, loaded_at(symbols));
        let console = recorder::console();
        self.save(&mut file, console.as_bytes())?;
        Ok(Log::read(console.as_bytes()).outcome(&mut AllocatorFrames(symbols)))
    }

    fn create(&self) -> anyhow::Result<File> {
        // Its own file, demo may make as often as it is run.
        let force = self.force || self.output.is_none();
        output::create(self.output(), force)
    }

    fn save(&self, file: &mut File, bytes: &[u8]) -> anyhow::Result<()> {
        let cannot = || format!("`{}` cannot be written", self.output().display());
        file.write_all(bytes).with_context(cannot)
    }

    fn output(&self) -> &Path {
        self.output.as_deref().unwrap_or_else(|| match self.mode {
            DemoMode::Streamed => Path::new("leakscope-demo.svdat"),
            DemoMode::Standalone => Path::new("leakscope-demo.log"),
        })
    }

    /// What can be done next.
    fn conclude(&self, out: &mut impl Write, has_symbols: bool) -> io::Result<()> {
        let saved = shell::quoted(&self.output().to_string_lossy());
        let typed = std::env::args().next().unwrap_or_default();
        let program = shell::quoted(&typed);
        let elf = match std::env::current_exe() {
            _ if !has_symbols => String::new(),
            // As it was typed, if that is a path.
            _ if Path::new(&typed).components().count() > 1 => format!(" --elf {program}"),
            Ok(path) => format!(" --elf {}", shell::quoted(&path.to_string_lossy())),
            Err(_) => String::new(),
        };
        writeln!(out)?;
        writeln!(out, "Saved         {saved}")?;
        writeln!(out, "Look again    {program} report {saved}{elf}")?;
        writeln!(out, "In a browser  {program} view {saved}{elf}")?;
        writeln!(out, "Your board    {program} record --help")
    }
}

/// What a program sends through a pipe, which is saved as it is read.
struct SavedPipe<'d> {
    demo: &'d Demo,
    reader: PipeReader,
    file: File,
    progress: ProgressBar,
}

impl Feed for SavedPipe<'_> {
    type Error = anyhow::Error;

    fn read_at(&mut self, _: usize, _: u64, buffer: &mut [u8]) -> anyhow::Result<usize> {
        let count = self
            .reader
            .read(buffer)
            .context("the pipe cannot be read")?;
        // The disk has them before anything can go wrong with reading them.
        self.demo.save(&mut self.file, &buffer[..count])?;
        self.progress.inc(count as u64);
        Ok(count)
    }
}

/// Shows that something is being read, if somebody looks.
fn progress() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} recording {bytes}");
    ProgressBar::new_spinner()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

/// The functions and lines of this very program, where it is an ELF file and was not stripped.
fn own_symbols() -> Option<Symbols> {
    let opened = std::env::current_exe()
        .map_err(leakscope_symbols::OpenError::from)
        .and_then(|path| Symbols::open(&path));
    match opened {
        Ok(symbols) if symbols.symbol(stack::LANDMARK).is_some() => Some(symbols),
        Ok(_) => {
            screen::note("this program was stripped of its symbols: stacks are shown as addresses");
            None
        }
        Err(why) => {
            screen::note(&format!(
                "stacks are shown as addresses, as far as they can be walked: this program is no ELF file with \
                 symbols ({why})"
            ));
            None
        }
    }
}

/// How far above the addresses in its file this program was loaded; 0 if it cannot be known.
fn loaded_at(symbols: Option<&Symbols>) -> usize {
    let landmark = symbols.and_then(|symbols| symbols.symbol(stack::LANDMARK));
    landmark.map_or(0, |landmark| stack::loaded_at(landmark.address))
}
