//! The records as text, in the grammar of ESP-IDF's `heap_trace_dump` (5.5 and later), so that the
//! same programs read both.
//!
//! What the grammar has no place for (frees without a record, as double frees are, and failed allocations) is in notes,
//! which its readers pass over; how much was lost, and why, is in the [`Summary`](super::Summary).

use core::fmt::{self, Write};

use super::records::Mode;
use super::slots::Record;
use super::{RecordBuffer, Records};
use crate::platform::{Clock, CoreNumber};

impl<const DEPTH: usize, C: Clock, N: CoreNumber> RecordBuffer<'_, DEPTH, C, N> {
    /// Writes all records, and a summary.
    ///
    /// Each record is copied inside the critical section and written outside, so that printing may take
    /// its time. If something is recorded meanwhile, blocks may appear twice, and the summary says so; [`stop`](Self::stop)
    /// first. Another dump that begins meanwhile cuts this one, which says so as well.
    ///
    /// # Errors
    /// If `output` has one.
    pub fn dump(&self, output: &mut impl Write) -> fmt::Result {
        let (before, changes, dump) =
            self.with(|records| (records.summary(), records.changes(), records.begin_dump()));
        writeln!(
            output,
            "====== Heap Trace: {} records ({} capacity) ======",
            before.count, before.capacity
        )?;
        let mut alive = Alive::default();
        for _ in 0..before.count {
            let Some(record) = self.with(|records| records.next_dumped(dump)) else {
                break;
            };
            alive.add(&record);
            write_record(output, &record)?;
        }
        writeln!(output, "====== Heap Trace Summary ======")?;
        let Alive { bytes, blocks } = alive;
        match before.mode {
            Mode::All => {
                writeln!(output, "Mode: Heap Trace All")?;
                writeln!(
                    output,
                    "{bytes} bytes alive in trace ({blocks}/{} allocations)",
                    before.count
                )?;
            }
            Mode::Leaks => {
                writeln!(output, "Mode: Heap Trace Leaks")?;
                writeln!(
                    output,
                    "{bytes} bytes 'leaked' in trace ({blocks} allocations)"
                )?;
            }
        }
        writeln!(
            output,
            "records: {} ({} capacity, {} high water mark)",
            before.count, before.capacity, before.high_water_mark
        )?;
        writeln!(output, "total allocations: {}", before.total_allocations)?;
        writeln!(output, "total frees: {}", before.total_frees)?;
        let (has_changed, is_cut) = self.with(|records: &mut Records<'_, DEPTH>| {
            (records.changes() != changes, records.is_cut(dump))
        });
        if has_changed {
            writeln!(
                output,
                "(NB: New entries were traced while dumping, so trace dump may have duplicate entries.)"
            )?;
        }
        if before.unmatched_frees != 0 || before.failed_allocations != 0 {
            writeln!(
                output,
                "(NB: {} frees of blocks that have no record, {} failed allocations.)",
                before.unmatched_frees, before.failed_allocations
            )?;
        }
        if is_cut || before.has_overflowed() {
            writeln!(
                output,
                "(NB: Internal Buffer has overflowed, so trace data is incomplete.)"
            )?;
        }
        writeln!(output, "================================")
    }
}

/// What the printed records add up to.
#[derive(Default)]
struct Alive {
    bytes: usize,
    blocks: usize,
}

impl Alive {
    fn add<const DEPTH: usize>(&mut self, record: &Record<DEPTH>) {
        if !record.is_freed {
            self.bytes = self.bytes.wrapping_add(record.block.size);
            self.blocks += 1;
        }
    }
}

fn write_record<const DEPTH: usize>(
    output: &mut impl Write,
    record: &Record<DEPTH>,
) -> fmt::Result {
    write!(
        output,
        "{:6} bytes (@ 0x{:08x}) allocated CPU {} ccount 0x{:08x}",
        record.block.size,
        record.block.address,
        record.core,
        // ESP-IDF keeps the core in the low bits, and leaves them out here.
        record.time & !0b11
    )?;
    let is_known = |stack: &[usize]| stack.first().is_some_and(|&frame| frame != 0);
    if is_known(&record.allocated_by) {
        write!(output, " caller ")?;
        for (place, frame) in record.allocated_by.iter().enumerate() {
            if *frame == 0 {
                break;
            }
            // A colon after every frame but that of the last slot: a stack that ends early ends in one.
            let colon = if place + 1 < DEPTH { ":" } else { "" };
            write!(output, "0x{frame:08x}{colon}")?;
        }
    }
    if !record.is_freed {
        return writeln!(output);
    }
    if !is_known(&record.freed_by) {
        return writeln!(output, " freed");
    }
    write!(output, "\nfreed by ")?;
    for (place, frame) in record.freed_by.iter().enumerate() {
        let colon = if place == 0 { "" } else { ":" };
        write!(output, "{colon}0x{frame:08x}")?;
    }
    writeln!(output)
}
