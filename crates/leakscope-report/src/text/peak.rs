//! When the most bytes lived, and who held them.

use std::io;

use super::layout::{Cell, Column, Give, Page, Table};
use super::{Report, stack};
use crate::units::{bytes_with_unit, count, counted, percent};

/// Call sites listed, unless all are wanted.
const HOLDERS: usize = 3;

pub(super) fn write(report: &mut Report<'_, '_>, page: &mut Page<'_>) -> io::Result<()> {
    let peak = &report.outcome.peak;
    if peak.bytes == 0 {
        return Ok(());
    }
    let time = report.clock.moment(peak.time);
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
    let listed = match report.shown(peak.holders.len()) {
        shown if report.options.all => shown,
        shown => shown.min(HOLDERS),
    };
    let (listed, others) = peak.holders.split_at(listed);
    for &(site, held) in listed {
        let where_ = match report.outcome.call_sites.get(site) {
            Some(holder) => stack::one_line(report, holder),
            None => String::new(),
        };
        table.row([
            count(held).into(),
            percent(held, peak.bytes).into(),
            where_.into(),
        ]);
    }
    if !others.is_empty() {
        let held = others.iter().map(|(_, held)| held).sum();
        let name = counted(others.len() as u64, "other call site");
        table.row([
            count(held).into(),
            percent(held, peak.bytes).into(),
            Cell::dim(name),
        ]);
    }
    table.write(page, 2)
}
