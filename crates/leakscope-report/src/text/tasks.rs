//! Totals by task, interrupt and other context.

use std::io;

use leakscope_analysis::outcome::ContextUsage;

use super::Report;
use super::layout::{Column, Give, Page, Table};
use crate::units::count;

pub(super) fn write(report: &Report<'_, '_>, page: &mut Page<'_>) -> io::Result<()> {
    let mut contexts: Vec<&ContextUsage> = report.outcome.contexts.iter().collect();
    if contexts.is_empty() {
        return Ok(());
    }
    // Stable: those that allocated as much stay in order of first appearance.
    contexts
        .sort_by_key(|usage| std::cmp::Reverse((usage.outstanding_bytes, usage.allocated_bytes)));
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
    for usage in contexts.iter().take(report.shown(contexts.len())) {
        table.row([
            report.context(usage.context).into(),
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
    report.hidden(page, contexts.len(), "task")
}
