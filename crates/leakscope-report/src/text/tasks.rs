//! Totals by task, interrupt and other context.

use std::io;

use leakscope_analysis::trace::Namesakes;

use super::layout::{Column, Give, Page, Table};
use super::{View, short_name};
use crate::document::Report;
use crate::document::usage::ContextUsage;
use crate::units::count;

pub(super) fn write(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let mut rows = rows(view.report);
    if rows.is_empty() {
        return Ok(());
    }
    // Stable: those that allocated as much stay in order of first appearance.
    rows.sort_by_key(|usage| std::cmp::Reverse((usage.outstanding_bytes, usage.allocated_bytes)));
    page.heading("Tasks", "")?;
    let mut table = Table::new([
        Column::text("", Give::Middle(12)),
        Column::number("allocated"),
        Column::number("bytes").that_may_go(2),
        Column::number("freed"),
        Column::number("bytes").that_may_go(1),
        Column::number("outstanding"),
        Column::number("bytes"),
        Column::number("peak bytes").that_may_go(3),
    ]);
    for usage in rows.iter().take(view.shown(rows.len())) {
        table.row([
            short_name(&usage.name).into(),
            count(usage.allocations).into(),
            count(usage.allocated_bytes).into(),
            count(usage.frees).into(),
            count(usage.freed_bytes).into(),
            count(usage.outstanding_blocks).into(),
            count(usage.outstanding_bytes).into(),
            count(usage.peak_bytes).into(),
        ]);
    }
    table.write(page, 2)?;
    view.hidden(page, rows.len(), "task")
}

/// Tasks, each together with those that were it before the target was reset; interrupts, and other contexts.
fn rows(report: &Report) -> Vec<ContextUsage> {
    let mut rows: Vec<ContextUsage> = Vec::new();
    let mut namesakes = Namesakes::default();
    for usage in &report.contexts {
        let task = usage.task.and_then(|task| report.tasks.get(task));
        let new = rows.len();
        let place = task.map_or(new, |task| {
            namesakes.number(&usage.name, task.address.0, task.resets, || new)
        });
        match rows.get_mut(place) {
            Some(known) => add(known, usage),
            None => rows.push(usage.clone()),
        }
    }
    rows
}

/// Adds what another did. A report that was read back may hold any number.
fn add(sum: &mut ContextUsage, more: &ContextUsage) {
    for (sum, more) in [
        (&mut sum.allocations, more.allocations),
        (&mut sum.allocated_bytes, more.allocated_bytes),
        (&mut sum.frees, more.frees),
        (&mut sum.freed_bytes, more.freed_bytes),
        (&mut sum.outstanding_blocks, more.outstanding_blocks),
        (&mut sum.outstanding_bytes, more.outstanding_bytes),
    ] {
        *sum = sum.saturating_add(more);
    }
    sum.peak_bytes = sum.peak_bytes.max(more.peak_bytes);
}
