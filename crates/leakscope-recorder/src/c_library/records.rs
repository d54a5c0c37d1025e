//! Standalone mode for C.

use core::fmt;
use core::mem::MaybeUninit;
use core::sync::atomic::Ordering;

use super::{DEPTH, RECORDER, stream};
use crate::event::{Block, Recorder};
use crate::platform::FunctionClock;
use crate::stack::Origin;
use crate::standalone::{Mode, Policy, RecordBuffer, Slot};

/// The records of a C program. (What a dump says of the clock's frequency is nothing.)
pub(super) static RECORDS: RecordBuffer<'static, DEPTH, FunctionClock> =
    RecordBuffer::new(FunctionClock {
        now: stream::clock,
        hz: 1,
    })
    .policy(Policy::EvictOldest);

#[cold]
pub(super) fn alloc(block: Block, origin: Origin<'_>) {
    with_stack(origin, |stack| RECORDS.alloc(block, stack));
}

#[cold]
pub(super) fn free(block: Block, origin: Origin<'_>) {
    with_stack(origin, |stack| RECORDS.free(block, stack));
}

pub(super) fn realloc_begins(from: Block, origin: Origin<'_>) {
    with_stack(origin, |stack| RECORDS.realloc_begins(from, stack));
}

pub(super) fn realloc(from: Block, to: Block, origin: Origin<'_>) {
    with_stack(origin, |stack| RECORDS.realloc(from, to, stack));
}

/// Walks the stack between the addresses that `leakscope_init` was told, which the records cannot know.
fn with_stack(origin: Origin<'_>, record: impl FnOnce(Origin<'_>)) {
    let mut frames = [MaybeUninit::uninit(); DEPTH];
    record(Origin::Frames(
        origin.walk(&mut frames, stream::ranges()).frames,
    ));
}

/// Gives the record buffer its memory; returns for how many records there is room, 0 if it was refused.
///
/// # Safety
/// `memory` points to `bytes` bytes, which are the recorder's from now on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn leakscope_records_init(memory: *mut u8, bytes: usize) -> usize {
    let skipped = memory.align_offset(align_of::<Slot<DEPTH>>());
    let count = bytes.saturating_sub(skipped) / size_of::<Slot<DEPTH>>();
    if count == 0 {
        return 0;
    }
    let first = memory.wrapping_add(skipped).cast::<Slot<DEPTH>>();
    for index in 0..count {
        // SAFETY: aligned, and inside the memory that the caller gave.
        unsafe { first.add(index).write(Slot::EMPTY) };
    }
    // SAFETY: the slots were just written, and nobody else uses the memory.
    let slots = unsafe { core::slice::from_raw_parts_mut(first, count) };
    if RECORDS.init(slots).is_ok() {
        count
    } else {
        0
    }
}

/// Begins to record into the buffer: all blocks, or (`leaks_only`) those that are not freed. False if there
/// is no buffer.
#[unsafe(no_mangle)]
pub extern "C" fn leakscope_records_start(leaks_only: bool) -> bool {
    RECORDER.is_standalone.store(true, Ordering::Relaxed);
    let mode = if leaks_only { Mode::Leaks } else { Mode::All };
    RECORDS.start(mode).is_ok()
}

/// Stops recording; the records stay.
#[unsafe(no_mangle)]
pub extern "C" fn leakscope_records_stop() -> bool {
    RECORDS.stop().is_ok()
}

/// Ignores new allocations, and goes on recording frees.
#[unsafe(no_mangle)]
pub extern "C" fn leakscope_records_pause_allocations() -> bool {
    RECORDS.pause_allocations().is_ok()
}

/// Goes on after a stop or a pause.
#[unsafe(no_mangle)]
pub extern "C" fn leakscope_records_resume() -> bool {
    RECORDS.resume().is_ok()
}

/// How many records there are.
#[unsafe(no_mangle)]
pub extern "C" fn leakscope_records_count() -> usize {
    RECORDS.count()
}

/// `struct leakscope_summary` of the header.
#[repr(C)]
#[derive(Debug)]
#[allow(missing_docs, reason = "the header says it")]
pub struct CSummary {
    count: usize,
    capacity: usize,
    high_water_mark: usize,
    total_allocations: u32,
    total_frees: u32,
    unmatched_frees: u32,
    failed_allocations: u32,
    evicted_live: u32,
    evicted_freed: u32,
    not_recorded: u32,
}

/// What was recorded and what was lost, in numbers.
#[unsafe(no_mangle)]
pub extern "C" fn leakscope_records_summary() -> CSummary {
    let summary = RECORDS.summary();
    CSummary {
        count: summary.count,
        capacity: summary.capacity,
        high_water_mark: summary.high_water_mark,
        total_allocations: summary.total_allocations,
        total_frees: summary.total_frees,
        unmatched_frees: summary.unmatched_frees,
        failed_allocations: summary.failed_allocations,
        evicted_live: summary.evicted_live,
        evicted_freed: summary.evicted_freed,
        not_recorded: summary.not_recorded,
    }
}

/// Writes the records as text, piece by piece.
#[unsafe(no_mangle)]
pub extern "C" fn leakscope_records_dump(put: extern "C" fn(*const u8, usize)) {
    struct Pieces(extern "C" fn(*const u8, usize));

    impl fmt::Write for Pieces {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            (self.0)(text.as_ptr(), text.len());
            Ok(())
        }
    }

    // It has no errors of its own, and neither have the pieces.
    let _ = RECORDS.dump(&mut Pieces(put));
}
