//! What can be typed, as plain data; the larger subcommands in files of their own.

mod check;
mod diff;
mod doctor;
mod export;
mod fleet;
mod gdbinit;
mod heap;
mod image;
mod packaging;
pub(crate) mod quantity;
pub(crate) mod record;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use leakscope_symbols::SourceRoot;
use leakscope_viewer::page;

use crate::demo::faults::Fault;
pub(crate) use check::{Check, CheckFormat, Confidence, Gate, Inconclusive};
pub(crate) use diff::{Diff, FailOn, Unit};
pub(crate) use doctor::{Doctor, DoctorWay};
pub(crate) use export::Export;
pub(crate) use fleet::Fleet;
pub(crate) use gdbinit::{GdbTarget, Gdbinit};
pub(crate) use heap::{Heap, HeapBounds};
pub(crate) use image::{AtTheEnd, Image};
pub(crate) use packaging::{Completions, Man};
pub(crate) use record::{Record, SerialAddress};

const FIRST_STEPS: &str = concat!(
    "\
To begin with:
  leakscope demo                                a leak, recorded and found on this computer
  leakscope report heap.svdat --elf app.elf     what leaks, in a recording that you have
                                                (`report` may be left out)
  leakscope doctor                              what is missing to record this ESP-IDF project
  leakscope record -o heap.svdat                record it, through OpenOCD; `record --help` has the other ways

Exit codes: 0 the answer was given, 2 wrong usage or no readable input; `check`, `diff` and `record` have more.

Pages that are called docs/….md are at ",
    env!("CARGO_PKG_REPOSITORY"),
    "."
);

/// An oscilloscope for heap leaks in embedded firmware.
///
/// Reads recordings of SEGGER SystemView (.svdat) with heap events, and says which call stack leaks, how
/// sure that is, and why.
#[derive(Debug, Parser)]
#[command(name = "leakscope", version, max_term_width = 100, after_help = FIRST_STEPS)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Record(Box<Record>),
    Doctor(Doctor),
    Report(Report),
    Check(Box<Check>),
    Diff(Box<Diff>),
    Events(Events),
    Log(Log),
    View(View),
    Export(Box<Export>),
    Image(Image),
    Heap(Heap),
    Fleet(Fleet),
    Demo(Demo),
    Gdbinit(Gdbinit),
    Description(Description),
    Completions(Completions),
    Man(Man),
}

/// Say which call stacks leak, how sure that is, and why.
///
/// A console's log with a heap dump (ESP-IDF's heap_trace_dump, or the recorder's standalone mode) is read too, a
/// report that was saved with `--format json`, heaptrack's recordings of programs under Linux, and pprof's heap profiles.
///
/// With --from and --to, the report is the one of a recording that had begun and ended then: blocks that were allocated
/// before are not known, and those that were freed later are outstanding. --task and --grep choose among its call
/// sites, which are judged by all that happened there, and leave the sums over the trace as they are.
#[derive(Debug, Args)]
pub(crate) struct Report {
    #[command(flatten)]
    pub(crate) trace: Trace,
    #[command(flatten)]
    pub(crate) symbols: Symbols,
    #[command(flatten)]
    pub(crate) at_the_end: AtTheEnd,
    #[command(flatten)]
    pub(crate) bounds: HeapBounds,
    #[command(flatten)]
    pub(crate) part: Part,
    /// How much heap the target has, if the recording does not say: 300k, 256KiB. The report says how long it lasts.
    #[arg(long, value_name = "SIZE", value_parser = quantity::size)]
    pub(crate) heap_size: Option<u64>,
    /// Text for people, or one JSON document (schema: docs/report-json.md).
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
    /// Files that describe events (SYSVIEW_NAME.txt), for --print and --html.
    #[arg(long, value_name = "FILE")]
    pub(crate) description: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) lists: Lists,
    /// Before the report, print every heap event and log message in order of time.
    #[arg(long, conflicts_with = "format")]
    pub(crate) print: bool,
    /// A log message that contains this text begins a cycle: what grows with every cycle is a leak.
    #[arg(long, value_name = "TEXT")]
    pub(crate) cycle: Option<String>,
    /// Write a page for the browser into this file instead: it opens from disk, and can be mailed. `-` is standard
    /// output.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["format", "print", "cycle", "from", "to", "task", "grep"]
    )]
    pub(crate) html: Option<PathBuf>,
    /// Events that the file of --html lists from both ends of a longer recording: some 250 bytes each. What matters
    /// from between is listed too.
    #[arg(
        long,
        value_name = "N",
        requires = "html",
        default_value_t = page::EVENTS,
        value_parser = clap::value_parser!(u64).range(..=1_000_000)
    )]
    pub(crate) html_events: u64,
    /// Overwrite the file of --html if it exists.
    #[arg(long, requires = "html")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) before: Before,
}

/// Look at a recording in the browser: leaks, flame graph, timeline, events, log, tasks.
///
/// A heap dump in a console's log opens too, without the views that need times. The page is served by this command, to this machine only, until it is interrupted (Ctrl-C).
#[derive(Debug, Args)]
pub(crate) struct View {
    #[command(flatten)]
    pub(crate) trace: Trace,
    #[command(flatten)]
    pub(crate) symbols: Symbols,
    #[command(flatten)]
    pub(crate) at_the_end: AtTheEnd,
    #[command(flatten)]
    pub(crate) bounds: HeapBounds,
    /// Files that describe events (SYSVIEW_NAME.txt).
    #[arg(long, value_name = "FILE")]
    pub(crate) description: Vec<PathBuf>,
    /// How much heap the target has, if the recording does not say: 300k, 256KiB.
    #[arg(long, value_name = "SIZE", value_parser = quantity::size)]
    pub(crate) heap_size: Option<u64>,
    /// Only print the address of the page.
    #[arg(long)]
    pub(crate) no_open: bool,
    /// Serve at this port, instead of one that is free: for `ssh -L`.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    /// The recording is still being made: show what is added to it.
    #[arg(long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) before: Before,
}

/// What the page is compared with.
#[derive(Debug, Args)]
pub(crate) struct Before {
    /// A recording made before a change, or its saved report (--format json): the page's flame graph shows what is different.
    #[arg(long, value_name = "TRACE")]
    pub(crate) before: Vec<String>,
    /// Its ELF file, if it is not that of --elf.
    #[arg(long, value_name = "FILE", requires = "before")]
    pub(crate) before_elf: Option<PathBuf>,
}

/// List events, as SystemView's Events window does.
#[derive(Debug, Args)]
pub(crate) struct Events {
    #[command(flatten)]
    pub(crate) trace: Trace,
    #[command(flatten)]
    pub(crate) symbols: Symbols,
    /// Aligned text, JSON (one object a line), or CSV.
    #[arg(long, value_enum, default_value_t = RowFormat::Text)]
    pub(crate) format: RowFormat,
    /// Files that describe events (SYSVIEW_NAME.txt).
    #[arg(long, value_name = "FILE")]
    pub(crate) description: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) filter: Filter,
}

/// List log messages, as SystemView's Terminal window does.
#[derive(Debug, Args)]
pub(crate) struct Log {
    #[command(flatten)]
    pub(crate) trace: Trace,
    #[command(flatten)]
    pub(crate) symbols: Symbols,
    #[command(flatten)]
    pub(crate) part: Part,
    /// Text, or JSON (one object a line).
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) format: LogFormat,
}

/// Record a small program with a known fault, and report on it: no board is needed.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// What is wrong with the program.
    #[arg(long, value_enum, default_value_t = Fault::Steady)]
    pub(crate) fault: Fault,
    /// How it is recorded.
    #[arg(long, value_enum, default_value_t = DemoMode::Streamed)]
    pub(crate) mode: DemoMode,
    /// Where to save what was recorded [default: leakscope-demo.svdat, or .log, in this folder, over that of the last time].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite the file of --output if it exists.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
}

/// Print names of heap events for SEGGER's application (a SYSVIEW_NAME.txt).
#[derive(Debug, Args)]
pub(crate) struct Description {
    /// Whose events.
    #[arg(value_enum, default_value_t = Recorder::Leakscope)]
    pub(crate) recorder: Recorder,
}

#[derive(Debug, Args)]
pub(crate) struct Trace {
    /// Recordings: one file, or one file a core; `-` is standard input. May be packed (gzip, zstd).
    #[arg(required = true, value_name = "TRACE")]
    pub(crate) inputs: Vec<String>,
    #[command(flatten)]
    pub(crate) unpacking: Unpacking,
}

/// What is asked of packed recordings.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Unpacking {
    /// How much may come out of a packed one: 4GiB. If not said, 100 times its size, and 256 MiB in any case.
    #[arg(long, value_name = "SIZE", value_parser = quantity::size)]
    pub(crate) max_unpacked: Option<u64>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Symbols {
    /// The ELF file that was running, for functions and lines.
    #[arg(long, value_name = "FILE")]
    pub(crate) elf: Option<PathBuf>,
    /// The project that it was built in, or its build folder, if --elf does not name it [default: the one around, if the
    /// recording was made of its program].
    #[arg(long, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,
    /// Show source files that were built below A as if they lay below B.
    #[arg(long, value_name = "A=B")]
    pub(crate) source_root: Vec<SourceRoot>,
}

/// How much of lists is shown.
#[derive(Debug, Args)]
pub(crate) struct Lists {
    /// Entries shown of each list.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) top: usize,
    /// Show everything: whole lists, whole stacks, addresses, all reasons.
    #[arg(long)]
    pub(crate) all: bool,
}

/// Which time of a recording is meant.
#[derive(Debug, Default, Args)]
pub(crate) struct Period {
    /// Only from this time on: 10 (seconds since the recording began), 100ms, 2min, 1h.
    #[arg(long, value_name = "TIME", value_parser = quantity::time)]
    pub(crate) from: Option<Duration>,
    /// Only up to this time.
    #[arg(long, value_name = "TIME", value_parser = quantity::time)]
    pub(crate) to: Option<Duration>,
}

/// Which part of a recording is meant.
#[derive(Debug, Args)]
pub(crate) struct Part {
    #[command(flatten)]
    pub(crate) period: Period,
    /// Only what the task or interrupt with this name did, or `idle`.
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,
    /// Only what matches this regular expression: an event's line, a message, a function or file of a call stack.
    #[arg(long, value_name = "RE")]
    pub(crate) grep: Option<regex::Regex>,
}

/// Kinds of events; with none of them, all are listed.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Filter {
    /// Calls of the operating system's API ("Show APIs only").
    #[arg(long)]
    pub(crate) apis: bool,
    /// Heap events.
    #[arg(long)]
    pub(crate) heap: bool,
    /// Log messages.
    #[arg(long)]
    pub(crate) logs: bool,
    /// Interrupts.
    #[arg(long)]
    pub(crate) isr: bool,
    /// Only events on this core.
    #[arg(long, value_name = "N")]
    pub(crate) core: Option<u8>,
    #[command(flatten)]
    pub(crate) part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowFormat {
    Text,
    Json,
    Csv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DemoMode {
    /// As packets, while it runs.
    Streamed,
    /// In a buffer, which it prints at its end.
    Standalone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Recorder {
    /// leakscope's own.
    Leakscope,
    /// ESP-IDF's heap tracing.
    EspIdf,
}
