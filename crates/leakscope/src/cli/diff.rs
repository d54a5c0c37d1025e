//! What can be asked of `diff`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{ReportFormat, Symbols, Unpacking, quantity};

const EXAMPLES: &str = "\
Examples:
  leakscope diff old.svdat new.svdat --before-elf old.elf --elf new.elf
  leakscope diff old-*.json --against new-*.json       several recordings a side
  leakscope diff heap.svdat --at 10s --at 60s          two moments of one recording
  leakscope diff monitor.log                           the first and the last heap dump of one log

Exit codes: 0 the answer was given; 2 wrong usage or no readable input; with --fail-on also 1 it is
worse, and 3 that cannot be told.";

/// Say what is different between two recordings: which call sites leak that did not, grow faster, or are mended.
///
/// Call sites are recognised by the names of their functions, so that builds may differ. Growth is compared per cycle or
/// second, never as bytes of recordings of different length, and a difference is called one only if chance does not
/// explain it. Heap dumps have no history: of these, what was outstanding is compared.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Diff {
    /// BEFORE and AFTER: recordings, heap dumps, or reports saved as JSON. With --against, all of these are before; with
    /// --at, one recording; one log with several heap dumps may stand alone.
    #[arg(required = true, value_name = "TRACE")]
    pub(crate) inputs: Vec<String>,
    /// The recordings after the change, where there are several a side.
    #[arg(long, value_name = "TRACE", num_args = 1.., conflicts_with = "at")]
    pub(crate) against: Vec<String>,
    /// Compare what was outstanding at these moments of one recording, in order: 10 (seconds since it began), 2min.
    #[arg(long, value_name = "TIME", value_parser = quantity::time)]
    pub(crate) at: Vec<Duration>,
    #[command(flatten)]
    pub(crate) unpacking: Unpacking,
    #[command(flatten)]
    pub(crate) symbols: Symbols,
    /// The ELF file that was running before the change, if it was another.
    #[arg(long, value_name = "FILE", conflicts_with = "at")]
    pub(crate) before_elf: Option<PathBuf>,
    /// What growth is measured by [default: cycles if all have them, or else seconds].
    #[arg(long, value_enum, value_name = "UNIT", conflicts_with = "at")]
    pub(crate) per: Option<Unit>,
    /// A log message that contains this text begins a cycle.
    #[arg(long, value_name = "TEXT", conflicts_with = "at")]
    pub(crate) cycle: Option<String>,
    /// End with exit code 1 if a leak is new (`new`), or if one is new or worse (`worse`); with 3 if that cannot be told. Of
    /// dumps and moments, what leaks is not known: new is what was not there before, worse is more.
    #[arg(long, value_enum, value_name = "STATUS")]
    pub(crate) fail_on: Option<FailOn>,
    /// Text for people, or one JSON document (schema: docs/diff-json.md).
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
    /// Call sites shown.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) top: usize,
    /// Show all call sites, those too at which nothing is different, and whole stacks.
    #[arg(long)]
    pub(crate) all: bool,
    /// Write a page with a differential flame graph into this file instead. `-` is standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Overwrite the file of --html if it exists.
    #[arg(long, requires = "html")]
    pub(crate) force: bool,
}

/// What growth is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unit {
    /// Seconds that were watched.
    Second,
    /// Cycles that were marked.
    Cycle,
    /// Allocations of the call site, whatever the load is.
    Allocation,
    /// Recordings, however long they are.
    Run,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Worse,
    New,
}
