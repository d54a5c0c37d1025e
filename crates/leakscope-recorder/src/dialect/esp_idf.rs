//! ESP-IDF's heap module (`heap_trace_module.c` in Espressif's `esp_sysview`).

#![allow(
    clippy::inline_always,
    reason = "a call for each event, with its output in memory, cost a third of the instructions"
)]

use core::mem::MaybeUninit;

use super::sealed::Dialect;
use super::{HeapEvent, MODULE_OFFSET, size_on_wire};
use crate::config::Config;
use crate::event::Block;
use crate::packets::{Cursor, Output};
use crate::stack::Walked;

const ALLOC: u32 = MODULE_OFFSET;
const FREE: u32 = MODULE_OFFSET + 1;

/// The module that Espressif's tools read: every event carries `DEPTH` callers (at most 32), unused
/// ones as zeros.
#[derive(Clone, Copy, Debug)]
pub struct EspIdf<const DEPTH: usize> {}

impl<const DEPTH: usize> Dialect for EspIdf<DEPTH> {
    const NEW: Self = {
        assert!(DEPTH <= 32, "ESP-IDF's heap module has at most 32 callers");
        Self {}
    };
    // Id, length, address and size, callers, delta.
    const LONGEST: usize = 2 + 2 + 10 + 5 * DEPTH + 5;
    const DESCRIPTION: &'static [&'static str] = &["M=ESP32 SystemView Heap Tracing Module"];
    // Espressif's decoder knows of no recording that does so.
    const REPEATS: bool = false;
    const DEPTH: usize = DEPTH;
    const KNOWS_STACKS: bool = false;
    type Frames = [MaybeUninit<usize>; DEPTH];

    fn forget(&mut self) {}

    fn tell_units(&self, _: &mut Output<'_>, _: &Config, _: bool) {}

    #[inline(always)]
    fn heap_event_in_place(
        &mut self,
        output: &mut Output<'_>,
        _: &Config,
        event: HeapEvent,
        stack: Walked<'_>,
    ) -> bool {
        match event {
            HeapEvent::Alloc(block) | HeapEvent::Moved { to: block, .. } => output
                .module_event_in_place(ALLOC, Self::LONGEST, |fields| {
                    alloc_fields::<DEPTH>(fields, block, stack.frames);
                }),
            HeapEvent::Free(block) | HeapEvent::Move(block) => {
                output.module_event_in_place(FREE, Self::LONGEST, |fields| {
                    free_fields::<DEPTH>(fields, block, stack.frames);
                })
            }
            HeapEvent::Kept { .. } | HeapEvent::Failed(_) => false,
        }
    }

    fn heap_event(
        &mut self,
        output: &mut Output<'_>,
        _: &Config,
        event: HeapEvent,
        stack: Walked<'_>,
    ) {
        // As ESP-IDF has it: a block that is reallocated is freed before, and allocated after.
        let (is_alloc, block) = match event {
            HeapEvent::Alloc(block)
            | HeapEvent::Moved { to: block, .. }
            | HeapEvent::Kept { block, .. } => (true, block),
            HeapEvent::Free(block) | HeapEvent::Move(block) => (false, block),
            HeapEvent::Failed(size) => (true, Block { address: 0, size }),
        };
        if is_alloc {
            output.module_event(ALLOC, Self::LONGEST, |fields| {
                alloc_fields::<DEPTH>(fields, block, stack.frames);
            });
        } else {
            output.module_event(FREE, Self::LONGEST, |fields| {
                free_fields::<DEPTH>(fields, block, stack.frames);
            });
        }
    }
}

#[inline]
fn alloc_fields<const DEPTH: usize>(fields: &mut Cursor, block: Block, stack: &[usize]) {
    fields.number(block.address as u32);
    fields.number(size_on_wire(block.size));
    callers::<DEPTH>(fields, stack);
}

#[inline]
fn free_fields<const DEPTH: usize>(fields: &mut Cursor, block: Block, stack: &[usize]) {
    fields.number(block.address as u32);
    callers::<DEPTH>(fields, stack);
}

#[inline]
fn callers<const DEPTH: usize>(fields: &mut Cursor, stack: &[usize]) {
    for &frame in stack {
        fields.number(frame as u32);
    }
    for _ in stack.len()..DEPTH {
        fields.number(0);
    }
}
