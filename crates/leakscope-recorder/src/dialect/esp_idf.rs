//! ESP-IDF's heap module (`heap_trace_module.c` in Espressif's `esp_sysview`).

#![allow(
    clippy::inline_always,
    reason = "a call for each event, with its output in memory, cost a third of the instructions"
)]

use core::fmt::Write as _;
use core::mem::MaybeUninit;

use leakscope_systemview::{Text, id};

use super::sealed::Dialect;
use super::{HeapEvent, MODULE_OFFSET, size_on_wire};
use crate::config::Config;
use crate::event::Block;
use crate::line::Line;
use crate::packets::{Cursor, Output};
use crate::stack::Walked;

const ALLOC: u32 = MODULE_OFFSET;
const FREE: u32 = MODULE_OFFSET + 1;

/// The module that Espressif's tools read: every event carries `DEPTH` callers (at most 32), unused
/// ones as zeros.
///
/// Their decoder takes an interrupt without a name, an id that it does not know, and a block that is allocated twice for the
/// end of the recording. So interrupts get a name before they are told of, messages are formatted on the device, and
/// allocations that failed, ends of tasks and single marks are left out.
#[derive(Debug)]
pub struct EspIdf<const DEPTH: usize> {
    /// A bit for each interrupt whose name the host knows.
    named: [u32; WORDS],
}

/// Cortex-M has 496 interrupts at most, others have fewer. Of those with higher numbers the name is told each time.
const WORDS: usize = 512 / 32;

impl<const DEPTH: usize> Dialect for EspIdf<DEPTH> {
    const NEW: Self = {
        assert!(DEPTH <= 32, "ESP-IDF's heap module has at most 32 callers");
        Self { named: [0; WORDS] }
    };
    // Id, length, address and size, callers, delta.
    const LONGEST: usize = 2 + 2 + 10 + 5 * DEPTH + 5;
    const DESCRIPTION: &'static [&'static str] = &["M=ESP32 SystemView Heap Tracing Module"];
    const PLAIN: bool = true;
    const DEPTH: usize = DEPTH;
    const KNOWS_STACKS: bool = false;
    type Frames = [MaybeUninit<usize>; DEPTH];

    fn forget(&mut self, config: &Config) {
        self.named = [0; WORDS];
        for described in config.descriptions {
            self.mark(described_interrupt(described));
        }
    }

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
        match event {
            HeapEvent::Alloc(block)
            | HeapEvent::Moved { to: block, .. }
            | HeapEvent::Kept { block, .. } => {
                output.module_event(ALLOC, Self::LONGEST, |fields| {
                    alloc_fields::<DEPTH>(fields, block, stack.frames);
                });
            }
            HeapEvent::Free(block) | HeapEvent::Move(block) => {
                output.module_event(FREE, Self::LONGEST, |fields| {
                    free_fields::<DEPTH>(fields, block, stack.frames);
                });
            }
            HeapEvent::Failed(_) => {}
        }
    }

    #[inline(always)]
    fn knows_interrupt(&self, interrupt: u32) -> bool {
        let word = self.named.get(interrupt as usize / 32);
        word.is_some_and(|word| word >> (interrupt % 32) & 1 != 0)
    }

    #[cold]
    fn tell_interrupt(&mut self, output: &mut Output<'_>, interrupt: u32) -> bool {
        if self.knows_interrupt(interrupt) {
            return true;
        }
        let mut name = Line::NEW;
        let _ = write!(name, "I#{interrupt}=IRQ {interrupt}");
        let is_told = output.packet(id::SYSDESC, &mut |fields| fields.string(Text(name.bytes())));
        if is_told {
            self.mark(Some(interrupt));
        }
        is_told
    }
}

impl<const DEPTH: usize> EspIdf<DEPTH> {
    /// The host knows the name of this interrupt, or will.
    fn mark(&mut self, interrupt: Option<u32>) {
        let word = interrupt.and_then(|number| self.named.get_mut(number as usize / 32));
        if let (Some(word), Some(number)) = (word, interrupt) {
            *word |= 1 << (number % 32);
        }
    }
}

/// Which interrupt a description names: one that begins with `I#number=`.
fn described_interrupt(text: &str) -> Option<u32> {
    let (number, name) = text.strip_prefix("I#")?.split_once('=')?;
    (!name.is_empty()).then(|| number.parse().ok()).flatten()
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
