//! Double and wrong frees.

use std::collections::BTreeMap;
use std::io;

use leakscope_analysis::outcome::{Anomaly, AnomalyKind};

use super::layout::{Line, Page, Paint};
use super::{Report, stack};
use crate::units::{bytes, count, counted};

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
    let groups = groups(anomalies);
    for group in groups.iter().take(report.shown(groups.len())) {
        write_group(report, page, group)?;
    }
    report.hidden(page, groups.len(), "kind")
}

/// Those that happened in the same way, in order of first appearance.
fn groups(anomalies: &[Anomaly]) -> Vec<Vec<&Anomaly>> {
    let mut groups: Vec<Vec<&Anomaly>> = Vec::new();
    let mut index_of = BTreeMap::new();
    for anomaly in anomalies {
        let before = match &anomaly.kind {
            AnomalyKind::DoubleFree { freed_by, .. } => (0, freed_by),
            AnomalyKind::WrongFree { allocated_by, .. } => (1, allocated_by),
        };
        let index = *index_of
            .entry((before, &anomaly.stack))
            .or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.push(anomaly),
            None => groups.push(vec![anomaly]),
        }
    }
    groups
}

/// The first of a group, and how many more there are.
fn write_group(
    report: &mut Report<'_, '_>,
    page: &mut Page<'_>,
    group: &[&Anomaly],
) -> io::Result<()> {
    let [anomaly, more @ ..] = group else {
        return Ok(());
    };
    let (name, before, stack_before) = history(report, anomaly);
    let when = moment(report, anomaly.time);
    let who = report.context(anomaly.context);
    let like_it = match more {
        [.., last] => {
            let until = moment(report, last.time);
            let more = count(more.len() as u64);
            format!(", and {more} more like it until {until}")
        }
        [] => String::new(),
    };
    let what = format!(
        " of {:#010x} at {when} in {who} on core {}{like_it}",
        anomaly.address, anomaly.core
    );
    let heading = Line::new().paint(Paint::Warning, name).plain(what);
    page.paragraph(2, Line::new(), &heading)?;
    let by = stack::one_line_of(report, &anomaly.stack);
    page.paragraph(4, Line::new().dim("by "), &by.into())?;
    page.paragraph(4, Line::new(), &Line::new().dim(before))?;
    let before_by = stack::one_line_of(report, stack_before);
    page.paragraph(4, Line::new().dim("by "), &before_by.into())
}

/// What is wrong about a free, what had happened before, and by which call stack.
fn history<'a>(report: &Report<'_, '_>, anomaly: &'a Anomaly) -> (&'static str, String, &'a [u64]) {
    match &anomaly.kind {
        AnomalyKind::DoubleFree { freed_at, freed_by } => {
            let before = format!("freed before at {}", moment(report, *freed_at));
            ("double free", before, freed_by)
        }
        AnomalyKind::WrongFree {
            block,
            allocated_by,
        } => {
            let offset = bytes(anomaly.address.saturating_sub(block.address));
            let size = bytes(block.size);
            let time = moment(report, block.time);
            let inside = format!("{offset} into a block of {size} allocated at {time}");
            ("wrong free", inside, allocated_by)
        }
    }
}

fn moment(report: &Report<'_, '_>, time: u64) -> String {
    report.clock.moment(time).replace(' ', "\u{A0}")
}
