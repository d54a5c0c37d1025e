//! From a file to a report: recordings, heap dumps in a console's log, saved reports; and lists of metrics.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::path::PathBuf;

use leakscope_analysis::Analysis;
use leakscope_analysis::dump::{self, Log};
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{Feed, HEAD, Layout, Step, Trace, Unwinder};
use leakscope_capture::{Input, OpenError};
use leakscope_report::program::{AllocatorFrames, check};
use leakscope_report::{Decorated, FrameSource, ProgramUnwinder, Report, Symbolizer, json};
use leakscope_symbols::Symbols;
use thiserror::Error;

use super::elf_store::ElfStore;
use super::metrics::{self, Metric};
use super::uptime;
use crate::rows::Kind;

/// What a file holds.
#[derive(Debug)]
pub(super) enum Content {
    /// What happened to a heap.
    Heap(Box<Report>),
    /// The same, as one moment; and for how long the device had run then, if the file says so.
    Dump(Box<Report>, Option<f64>),
    /// What services collect.
    Metrics(Vec<Metric>),
}

impl Content {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Heap(report) if report.trace.has_history => Kind::Trace,
            Self::Heap(_) | Self::Dump(..) => Kind::Dump,
            Self::Metrics(_) => Kind::Metrics,
        }
    }

    pub(super) fn report(&self) -> Option<&Report> {
        match self {
            Self::Heap(report) | Self::Dump(report, _) => Some(report),
            Self::Metrics(_) => None,
        }
    }
}

/// Why there is nothing to be had from a file.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be read on.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It begins as a saved report does.
    #[error(transparent)]
    Report(#[from] json::ReadError),
    /// It holds nothing about a heap, and does not begin as a recording does.
    #[error("it is neither a recording, nor a log with a heap dump, nor a saved report")]
    NoRecording,
    /// What it says, or what is said beside it, cannot be understood.
    #[error("{0}")]
    Words(String),
    /// Reading it ended in a defect of leakscope.
    #[error("leakscope failed: {0}. This is a defect: please report it")]
    Defect(String),
}

/// The files of one recording, and what somebody says of its program before it says so itself.
pub(super) struct Reading<'r> {
    pub(super) files: &'r [PathBuf],
    pub(super) elf_sha256: Option<&'r str>,
    pub(super) store: &'r mut ElfStore,
}

impl Reading<'_> {
    pub(super) fn read(self) -> Result<Content, ReadError> {
        let names = self.files.iter().map(|file| file.display().to_string());
        let names: Vec<String> = names.collect();
        if let [name] = &names[..]
            && name.ends_with(metrics::ENDING)
        {
            let list = metrics::read(&fs::read(name)?).map_err(ReadError::Words)?;
            return Ok(Content::Metrics(list));
        }
        let mut inputs = Inputs(leakscope_capture::open(&names, None)?);
        if let [input] = &mut inputs.0[..]
            && dump::is_text(&input.head(HEAD)?)
        {
            return self.text(&input.head(usize::MAX)?, &names);
        }
        self.trace(&mut inputs, &names)
    }

    fn text(self, text: &[u8], names: &[String]) -> Result<Content, ReadError> {
        let log = Log::read(text);
        let Some(dump) = log.fullest() else {
            if !text.trim_ascii_start().starts_with(b"{") {
                return Err(ReadError::NoRecording);
            }
            return Ok(Content::Heap(Box::new(json::read(text)?)));
        };
        let told = log.program(dump).map(|program| program.elf_sha256.as_str());
        let digits = self.elf_sha256.or(told);
        let symbols = digits.and_then(|digits| self.store.symbols(digits));
        let decorated = Decorated(&log);
        let source: Option<&dyn FrameSource> = match symbols {
            Some(symbols) => Some(symbols),
            None if log.decorations.is_empty() => None,
            None => Some(&decorated),
        };
        let outcome = log.outcome(&mut AllocatorFrames(source));
        let report = report(outcome, self.elf_sha256, symbols, source, names);
        Ok(Content::Dump(
            Box::new(report),
            uptime::before(text, dump.offset),
        ))
    }

    fn trace(self, inputs: &mut Inputs, names: &[String]) -> Result<Content, ReadError> {
        let heads = inputs.0.iter_mut().map(|input| input.head(HEAD));
        let heads: Vec<Vec<u8>> = heads.collect::<io::Result<_>>()?;
        let heads: Vec<&[u8]> = heads.iter().map(Vec::as_slice).collect();
        let mut layout = Layout::of(&heads);
        layout.cut_inputs = leakscope_capture::cut(&inputs.0);
        let told = match self.elf_sha256 {
            Some(digits) => Some(digits.to_owned()),
            None if self.store.is_empty() => None,
            None => program_of(&layout, &heads),
        };
        let path = told.as_deref().and_then(|digits| self.store.path(digits));
        layout.unwinder = path
            .map(|path| Unwinder::new(ProgramUnwinder::new(path.to_owned())))
            .unwrap_or_default();
        let symbols = told
            .as_deref()
            .and_then(|digits| self.store.symbols(digits));
        let mut analysis = Analysis::new(&layout, AllocatorFrames(symbols));
        analysis.run(inputs)?;
        let source = symbols.map(|symbols| symbols as &dyn FrameSource);
        let report = report(analysis.outcome(), self.elf_sha256, symbols, source, names);
        let mut problems = report.problems.iter();
        let is_foreign = problems.any(|problem| problem.code == "not-systemview");
        if report.totals.events == 0 || (is_foreign && report.totals.heap_events == 0) {
            return Err(ReadError::NoRecording);
        }
        Ok(Content::Heap(Box::new(report)))
    }
}

/// In words; what somebody says of a program that says nothing itself is taken for true.
fn report(
    mut outcome: Outcome,
    elf_sha256: Option<&str>,
    symbols: Option<&Symbols>,
    source: Option<&dyn FrameSource>,
    names: &[String],
) -> Report {
    let told = outcome.target.elf_sha256.take();
    outcome.target.elf_sha256 = told.or_else(|| elf_sha256.map(str::to_owned));
    if let Some(symbols) = symbols {
        check(symbols, &mut outcome);
    }
    let mut symbolizer = Symbolizer::new(source);
    Report::new(&outcome, &mut symbolizer, names)
}

/// The program that a recording tells of in its first bytes.
fn program_of(layout: &Layout, heads: &[&[u8]]) -> Option<String> {
    /// A device tells of itself when recording begins.
    const EVENTS: usize = 500;
    let mut trace = Trace::new(layout);
    for _ in 0..EVENTS {
        let Ok::<_, Infallible>(Step::Event(..)) = trace.step(heads) else {
            break;
        };
    }
    trace.target().elf_sha256
}

/// The open files of one recording.
struct Inputs(Vec<Input>);

impl Feed for Inputs {
    type Error = io::Error;

    fn read_at(&mut self, input: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0[input].read_at(offset, buffer)
    }
}
