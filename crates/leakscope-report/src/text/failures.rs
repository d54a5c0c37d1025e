//! Allocations that found no memory.

use std::collections::BTreeMap;
use std::io;

use leakscope_analysis::outcome::FailedAllocation;

use super::layout::{Column, Give, Page, Table};
use super::{Report, stack};
use crate::units::count;

pub(super) fn write(report: &mut Report<'_, '_>, page: &mut Page<'_>) -> io::Result<()> {
    let totals = &report.outcome.totals;
    if totals.failed_allocations == 0 {
        return Ok(());
    }
    let mut notes = vec![count(totals.failed_allocations)];
    if totals.failed_and_retried > 0 {
        let retried = count(totals.failed_and_retried);
        notes.push(format!(
            "{retried} of them found memory in another region at once"
        ));
    }
    let groups = by_stack(&report.outcome.failed_allocations);
    let kept = report.outcome.failed_allocations.len() as u64;
    if kept < totals.failed_allocations {
        notes.push(format!("the first {} are listed", count(kept)));
    }
    page.heading("Failed allocations", &notes.join(", "))?;
    let mut table = Table::new([
        Column::number("times"),
        Column::number("largest bytes"),
        Column::number("first at"),
        Column::number("bytes live then").that_may_go(1),
        Column::text("task", Give::Middle(8)),
        Column::text("call site", Give::Chain(16)),
    ]);
    for group in groups.iter().take(report.shown(groups.len())) {
        let [first, ..] = group.as_slice() else {
            continue;
        };
        let largest = group.iter().map(|failure| failure.size).max().unwrap_or(0);
        table.row([
            count(group.len() as u64).into(),
            count(largest).into(),
            report.clock.moment(first.time).into(),
            count(first.live_bytes).into(),
            report.context(first.context).into(),
            stack::one_line_of(report, &first.stack).into(),
        ]);
    }
    table.write(page, 2)?;
    report.hidden(page, groups.len(), "call site")
}

/// The failures of each stack, in order of first appearance.
fn by_stack(failures: &[FailedAllocation]) -> Vec<Vec<&FailedAllocation>> {
    let mut index_of: BTreeMap<&[u64], usize> = BTreeMap::new();
    let mut groups: Vec<Vec<&FailedAllocation>> = Vec::new();
    for failure in failures {
        let index = *index_of.entry(&failure.stack).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.push(failure),
            None => groups.push(vec![failure]),
        }
    }
    groups
}
