//! Double and wrong frees.

use std::collections::BTreeMap;
use std::io;

use super::layout::{Line, Page, Paint};
use super::{View, stack};
use crate::document::anomaly::{Anomaly, AnomalyKind};
use crate::symbolizer::NamedFrame;
use crate::units::{bytes, count, counted};

pub(super) fn write(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let totals = &view.report.totals;
    let anomalies = &view.report.anomalies;
    if totals.double_frees.max(totals.wrong_frees) == 0 && anomalies.is_empty() {
        return Ok(());
    }
    let counts: Vec<String> = [
        (totals.double_frees, "double free"),
        (totals.wrong_frees, "wrong free"),
        (totals.doubtful_frees, "doubtful free"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, name)| counted(number, name))
    .collect();
    page.heading("Frees that cannot be right", &counts.join(", "))?;
    let groups = groups(anomalies);
    for group in groups.iter().take(view.shown(groups.len())) {
        write_group(view, page, group)?;
    }
    view.hidden(page, groups.len(), "kind")
}

/// Those that happened in the same way, in order of first appearance.
fn groups(anomalies: &[Anomaly]) -> Vec<Vec<&Anomaly>> {
    let mut groups: Vec<Vec<&Anomaly>> = Vec::new();
    let mut index_of = BTreeMap::new();
    for anomaly in anomalies {
        let kind = (anomaly.kind == AnomalyKind::DoubleFree, anomaly.is_doubtful);
        let way = [&anomaly.frames[..], frames_before(anomaly)].map(stack::addresses);
        let index = *index_of.entry((kind, way)).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.push(anomaly),
            None => groups.push(vec![anomaly]),
        }
    }
    groups
}

/// The first of a group, and how many more there are.
fn write_group(view: &View<'_>, page: &mut Page<'_>, group: &[&Anomaly]) -> io::Result<()> {
    let [anomaly, more @ ..] = group else {
        return Ok(());
    };
    let name = match (anomaly.kind, anomaly.is_doubtful) {
        (AnomalyKind::DoubleFree, false) => "double free",
        (AnomalyKind::WrongFree, false) => "wrong free",
        (AnomalyKind::DoubleFree, true) => "may be a double free",
        (AnomalyKind::WrongFree, true) => "may be a wrong free",
    };
    let when = moment(view, anomaly.time_ticks);
    let who = super::short_name(&anomaly.context);
    let like_it = match more {
        [.., last] => {
            let until = moment(view, last.time_ticks);
            let more = count(more.len() as u64);
            format!(", and {more} more like it until {until}")
        }
        [] => String::new(),
    };
    let what = format!(
        " of {} at {when} in {who} on core {}{like_it}",
        anomaly.address, anomaly.core
    );
    let heading = Line::new().paint(Paint::Warning, name).plain(what);
    page.paragraph(2, Line::new(), &heading)?;
    let by = |page: &mut Page<'_>, frames| {
        page.paragraph(4, Line::new().dim("by "), &stack::one_line(frames).into())
    };
    by(page, &anomaly.frames)?;
    page.paragraph(4, Line::new(), &Line::new().dim(before(view, anomaly)))?;
    by(page, frames_before(anomaly))
}

/// From where the block was freed first, or allocated.
fn frames_before(anomaly: &Anomaly) -> &[NamedFrame] {
    match (&anomaly.first_free, &anomaly.inside) {
        (Some(first), _) => &first.frames,
        (None, Some(inside)) => &inside.allocated_by,
        (None, None) => &[],
    }
}

/// What had happened before.
fn before(view: &View<'_>, anomaly: &Anomaly) -> String {
    match (&anomaly.first_free, &anomaly.inside) {
        (Some(first), _) => format!("freed before at {}", moment(view, first.time_ticks)),
        (None, Some(inside)) => {
            let block = &inside.block;
            let offset = bytes(anomaly.address.0.saturating_sub(block.address.0));
            let size = bytes(block.size_bytes);
            let time = moment(view, block.time_ticks);
            format!("{offset} into a block of {size} allocated at {time}")
        }
        (None, None) => "what had happened before is not known".to_owned(),
    }
}

fn moment(view: &View<'_>, time: u64) -> String {
    view.clock.moment(time).replace(' ', "\u{A0}")
}
