//! Allocations that found no memory.

use std::collections::BTreeMap;
use std::io;

use super::layout::{Column, Give, Page, Table};
use super::{View, short_name, stack};
use crate::document::anomaly::FailedAllocation;
use crate::units::count;

pub(super) fn write(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let totals = &view.report.totals;
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
    let groups = by_stack(&view.report.failed_allocations);
    let kept = view.report.failed_allocations.len() as u64;
    match kept {
        0 => notes.push("the dump says how many, and no more".to_owned()),
        _ if kept < totals.failed_allocations => {
            notes.push(format!("the first {} are listed", count(kept)));
        }
        _ => {}
    }
    page.heading("Failed allocations", &notes.join(", "))?;
    if groups.is_empty() {
        return Ok(());
    }
    let mut table = Table::new([
        Column::number("times"),
        Column::number("largest bytes"),
        Column::number("first at"),
        Column::number("bytes live then").that_may_go(1),
        Column::text("task", Give::Middle(8)),
        Column::text("call site", Give::Chain(16)),
    ]);
    for group in groups.iter().take(view.shown(groups.len())) {
        let [first, ..] = group.as_slice() else {
            continue;
        };
        let sizes = group.iter().map(|failure| failure.size_bytes);
        table.row([
            count(group.len() as u64).into(),
            largest(sizes).into(),
            view.clock.moment(first.time_ticks).into(),
            count(first.live_bytes).into(),
            short_name(&first.context).into(),
            stack::one_line(&first.frames).into(),
        ]);
    }
    table.write(page, 2)?;
    view.hidden(page, groups.len(), "call site")
}

/// The largest size that was asked for, if any is known.
fn largest(sizes: impl Iterator<Item = u64>) -> String {
    match sizes.max() {
        None | Some(0) => "not known".to_owned(),
        Some(size) => count(size),
    }
}

/// The failures of each stack, in order of first appearance.
fn by_stack(failures: &[FailedAllocation]) -> Vec<Vec<&FailedAllocation>> {
    let mut index_of = BTreeMap::new();
    let mut groups: Vec<Vec<&FailedAllocation>> = Vec::new();
    for failure in failures {
        let stack = stack::addresses(&failure.frames);
        let index = *index_of.entry(stack).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.push(failure),
            None => groups.push(vec![failure]),
        }
    }
    groups
}
