//! The row of a call site, those of its windows, and those of its call stack.

use std::io;

use leakscope_export::tables::Cell;
use leakscope_report::document::call_site::{CallSite, Left};
use leakscope_report::identity::Identity;
use leakscope_report::{NamedFrame, Report};

use super::{Origin, Rows, signed};
use crate::schema::Table;
use crate::store::Part;

impl Rows {
    pub(super) fn sites(
        &mut self,
        origin: &Origin,
        report: &Report,
        part: &mut Part,
    ) -> io::Result<()> {
        let elf = report.trace.elf_sha256.as_deref();
        for site in &report.call_sites {
            if site.outstanding_blocks == 0 && site.failed_allocations == 0 && !self.all_sites {
                continue;
            }
            part.take(Table::Sites, &cells(origin, report, site))?;
            if let Some(left) = &site.left {
                windows(origin, &site.identity, left, part)?;
            }
            self.stack(elf, &site.identity, &site.frames, part)?;
        }
        Ok(())
    }

    /// The frames of a call stack, once for each program.
    pub(crate) fn stack(
        &mut self,
        elf_sha256: Option<&str>,
        identity: &Identity,
        frames: &[NamedFrame],
        part: &mut Part,
    ) -> io::Result<()> {
        let key = format!("{} {}", elf_sha256.unwrap_or(""), identity.stack);
        if !self.told.insert(key) {
            return Ok(());
        }
        for (place, frame) in frames.iter().enumerate() {
            let cells = [
                (&*identity.stack).into(),
                (&*identity.site).into(),
                elf_sha256.into(),
                signed(place as u64),
                frame.function.as_deref().into(),
                frame.file.as_deref().into(),
                frame.line.map(i64::from).into(),
                // The bits of an address: SQL has no numbers of 64 bits without a sign.
                frame.address.0.cast_signed().into(),
            ];
            part.take(Table::Stacks, &cells)?;
        }
        Ok(())
    }
}

fn cells<'r>(origin: &'r Origin, report: &Report, site: &'r CallSite) -> [Cell<'r>; 25] {
    let left = site.left.as_ref();
    let session = report.sessions.get(site.session);
    let times = site.blocks.iter().filter_map(|block| block.time_s);
    let age = |oldest| Some(session?.end_s? - oldest);
    let tasks = site.tasks.join("; ");
    let [recording, device, firmware] = origin.named();
    [
        recording,
        device,
        firmware,
        (&*site.identity.site).into(),
        (&*site.identity.stack).into(),
        (&*site.verdict).into(),
        site.standing.name().into(),
        site.confidence.name().into(),
        signed(site.allocations),
        signed(site.frees),
        signed(site.allocated_bytes),
        signed(site.outstanding_blocks),
        signed(site.outstanding_bytes),
        signed(site.peak_bytes),
        signed(site.failed_allocations),
        site.growth_bytes_per_second.into(),
        left.and_then(per_cycle).into(),
        left.and_then(|left| left.watched_s).into(),
        signed(left.map_or(0, |left| left.blocks)),
        signed(left.map_or(0, |left| left.bytes)),
        site.first_allocation_s.into(),
        site.last_allocation_s.into(),
        times.reduce(f64::min).and_then(age).into(),
        signed(site.frames.len() as u64),
        Cell::Text(leakscope_report::sanitise(&tasks).into_owned().into()),
    ]
}

fn per_cycle(left: &Left) -> Option<f64> {
    let cycles = left.cycle_bytes.len() as u64 * left.cycle_group;
    let bytes: i64 = left.cycle_bytes.iter().sum();
    (cycles > 0).then(|| bytes as f64 / cycles as f64)
}

fn windows(origin: &Origin, identity: &Identity, left: &Left, part: &mut Part) -> io::Result<()> {
    let count = left.window_bytes.len().max(1) as f64;
    let bytes = |windows: &[u64]| windows.iter().map(|&bytes| signed(bytes)).collect();
    let cycles = left.cycle_bytes.iter().map(|&bytes| bytes.into());
    let measures: [(&str, Option<f64>, Vec<Cell<'_>>); 3] = [
        (
            "left",
            left.watched_s.map(|all| all / count),
            bytes(&left.window_bytes),
        ),
        ("floor", left.floor_s, bytes(&left.floor_bytes)),
        ("cycles", Some(left.cycle_group as f64), cycles.collect()),
    ];
    for (measure, length, windows) in measures {
        for (number, bytes) in windows.into_iter().enumerate() {
            let [recording, ..] = origin.named();
            let cells = [
                recording,
                (&*identity.site).into(),
                (&*identity.stack).into(),
                measure.into(),
                signed(number as u64),
                length.into(),
                bytes,
            ];
            part.take(Table::Windows, &cells)?;
        }
    }
    Ok(())
}
