//! The row of a call site, those of its windows, and those of its call stack.

use std::io;

use leakscope_analysis::findings::Confidence;
use leakscope_export::tables::Cell;
use leakscope_report::document::call_site::CallSite;
use leakscope_report::{NamedFrame, Report};

use super::{Origin, Rows, Taker, signed};
use crate::schema::Table;

impl Rows {
    pub(super) fn sites(
        &mut self,
        origin: &Origin,
        report: &Report,
        taker: &mut dyn Taker,
    ) -> io::Result<()> {
        for site in &report.call_sites {
            if site.outstanding_blocks == 0 && site.failed_allocations == 0 && !self.all_sites {
                continue;
            }
            taker.take(Table::Sites, &cells(origin, report, site))?;
            windows(origin, site, taker)?;
            let elf = report.trace.elf_sha256.as_deref();
            self.stack(
                elf,
                &site.identity.site,
                &site.identity.stack,
                &site.frames,
                taker,
            )?;
        }
        Ok(())
    }

    /// The frames of a call stack, once for each program.
    pub(crate) fn stack(
        &mut self,
        elf_sha256: Option<&str>,
        site: &str,
        stack: &str,
        frames: &[NamedFrame],
        taker: &mut dyn Taker,
    ) -> io::Result<()> {
        if !self
            .told
            .insert(format!("{} {stack}", elf_sha256.unwrap_or("")))
        {
            return Ok(());
        }
        for (place, frame) in frames.iter().enumerate() {
            let cells = [
                stack.into(),
                site.into(),
                elf_sha256.into(),
                signed(place as u64),
                frame.function.as_deref().into(),
                frame.file.as_deref().into(),
                frame.line.map(i64::from).into(),
                // The bits of an address: SQL has no numbers of 64 bits without a sign.
                frame.address.0.cast_signed().into(),
            ];
            taker.take(Table::Stacks, &cells)?;
        }
        Ok(())
    }
}

fn cells<'r>(origin: &'r Origin, report: &Report, site: &'r CallSite) -> [Cell<'r>; 25] {
    let left = site.left.as_ref();
    let end = report
        .sessions
        .get(site.session)
        .and_then(|session| session.end_s);
    let oldest = site
        .blocks
        .iter()
        .filter_map(|block| block.time_s)
        .reduce(f64::min);
    let tasks = site.tasks.join("; ");
    [
        (&*origin.recording).into(),
        (&*origin.device).into(),
        (&*origin.firmware).into(),
        (&*site.identity.site).into(),
        (&*site.identity.stack).into(),
        (&*site.verdict).into(),
        site.standing.name().into(),
        confidence(site.confidence).into(),
        signed(site.allocations),
        signed(site.frees),
        signed(site.allocated_bytes),
        signed(site.outstanding_blocks),
        signed(site.outstanding_bytes),
        signed(site.peak_bytes),
        signed(site.failed_allocations),
        site.growth_bytes_per_second.into(),
        per_cycle(site).into(),
        left.and_then(|left| left.watched_s).into(),
        signed(left.map_or(0, |left| left.blocks)),
        signed(left.map_or(0, |left| left.bytes)),
        site.first_allocation_s.into(),
        site.last_allocation_s.into(),
        oldest.zip(end).map(|(oldest, end)| end - oldest).into(),
        signed(site.frames.len() as u64),
        Cell::Text(leakscope_report::sanitise(&tasks).into_owned().into()),
    ]
}

fn per_cycle(site: &CallSite) -> Option<f64> {
    let left = site.left.as_ref()?;
    let cycles = left.cycle_bytes.len() as u64 * left.cycle_group;
    let bytes: i64 = left.cycle_bytes.iter().sum();
    (cycles > 0).then(|| bytes as f64 / cycles as f64)
}

fn windows(origin: &Origin, site: &CallSite, taker: &mut dyn Taker) -> io::Result<()> {
    let Some(left) = &site.left else {
        return Ok(());
    };
    let seconds = left
        .watched_s
        .map(|all| all / left.window_bytes.len().max(1) as f64);
    let signed = |bytes: &u64| i64::try_from(*bytes).unwrap_or(i64::MAX);
    let measures: [(&str, Option<f64>, Vec<i64>); 3] = [
        (
            "left",
            seconds,
            left.window_bytes.iter().map(signed).collect(),
        ),
        (
            "floor",
            left.floor_s,
            left.floor_bytes.iter().map(signed).collect(),
        ),
        (
            "cycles",
            Some(left.cycle_group as f64),
            left.cycle_bytes.clone(),
        ),
    ];
    for (measure, length, windows) in measures {
        for (number, bytes) in windows.into_iter().enumerate() {
            let cells = [
                (&*origin.recording).into(),
                (&*site.identity.site).into(),
                (&*site.identity.stack).into(),
                measure.into(),
                Cell::Integer(number as i64),
                length.into(),
                bytes.into(),
            ];
            taker.take(Table::Windows, &cells)?;
        }
    }
    Ok(())
}

const fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}
