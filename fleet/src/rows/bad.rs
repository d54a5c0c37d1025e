//! The rows of failed allocations, and of frees that cannot be right: as many as a report lists.

use std::io;

use leakscope_export::tables::Cell;
use leakscope_report::identity::Identity;
use leakscope_report::{NamedFrame, Report, without_allocator};

use super::{Origin, signed, word};
use crate::schema::Table;
use crate::store::Part;

pub(super) fn rows(origin: &Origin, report: &Report, part: &mut Part) -> io::Result<()> {
    let elf = report.trace.elf_sha256.as_deref();
    let mut take = |what: [Cell<'_>; 5], frames: &[NamedFrame], context: &str| {
        let identity = Identity::of(without_allocator(frames), elf);
        let site = Some(&*identity.site).filter(|_| !frames.is_empty());
        let by = [site.into(), context.into()];
        let cells = [&origin.named()[..], &what, &by].concat();
        part.take(Table::EventsBad, &cells)
    };
    for failure in &report.failed_allocations {
        if !failure.retried {
            let [bytes, live_bytes] = [failure.size_bytes, failure.live_bytes].map(signed);
            let kind = "failed-allocation".into();
            let what = [kind, signed(0), failure.time_s.into(), bytes, live_bytes];
            take(what, &failure.frames, &failure.context)?;
        }
    }
    for free in &report.anomalies {
        let is_doubtful = signed(free.is_doubtful.into());
        let time = free.time_s.into();
        let what = [word(free.kind), is_doubtful, time, Cell::Null, Cell::Null];
        take(what, &free.frames, &free.context)?;
    }
    Ok(())
}
