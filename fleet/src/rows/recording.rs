//! The row of a recording, and those of its labels.

use std::io;

use leakscope_export::tables::Cell;
use leakscope_report::{Conclusion, Report};

use super::{Origin, Taker, signed};
use crate::schema::Table;

/// Without a report, it is a list of metrics.
pub(super) fn rows(
    origin: &Origin,
    report: Option<&Report>,
    taker: &mut dyn Taker,
) -> io::Result<()> {
    for (label, content) in &origin.labels {
        let cells = [
            (&*origin.recording).into(),
            (&**label).into(),
            (&**content).into(),
        ];
        taker.take(Table::Labels, &cells)?;
    }
    let of = |get: fn(&Report) -> u64| signed(report.map_or(0, get));
    let heap = report.and_then(heap_bytes);
    let outstanding = report.map_or(0, |report| report.totals.outstanding_bytes);
    let cells = [
        (&*origin.recording).into(),
        (&*origin.device).into(),
        (&*origin.product).into(),
        (&*origin.hardware).into(),
        (&*origin.firmware).into(),
        report
            .and_then(|report| report.trace.elf_sha256.as_deref())
            .into(),
        of(|report| report.trace.has_symbols.into()),
        origin.kind.name().into(),
        origin.ingested_at.into(),
        origin.recorded_at.into(),
        origin.uptime_s.into(),
        report.map_or(0.0, observed_s).into(),
        of(|report| report.sessions.len() as u64),
        of(|report| {
            let sessions = report.sessions.iter();
            sessions.filter(|session| session.after_reset).count() as u64
        }),
        of(|report| report.totals.events),
        of(|report| report.totals.heap_events),
        of(|report| report.totals.dropped_packets),
        of(|report| report.totals.skipped_bytes),
        report.map(|report| conclusion(report.conclusion)).into(),
        of(|report| report.totals.allocations),
        of(|report| report.totals.frees),
        signed(outstanding),
        of(|report| report.totals.peak_bytes),
        heap.map_or(Cell::Null, signed),
        heap.and_then(|heap| heap.checked_sub(outstanding))
            .map_or(Cell::Null, signed),
        of(|report| report.totals.failed_allocations),
        of(|report| report.totals.leaks),
        report
            .and_then(|report| report.totals.leak_bytes_per_second)
            .into(),
        report
            .and_then(|report| report.exhaustion)
            .map(|exhaustion| exhaustion.after_end_s)
            .into(),
        of(|report| report.totals.cycles),
        env!("CARGO_PKG_VERSION").into(),
        (&*origin.source).into(),
    ];
    taker.take(Table::Recordings, &cells)
}

/// How long the heap was watched.
fn observed_s(report: &Report) -> f64 {
    let length = report.trace.length_s.filter(|_| report.trace.has_history);
    length.unwrap_or(0.0)
}

/// The size of all heaps, if it is known of each.
fn heap_bytes(report: &Report) -> Option<u64> {
    let sizes = report.heaps.iter().map(|heap| heap.size_bytes);
    let sum: Option<u64> = sizes.sum();
    sum.filter(|&bytes| bytes > 0)
}

const fn conclusion(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Leak => "leak",
        Conclusion::NoLeakSeen => "no-leak-seen",
        Conclusion::Uncertain => "uncertain",
        Conclusion::NothingKnown => "nothing-known",
    }
}
