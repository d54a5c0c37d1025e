//! What a device was told to leave out: reports with different filters are of different blocks.

use leakscope_analysis::problem::OTHER_TASKS;

use crate::document::Report;
use crate::document::usage::{ContextKind, ContextUsage};

/// The code of the problem that the device was told to leave blocks out: sums are parts.
pub const FILTERED: &str = "filtered";

/// What is not in a report, in words: reports with the same words lack the same. `None` if nothing was left out.
pub fn unrecorded(report: &Report) -> Option<String> {
    let mut problems = report.problems.iter();
    let problem = problems.find(|problem| problem.code == FILTERED)?;
    let what = problem.message.split_once(": ");
    let what = what.map_or(&*problem.message, |(_, what)| what);
    if !what.contains(OTHER_TASKS) {
        return Some(what.to_owned());
    }
    // What interrupts a task is recorded with it, or happens not to allocate.
    let is_seen =
        |context: &&ContextUsage| context.kind == ContextKind::Task && context.allocations > 0;
    let allocating = report.contexts.iter().filter(is_seen);
    let mut names: Vec<&str> = allocating.map(|context| &*context.name).collect();
    names.sort_unstable();
    names.dedup();
    Some(format!("{what} ({})", names.join(", ")))
}
