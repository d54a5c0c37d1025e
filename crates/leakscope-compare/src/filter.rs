//! What a device was told to leave out: recordings with different filters are of different blocks.

use leakscope_analysis::problem::OTHER_TASKS;
use leakscope_report::Report;
use leakscope_report::document::usage::{ContextKind, ContextUsage};

use crate::data::FILTERED;
use crate::doubt::Doubt;

/// What is not in a report, in words: reports with the same words lack the same. `None` if nothing was left out.
pub(crate) fn left_out(report: &Report) -> Option<String> {
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

/// What was left out as a doubt: leaks that were found are leaks all the same.
pub(crate) fn doubt(report: &Report, hint: &'static str) -> Option<Doubt> {
    let what = left_out(report)?;
    Some(Doubt {
        is_of_more: true,
        ..Doubt::new(
            format!("the device was told to leave blocks out: {what}"),
            hint,
        )
    })
}

/// Whether all reports lack the same, or nothing.
pub(crate) fn is_common<'r>(reports: impl Iterator<Item = &'r Report>) -> bool {
    let mut left_out = reports.map(left_out);
    let first = left_out.next();
    left_out.all(|other| Some(other) == first)
}
