//! What can be typed behind `check`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, Args, Command, ValueEnum};
use leakscope_compare::rate::Rate;

use super::{AtTheEnd, Symbols, Unpacking, quantity};

/// Say whether recordings are as they should be: for a build that is to fail when a leak comes back.
///
/// What fails: leaks of at least --min-confidence, double and wrong frees, and limits. What was recorded too short or with
/// too much loss, and fails nothing, is inconclusive; with another ELF file, all is. Each TRACE is a recording of its own
/// (or a dump, or a saved report); the worst answer wins.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 passed, 1 failed, 2 wrong usage or no readable input, 3 inconclusive."
)]
pub(crate) struct Check {
    /// Recordings, heap dumps, or reports saved as JSON; `-` is standard input. May be packed (gzip, zstd).
    #[arg(required = true, value_name = "TRACE")]
    pub(crate) inputs: Vec<String>,
    #[command(flatten)]
    pub(crate) unpacking: Unpacking,
    #[command(flatten)]
    pub(crate) symbols: Symbols,
    #[command(flatten)]
    pub(crate) at_the_end: AtTheEnd,
    #[command(flatten)]
    pub(crate) gate: Gate,
    /// Text for people, or one JSON document (schema: docs/check-json.md).
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: CheckFormat,
}

/// What is asked of a recording.
#[derive(Debug, Default, PartialEq, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Gate {
    /// A log message that contains this text begins a cycle: what grows with every cycle is a leak.
    #[arg(long, value_name = "TEXT")]
    pub(crate) cycle: Option<String>,
    /// Rules and settings [default: leakscope.toml in this folder, if there is one].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// More rules: a leakscope.toml, or suppressions of LeakSanitizer or Valgrind.
    #[arg(long, value_name = "FILE")]
    pub(crate) suppressions: Vec<PathBuf>,
    /// Leaks that are known: they pass while they grow no faster.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write the leaks that are left into the file of --baseline. The answer is given without it.
    #[arg(long, requires = "baseline", conflicts_with = "prune")]
    pub(crate) write_baseline: bool,
    /// Take known leaks that do not show any more out of the file of --baseline.
    #[arg(long, requires = "baseline")]
    pub(crate) prune: bool,
    /// Leaks of this confidence and above fail [default: medium].
    #[arg(long, value_name = "LEVEL")]
    pub(crate) min_confidence: Option<Confidence>,
    /// The most that leaks together may grow, hints included: 100B/min, 1KiB/h, 0B/cycle.
    #[arg(long, value_name = "RATE")]
    pub(crate) max_growth: Option<Rate>,
    /// The most bytes that may be outstanding at the end. A dump is judged by this.
    #[arg(long, value_name = "SIZE", value_parser = quantity::any_size)]
    pub(crate) max_outstanding: Option<u64>,
    /// The most bytes that may live at once.
    #[arg(long, value_name = "SIZE", value_parser = quantity::any_size)]
    pub(crate) max_peak: Option<u64>,
    /// With a larger share of lost packets or bytes, nothing is claimed [default: 10%].
    #[arg(long, value_name = "SHARE", value_parser = quantity::share)]
    pub(crate) max_loss: Option<f64>,
    /// Of a shorter recording, nothing is claimed: 30s, 5min.
    #[arg(long, value_name = "TIME", value_parser = quantity::duration)]
    pub(crate) min_length: Option<Duration>,
    /// With fewer whole cycles after the first two, nothing is claimed.
    #[arg(long, value_name = "N")]
    pub(crate) min_cycles: Option<u64>,
    /// Allocations that found no memory fail, too.
    #[arg(long)]
    pub(crate) no_failed_allocations: bool,
    /// A recording whose device was told to leave blocks out (a sample, small blocks, other tasks) may pass, on the rest.
    #[arg(long)]
    pub(crate) allow_filtered: bool,
    /// Rules that excuse nothing, have expired or cannot match fail, too.
    #[arg(long)]
    pub(crate) strict: bool,
    /// What an inconclusive recording is: with `pass`, the exit code is 0, with a warning.
    #[arg(long, value_name = "ANSWER", value_enum, default_value_t)]
    pub(crate) inconclusive: Inconclusive,
    /// Print a rule for each leak that fails, to be pasted into leakscope.toml.
    #[arg(long)]
    pub(crate) suggest: bool,
    /// Write JUnit's XML into this file, for Jenkins, GitLab and others.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write SARIF into this file, for GitHub's code scanning.
    #[arg(long, value_name = "FILE")]
    pub(crate) sarif: Option<PathBuf>,
    /// Write a Code Quality report into this file, for GitLab.
    #[arg(long, value_name = "FILE")]
    pub(crate) gitlab: Option<PathBuf>,
    /// Print annotations for GitHub, and write the step's summary.
    #[arg(long)]
    pub(crate) github: bool,
    /// Write Markdown into this file, for a merge request.
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
}

impl Gate {
    /// Whether the file of --baseline is written.
    pub(crate) fn writes_baseline(&self) -> bool {
        self.write_baseline || self.prune
    }

    /// Its first option that was typed for this process, with its dashes.
    pub(crate) fn typed() -> Option<String> {
        let options = Self::augment_args(Command::new(""));
        let is_one = |name: &str| {
            let mut longs = options.get_arguments().filter_map(Arg::get_long);
            longs.any(|long| name.strip_prefix("--") == Some(long))
        };
        let mut names = std::env::args_os().map(|word| {
            let word = word.to_string_lossy();
            word.split('=').next().unwrap_or_default().to_owned()
        });
        names.find(|name| is_one(name))
    }

    /// The files that are written.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Path> {
        let known = self.baseline.as_ref().filter(|_| self.writes_baseline());
        let reports = [&self.junit, &self.sarif, &self.gitlab, &self.markdown];
        let reports = reports.into_iter().flatten();
        reports.chain(known).map(PathBuf::as_path)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Confidence {
    Low,
    Medium,
    High,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Inconclusive {
    #[default]
    Fail,
    Pass,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    #[default]
    Text,
    Json,
}
