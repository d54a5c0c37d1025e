//! Totals by task, interrupt and other context.

use std::io;

use leakscope_analysis::outcome::{ContextUsage, Outcome};
use leakscope_analysis::trace::Context;

use super::layout::{Column, Give, Page, Table};
use super::{Report, short_name};
use crate::units::count;

pub(super) fn write(report: &Report<'_, '_>, page: &mut Page<'_>) -> io::Result<()> {
    let mut rows = rows(report.outcome);
    if rows.is_empty() {
        return Ok(());
    }
    // Stable: those that allocated as much stay in order of first appearance.
    rows.sort_by_key(|row| {
        std::cmp::Reverse((row.usage.outstanding_bytes, row.usage.allocated_bytes))
    });
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
    for TaskRow { name, usage, .. } in rows.iter().take(report.shown(rows.len())) {
        table.row([
            short_name(name).into(),
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
    report.hidden(page, rows.len(), "task")
}

/// A task, and those of its name that were it before the target was reset; or an interrupt, or another context.
struct TaskRow {
    name: String,
    usage: ContextUsage,
    /// After how many resets the last of them appeared.
    resets: u32,
}

fn rows(outcome: &Outcome) -> Vec<TaskRow> {
    let mut rows: Vec<TaskRow> = Vec::new();
    for &usage in &outcome.contexts {
        let name = outcome.context_name(usage.context);
        let resets = match usage.context {
            Context::Task(task) => outcome
                .tasks
                .get(task.index())
                .map_or(0, |task| task.resets),
            _ => 0,
        };
        // Tasks of the same name between the same two resets are different ones.
        let before = rows
            .iter_mut()
            .find(|row| row.name == name && row.resets < resets);
        match before {
            Some(row) => {
                row.usage = together(&row.usage, &usage);
                row.resets = resets;
            }
            None => rows.push(TaskRow {
                name,
                usage,
                resets,
            }),
        }
    }
    rows
}

fn together(one: &ContextUsage, other: &ContextUsage) -> ContextUsage {
    ContextUsage {
        context: one.context,
        allocations: one.allocations + other.allocations,
        allocated_bytes: one.allocated_bytes + other.allocated_bytes,
        frees: one.frees + other.frees,
        freed_bytes: one.freed_bytes + other.freed_bytes,
        outstanding_blocks: one.outstanding_blocks + other.outstanding_blocks,
        outstanding_bytes: one.outstanding_bytes + other.outstanding_bytes,
        peak_bytes: one.peak_bytes.max(other.peak_bytes),
    }
}
