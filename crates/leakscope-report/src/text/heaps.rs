//! Several heaps, where the target tells them apart.

use std::io;

use super::View;
use super::layout::{Column, Page, Table};
use crate::document::Address;
use crate::document::usage::HeapUsage;
use crate::units::count;

pub(super) fn write(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let heaps = &view.report.heaps;
    if heaps.is_empty() {
        return Ok(());
    }
    page.heading("Heaps", "")?;
    let mut table = Table::new([
        Column::number("heap"),
        Column::number("size"),
        Column::number("allocated").that_may_go(1),
        Column::number("freed").that_may_go(2),
        Column::number("outstanding bytes"),
        Column::number("peak bytes"),
    ]);
    for heap in heaps.iter().take(view.shown(heaps.len())) {
        table.row([
            name(heap).into(),
            heap.size_bytes
                .map_or_else(|| "unknown".to_owned(), count)
                .into(),
            count(heap.allocations).into(),
            count(heap.frees).into(),
            count(heap.outstanding_bytes).into(),
            count(heap.peak_bytes).into(),
        ]);
    }
    table.write(page, 2)?;
    view.hidden(page, heaps.len(), "heap")
}

/// A recorder that knows of one heap calls it 0: then its base says more, if it has one.
fn name(heap: &HeapUsage) -> String {
    match (heap.heap, heap.base) {
        (Address(0), None) => "all".to_owned(),
        (Address(0), Some(base)) => base.to_string(),
        (heap, _) => heap.to_string(),
    }
}
