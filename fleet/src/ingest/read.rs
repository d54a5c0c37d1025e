//! From a file to a report: recordings, heap dumps in a console's log, saved reports; and lists of metrics.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use leakscope_analysis::Analysis;
use leakscope_analysis::dump::{self, Log};
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{Feed, HEAD, Layout, Step, Trace, Unwinder};
use leakscope_capture::{Input, OpenError};
use leakscope_report::program::{AllocatorFrames, check};
use leakscope_report::{Decorated, FrameSource, Policy, ProgramUnwinder, Report, Symbolizer, json};
use serde::Deserialize;
use thiserror::Error;

use super::elf_store::ElfStore;
use super::metadata::moment;
use super::uptime;
use crate::rows::Kind;

/// What a file holds.
#[derive(Debug)]
pub(super) enum Content {
    /// What happened to a heap.
    Heap {
        report: Box<Report>,
        kind: Kind,
        /// For how long the device had run, if the file says so.
        uptime_s: Option<f64>,
    },
    /// Moments in microseconds since 1970, names, values.
    Metrics(Vec<(Option<i64>, String, f64)>),
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
    /// A list of metrics cannot be understood.
    #[error("line {line}: {why}")]
    Metrics {
        /// From 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// What is said beside it cannot be understood.
    #[error("{0}")]
    Metadata(String),
    /// Reading it ended in a defect of leakscope.
    #[error("leakscope failed: {0}. This is a defect: please report it")]
    Defect(String),
}

/// How the name of a list of metrics ends: an object a line, `{"time": …, "key": …, "value": …}`.
const METRICS: &str = ".metrics.jsonl";

/// Reads the files of one recording. `elf_sha256` is what somebody says of its program, before it says so itself.
pub(super) fn read(
    files: &[PathBuf],
    elf_sha256: Option<&str>,
    store: &mut ElfStore,
) -> Result<Content, ReadError> {
    if let [file] = files
        && file.to_string_lossy().ends_with(METRICS)
    {
        return Ok(Content::Metrics(metrics(&fs::read(file)?)?));
    }
    let names: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let mut inputs = Inputs(leakscope_capture::open(&names, None)?);
    if let [input] = &mut inputs.0[..] {
        let head = input.head(HEAD)?;
        if dump::is_text(&head) {
            return read_text(&input.head(usize::MAX)?, &names, elf_sha256, store);
        }
    }
    read_trace(&mut inputs, &names, elf_sha256, store)
}

fn read_text(
    text: &[u8],
    names: &[String],
    elf_sha256: Option<&str>,
    store: &mut ElfStore,
) -> Result<Content, ReadError> {
    let log = Log::read(text);
    let Some(dump) = log.fullest() else {
        if !text.trim_ascii_start().starts_with(b"{") {
            return Err(ReadError::NoRecording);
        }
        let report = json::read(text)?;
        let kind = if report.trace.has_history {
            Kind::Trace
        } else {
            Kind::Dump
        };
        return Ok(Content::Heap {
            report: Box::new(report),
            kind,
            uptime_s: None,
        });
    };
    let told = log.program(dump).map(|program| program.elf_sha256.as_str());
    let symbols = elf_sha256.or(told).and_then(|digits| store.symbols(digits));
    let decorated = Decorated(&log);
    let source: Option<&dyn FrameSource> = match symbols {
        Some(symbols) => Some(symbols),
        None if log.decorations.is_empty() => None,
        None => Some(&decorated),
    };
    let mut outcome = log.outcome(&mut AllocatorFrames(source));
    say_program(&mut outcome, elf_sha256);
    if let Some(symbols) = symbols {
        check(symbols, &mut outcome);
    }
    let report = Report::new(
        &outcome,
        &mut Symbolizer::new(source),
        names,
        &Policy::default(),
    );
    Ok(Content::Heap {
        report: Box::new(report),
        kind: Kind::Dump,
        uptime_s: uptime::before(text, dump.offset),
    })
}

fn read_trace(
    inputs: &mut Inputs,
    names: &[String],
    elf_sha256: Option<&str>,
    store: &mut ElfStore,
) -> Result<Content, ReadError> {
    let heads: Vec<Vec<u8>> = inputs
        .0
        .iter_mut()
        .map(|input| input.head(HEAD))
        .collect::<io::Result<_>>()?;
    let heads: Vec<&[u8]> = heads.iter().map(Vec::as_slice).collect();
    let mut layout = Layout::of(&heads);
    let told = match elf_sha256 {
        Some(digits) => Some(digits.to_owned()),
        None if store.is_empty() => None,
        None => program_of(&layout, &heads),
    };
    let path = told.as_deref().and_then(|digits| store.path(digits));
    layout.unwinder = path
        .map(|path: &Path| Unwinder::new(ProgramUnwinder::new(path.to_owned())))
        .unwrap_or_default();
    let symbols = told.as_deref().and_then(|digits| store.symbols(digits));
    let mut analysis = Analysis::new(&layout, AllocatorFrames(symbols));
    analysis.run(inputs)?;
    let mut outcome = analysis.outcome();
    say_program(&mut outcome, elf_sha256);
    if let Some(symbols) = symbols {
        check(symbols, &mut outcome);
    }
    let source = symbols.map(|symbols| symbols as &dyn FrameSource);
    let report = Report::new(
        &outcome,
        &mut Symbolizer::new(source),
        names,
        &Policy::default(),
    );
    let is_foreign = report
        .problems
        .iter()
        .any(|problem| problem.code == "not-systemview");
    if report.totals.events == 0 || (is_foreign && report.totals.heap_events == 0) {
        return Err(ReadError::NoRecording);
    }
    Ok(Content::Heap {
        report: Box::new(report),
        kind: Kind::Trace,
        uptime_s: None,
    })
}

/// What somebody says of a program that says nothing itself.
fn say_program(outcome: &mut Outcome, elf_sha256: Option<&str>) {
    let told = outcome.target.elf_sha256.take();
    outcome.target.elf_sha256 = told.or_else(|| elf_sha256.map(str::to_owned));
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

fn metrics(text: &[u8]) -> Result<Vec<(Option<i64>, String, f64)>, ReadError> {
    #[derive(Deserialize)]
    struct Line {
        time: Option<String>,
        key: String,
        value: f64,
    }
    let lines = text.split(|&byte| byte == b'\n').zip(1..);
    let lines = lines.filter(|(line, _)| !line.trim_ascii().is_empty());
    let read = lines.map(|(text, line)| {
        let bad = |why| ReadError::Metrics { line, why };
        let read: Line = serde_json::from_slice(text).map_err(|error| bad(error.to_string()))?;
        let time = read.time.as_deref().map(moment).transpose().map_err(bad)?;
        Ok((time, read.key, read.value))
    });
    read.collect()
}

/// The open files of one recording.
struct Inputs(Vec<Input>);

impl Feed for Inputs {
    type Error = io::Error;

    fn read_at(&mut self, input: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0[input].read_at(offset, buffer)
    }
}
