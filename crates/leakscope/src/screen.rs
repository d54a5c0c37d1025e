//! Where output goes: standard output for data, standard error for everything else.

use std::fmt;
use std::io::{self, BufWriter, StdoutLock, Write};

use anstream::{AutoStream, ColorChoice};
use leakscope_capture::recording::CreateError;
use leakscope_capture::source::SourceError;
use leakscope_report::sanitise;
use leakscope_report::text::TextOptions;
use leakscope_symbols::SourceRootError;

use crate::cli::Lists;
use crate::no_events::NoEvents;

/// Standard output, and what it can show.
pub(crate) struct Screen {
    pub(crate) out: BufWriter<StdoutLock<'static>>,
    pub(crate) width: usize,
    pub(crate) colour: bool,
}

impl Screen {
    /// What is written into a file or a pipe is as wide as this.
    const FILE_WIDTH: usize = 100;

    pub(crate) fn new() -> Self {
        let stdout = io::stdout();
        let colour = AutoStream::choice(&stdout) != ColorChoice::Never;
        let terminal = terminal_size::terminal_size_of(&stdout);
        let width = terminal
            .map(|(width, _)| usize::from(width.0))
            .or_else(columns)
            .unwrap_or(Self::FILE_WIDTH);
        Self {
            out: BufWriter::with_capacity(64 * 1024, stdout.lock()),
            width,
            colour,
        }
    }

    /// How a text looks here.
    pub(crate) fn text_options(&self) -> TextOptions {
        TextOptions {
            width: self.width,
            colour: self.colour,
            ..TextOptions::default()
        }
    }

    /// The same, with as much of lists as the user wants.
    pub(crate) fn options_for(&self, lists: &Lists) -> TextOptions {
        TextOptions {
            top: lists.top,
            all: lists.all,
            ..self.text_options()
        }
    }
}

/// The width that the user's environment asks for, where there is no terminal.
fn columns() -> Option<usize> {
    /// Less is no page.
    const NARROWEST: usize = 40;
    let columns = std::env::var("COLUMNS").ok()?.parse().ok()?;
    (columns >= NARROWEST).then_some(columns)
}

/// What went wrong, and what can be done about it, where no other error type has both.
#[derive(Debug)]
pub(crate) struct Advised {
    pub(crate) message: String,
    pub(crate) hint: &'static str,
}

impl std::error::Error for Advised {}

impl fmt::Display for Advised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Says on standard error what went wrong, and what can be done about it.
pub(crate) fn complain(error: &anyhow::Error) {
    let _ = writeln!(
        anstream::stderr(),
        "error: {}",
        sanitise(&in_one_line(error))
    );
    if let Some(advice) = advice(error) {
        hint(advice);
    }
}

/// The error and its causes, but for those that it has said itself.
fn in_one_line(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |said, cause| {
        let cause = cause.to_string();
        if said.is_empty() {
            cause
        } else if said.ends_with(&cause) {
            said
        } else {
            format!("{said}: {cause}")
        }
    })
}

/// Says something on standard error that is no error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(anstream::stderr(), "note: {}", sanitise(text));
}

/// Says on standard error what can be done.
pub(crate) fn hint(text: &str) {
    let _ = writeln!(anstream::stderr(), "hint: {}", sanitise(text));
}

fn advice(error: &anyhow::Error) -> Option<&str> {
    error.chain().find_map(|cause| {
        if let Some(error) = cause.downcast_ref::<SourceError>() {
            return error.hint();
        }
        if let Some(error) = cause.downcast_ref::<CreateError>() {
            return error.hint();
        }
        if let Some(error) = cause.downcast_ref::<leakscope_capture::OpenError>() {
            return error.hint();
        }
        if let Some(error) = cause.downcast_ref::<leakscope_symbols::OpenError>() {
            return Some(error.hint());
        }
        if let Some(error) = cause.downcast_ref::<NoEvents>() {
            return Some(error.hint());
        }
        if let Some(error) = cause.downcast_ref::<Advised>() {
            return Some(error.hint);
        }
        let error = cause.downcast_ref::<SourceRootError>()?;
        Some(error.hint())
    })
}

/// The reader of our output has seen enough.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
