//! The rows of failed allocations, and of frees that cannot be right: as many as a report lists.

use std::io;

use leakscope_export::tables::Cell;
use leakscope_report::identity::Identity;
use leakscope_report::{Report, without_allocator};

use super::{Origin, signed, word};
use crate::schema::Table;
use crate::store::Part;

pub(super) fn rows(origin: &Origin, report: &Report, part: &mut Part) -> io::Result<()> {
    let failures = report
        .failed_allocations
        .iter()
        .filter(|failure| !failure.retried);
    let failures = failures.map(|failure| {
        let bytes = [signed(failure.size_bytes), signed(failure.live_bytes)];
        let kind = "failed-allocation".into();
        (
            kind,
            failure.time_s,
            bytes,
            &failure.frames,
            &failure.context,
        )
    });
    let frees = report.anomalies.iter().map(|free| {
        let bytes = [Cell::Null, Cell::Null];
        (
            word(free.kind),
            free.time_s,
            bytes,
            &free.frames,
            &free.context,
        )
    });
    for (kind, time_s, [bytes, live_bytes], frames, context) in failures.chain(frees) {
        let identity = Identity::of(
            without_allocator(frames),
            report.trace.elf_sha256.as_deref(),
        );
        let site = Some(&*identity.site).filter(|_| !frames.is_empty());
        let [recording, device, firmware] = origin.named();
        let cells = [
            recording,
            device,
            firmware,
            kind,
            time_s.into(),
            bytes,
            live_bytes,
            site.into(),
            (&**context).into(),
        ];
        part.take(Table::EventsBad, &cells)?;
    }
    Ok(())
}
