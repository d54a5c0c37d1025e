//! The row of a recording, and those of its labels.

use std::io;

use leakscope_export::tables::Cell;
use leakscope_report::Report;

use super::{Origin, signed, word};
use crate::schema::Table;
use crate::store::Part;

/// Without a report, it is a list of metrics.
pub(super) fn rows(origin: &Origin, report: Option<&Report>, part: &mut Part) -> io::Result<()> {
    for (label, content) in &origin.labels {
        let [recording, ..] = origin.named();
        part.take(
            Table::Labels,
            &[recording, (&**label).into(), (&**content).into()],
        )?;
    }
    let of = |get: fn(&Report) -> u64| signed(report.map_or(0, get));
    let watched = report.filter(|report| report.trace.has_history);
    // Of all heaps, if it is known of each.
    let sizes = |report: &Report| report.heaps.iter().map(|heap| heap.size_bytes).sum();
    let heap = report.and_then(sizes).filter(|&bytes: &u64| bytes > 0);
    let left = |report: &Report| heap?.checked_sub(outstanding_at_end(report));
    let [recording, device, firmware] = origin.named();
    let cells = [
        recording,
        device,
        (&*origin.product).into(),
        (&*origin.hardware).into(),
        firmware,
        report
            .and_then(|report| report.trace.elf_sha256.as_deref())
            .into(),
        of(|report| report.trace.has_symbols.into()),
        word(origin.kind),
        origin.ingested_at.into(),
        origin.recorded_at.into(),
        origin.uptime_s.into(),
        watched
            .and_then(|report| report.trace.length_s)
            .unwrap_or(0.0)
            .into(),
        of(Report::session_count),
        of(resets),
        of(|report| report.totals.events),
        of(|report| report.totals.heap_events),
        of(|report| report.totals.dropped_packets),
        of(|report| report.totals.skipped_bytes),
        report.map_or(Cell::Null, |report| word(report.conclusion)),
        of(|report| report.totals.allocations),
        of(|report| report.totals.frees),
        of(outstanding_at_end),
        of(|report| report.totals.peak_bytes),
        heap.map_or(Cell::Null, signed),
        report.and_then(left).map_or(Cell::Null, signed),
        of(|report| report.totals.failed_allocations),
        of(|report| report.totals.leaks),
        report
            .and_then(|report| report.totals.leak_bytes_per_second)
            .into(),
        report
            .and_then(|report| Some(report.exhaustion?.after_end_s))
            .into(),
        of(|report| report.totals.cycles),
        env!("CARGO_PKG_VERSION").into(),
        (&*origin.source).into(),
    ];
    part.take(Table::Recordings, &cells)
}

/// How often the target was reset. Not all sessions of many are listed.
fn resets(report: &Report) -> u64 {
    let mut problems = report.problems.iter();
    let told = problems.find(|problem| problem.code == "restart");
    told.map_or(0, |problem| problem.count)
}

/// What lives at the end: of sessions before the last reset, nothing does.
fn outstanding_at_end(report: &Report) -> u64 {
    let sessions = &report.sessions;
    let last = sessions.iter().rposition(|session| session.after_reset);
    match last {
        Some(last) => (sessions[last..].iter())
            .map(|session| session.outstanding_bytes)
            .sum(),
        None => report.totals.outstanding_bytes,
    }
}
