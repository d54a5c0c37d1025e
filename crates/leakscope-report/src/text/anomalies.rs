//! Double and wrong frees.

use std::io;

use leakscope_analysis::outcome::{Anomaly, AnomalyKind};

use super::layout::{Line, Page, Paint};
use super::{Report, stack};
use crate::units::{bytes, counted};

pub(super) fn write(report: &mut Report<'_, '_>, page: &mut Page<'_>) -> io::Result<()> {
    let totals = &report.outcome.totals;
    let anomalies = &report.outcome.anomalies;
    if totals.double_frees + totals.wrong_frees == 0 && anomalies.is_empty() {
        return Ok(());
    }
    let counts: Vec<String> = [
        (totals.double_frees, "double free"),
        (totals.wrong_frees, "wrong free"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, name)| counted(number, name))
    .collect();
    page.heading("Frees that cannot be right", &counts.join(", "))?;
    for anomaly in anomalies.iter().take(report.shown(anomalies.len())) {
        write_one(report, page, anomaly)?;
    }
    report.hidden(page, anomalies.len(), "free")
}

fn write_one(
    report: &mut Report<'_, '_>,
    page: &mut Page<'_>,
    anomaly: &Anomaly,
) -> io::Result<()> {
    let address = anomaly.address;
    let (name, before, stack_before) = match &anomaly.kind {
        AnomalyKind::DoubleFree { freed_at, freed_by } => {
            let before = format!("freed before at {} by ", report.clock.moment(*freed_at));
            ("double free", before, freed_by)
        }
        AnomalyKind::WrongFree {
            block,
            allocated_by,
        } => {
            let offset = bytes(address.saturating_sub(block.address));
            let size = bytes(block.size);
            let time = report.clock.moment(block.time);
            let inside = format!("{offset} into a block of {size} allocated at {time} by ");
            ("wrong free", inside, allocated_by)
        }
    };
    let when = report.clock.moment(anomaly.time).replace(' ', "\u{A0}");
    let who = report.context(anomaly.context);
    let what = format!(
        " of {address:#010x} at {when} in {who} on core {}",
        anomaly.core
    );
    let heading = Line::new().paint(Paint::Warning, name).plain(what);
    page.paragraph(2, Line::new(), &heading)?;
    let by = stack::one_line_of(report, &anomaly.stack);
    page.paragraph(4, Line::new().dim("by "), &by.into())?;
    let before_by = stack::one_line_of(report, stack_before);
    page.paragraph(4, Line::new(), &Line::new().dim(before).plain(before_by))
}
