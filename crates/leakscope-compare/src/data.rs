//! Whether a report is on all that happened: data may be missing of which nobody can tell what they hide.

use leakscope_report::document::problem::Severity;
use leakscope_report::{FILTERED, Report};

use crate::doubt::Doubt;

/// Grave problems that are judged by other means, or hide no leak. All others speak against the data: so does a new kind, until it
/// stands here.
const JUDGED: [&str; 28] = [
    // Of these, `--max-loss` says how much may be lost.
    "overflow",
    "skipped-bytes",
    "unreadable-packet",
    // The conclusion of the report and its doubtful frees say what follows from these.
    "allocation-lost",
    "allocations-unseen",
    "free-lost",
    "no-heap-events",
    "same-core-twice",
    "too-short",
    // These are about the program, and names.
    "addresses-outside-elf",
    "callers-are-data",
    "elf-differs",
    "no-call-stacks",
    "no-debug-info",
    "not-behind-calls",
    "place-unknown",
    "stacks-without-elf",
    "too-many-stacks",
    // All events of the heap are there even so.
    "clock-changed",
    "description-damaged",
    "descriptions-disagree",
    "frees-without-record",
    "no-heap-units",
    "no-init",
    "no-start",
    "one-core-only",
    // All blocks that live are there even so; what rests on those that may be freed is no failure (`doubtful`).
    "addresses-reused",
    // What the device was told to leave out was not to be seen (`filter`).
    FILTERED,
];

/// What speaks against the data; nothing if a leak in them would have shown.
pub(crate) fn doubts(report: &Report) -> Vec<Doubt> {
    // Cycles are counted without a clock.
    let has_cycles = report.totals.cycles > 0;
    let is_judged = |code: &str| JUDGED.contains(&code) || code == "clock-stands" && has_cycles;
    let problems = report.problems.iter();
    let open =
        problems.filter(|problem| problem.severity == Severity::Grave && !is_judged(&problem.code));
    let again = if report.trace.has_history {
        "record again, and keep all of it"
    } else {
        "save the log again, with the whole dump"
    };
    open.map(|problem| Doubt::of_problem(problem, again))
        .collect()
}

/// Whether only a part was asked for.
pub(crate) fn part(report: &Report) -> Option<Doubt> {
    let part = report.part.as_deref()?;
    let what = format!("it is a report on a part of a recording: {part}");
    Some(Doubt::new(what, "take the whole recording"))
}
