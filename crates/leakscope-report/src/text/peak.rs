//! When the most bytes lived, and who held them.

use std::io;

use super::layout::{Cell, Column, Give, Page, Table};
use super::{View, stack, sum};
use crate::units::{bytes_with_unit, count, counted, percent};

/// Call sites listed, unless all are wanted.
const HOLDERS: usize = 3;

pub(super) fn write(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let peak = &view.report.peak;
    if peak.bytes == 0 {
        return Ok(());
    }
    let time = view.clock.moment(peak.time_ticks);
    let size = bytes_with_unit(peak.bytes);
    if peak.holders.is_empty() {
        return page.heading("Peak", &format!("{size} at {time}"));
    }
    page.heading("Peak", &format!("{size} at {time}, held by"))?;
    let mut table = Table::new([
        Column::number("bytes"),
        Column::number("share"),
        Column::text("call site", Give::Chain(20)),
    ]);
    let listed = match view.shown(peak.holders.len()) {
        shown if view.options.all => shown,
        shown => shown.min(HOLDERS),
    };
    let (listed, others) = peak.holders.split_at(listed);
    for holder in listed {
        let site = view.report.call_sites.get(holder.call_site);
        table.row([
            count(holder.bytes).into(),
            percent(holder.bytes, peak.bytes).into(),
            site.map_or_else(String::new, |site| stack::one_line(&site.frames))
                .into(),
        ]);
    }
    if !others.is_empty() {
        let held = sum(others.iter().map(|holder| holder.bytes));
        let name = counted(others.len() as u64, "other call site");
        table.row([
            count(held).into(),
            percent(held, peak.bytes).into(),
            Cell::dim(name),
        ]);
    }
    table.write(page, 2)
}
