//! The rows of failed allocations, and of frees that cannot be right: as many as a report lists.

use std::io;

use leakscope_export::tables::Cell;
use leakscope_report::document::anomaly::AnomalyKind;
use leakscope_report::identity::Identity;
use leakscope_report::{NamedFrame, Report, without_allocator};

use super::{Origin, Taker, signed};
use crate::schema::Table;

pub(super) fn rows(origin: &Origin, report: &Report, taker: &mut dyn Taker) -> io::Result<()> {
    let elf = report.trace.elf_sha256.as_deref();
    let site = |frames: &[NamedFrame]| match frames {
        [] => None,
        frames => Some(Identity::of(without_allocator(frames), elf).site),
    };
    for failure in report
        .failed_allocations
        .iter()
        .filter(|failure| !failure.retried)
    {
        let what = [signed(failure.size_bytes), signed(failure.live_bytes)];
        let site = site(&failure.frames);
        let cells = cells(
            origin,
            "failed-allocation",
            failure.time_s,
            what,
            site.as_deref(),
            &failure.context,
        );
        taker.take(Table::EventsBad, &cells)?;
    }
    for anomaly in &report.anomalies {
        let kind = match anomaly.kind {
            AnomalyKind::DoubleFree => "double-free",
            AnomalyKind::WrongFree => "wrong-free",
        };
        let what = [Cell::Null, Cell::Null];
        let site = site(&anomaly.frames);
        let cells = cells(
            origin,
            kind,
            anomaly.time_s,
            what,
            site.as_deref(),
            &anomaly.context,
        );
        taker.take(Table::EventsBad, &cells)?;
    }
    Ok(())
}

fn cells<'r>(
    origin: &'r Origin,
    kind: &'r str,
    time_s: Option<f64>,
    [bytes, live_bytes]: [Cell<'r>; 2],
    site: Option<&'r str>,
    context: &'r str,
) -> [Cell<'r>; 9] {
    [
        (&*origin.recording).into(),
        (&*origin.device).into(),
        (&*origin.firmware).into(),
        kind.into(),
        time_s.into(),
        bytes,
        live_bytes,
        site.into(),
        context.into(),
    ]
}
