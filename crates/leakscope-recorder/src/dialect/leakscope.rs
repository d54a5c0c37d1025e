//! leakscope's own heap module, version 1: a call stack is sent once, and then by number.

#![allow(
    clippy::inline_always,
    reason = "a call for each event, with its output in memory, cost a third of the instructions"
)]

use core::mem::MaybeUninit;

use super::sealed::Dialect;
use super::stack_table::{Slot, StackTable};
use super::{HeapEvent, MODULE_OFFSET, size_on_wire};
use crate::config::Config;
use crate::event::Block;
use crate::packets::{Cursor, Output};

/// The version that the `Heap` event states.
const VERSION: u32 = 1;

const ALLOC: u32 = MODULE_OFFSET;
const FREE: u32 = MODULE_OFFSET + 1;
const REALLOC: u32 = MODULE_OFFSET + 2;
const FAILED: u32 = MODULE_OFFSET + 3;
const HEAP: u32 = MODULE_OFFSET + 4;
const STACK: u32 = MODULE_OFFSET + 5;
const WIDE_STACK: u32 = MODULE_OFFSET + 6;

/// The number that stands for no stack.
const NO_STACK: u32 = 0;

/// The longest `Alloc` or `Free`: id, length, four numbers, delta.
const LONGEST_BLOCK: usize = 2 + 1 + 4 * 5 + 5;

const POINTER_BYTES: usize = size_of::<usize>();
/// Words that an address can take on the wire.
const WORDS: usize = POINTER_BYTES.div_ceil(4);

/// leakscope's own module, with call stacks of at most `DEPTH` frames (0 to 64; 0 records none), of which
/// `STACKS` (a power of two) are remembered as known to the host.
///
/// Each remembered stack costs 4 bytes of RAM; a program with more stacks than that has some sent again.
#[derive(Debug)]
pub struct Leakscope<const DEPTH: usize, const STACKS: usize = 128> {
    known: StackTable<STACKS>,
}

impl<const DEPTH: usize, const STACKS: usize> Dialect for Leakscope<DEPTH, STACKS> {
    const NEW: Self = {
        assert!(DEPTH <= 64, "call stacks have at most 64 frames");
        Self {
            known: StackTable::NEW,
        }
    };
    // Id, length, delta; and the longest of: seven numbers (Realloc), nine (Heap), or a stack.
    const LONGEST: usize = 2 + 2 + 5 + {
        let stack = 5 + 5 * WORDS * DEPTH;
        if stack > 45 { stack } else { 45 }
    };
    const DESCRIPTION: &'static [&'static str] = &[
        "M=leakscope heap,0 Alloc Address=%p Size=%u Stack=%u,1 Free Address=%p Size=%u Stack=%u",
        "M=leakscope heap,2 Realloc Address=%p Size=%u Stack=%u From=%p FromSize=%u,3 Failed Size=%u Stack=%u",
        "M=leakscope heap,4 Heap Version=%u PointerBytes=%u Shift=%u Depth=%u HeapSize=%u Base=%p BaseHigh=%u Code=%p CodeHigh=%u",
        "M=leakscope heap,5 Stack Number=%u Frames: %p %p %p %p %p %p %p %p,6 WideStack Number=%u Words: %p %p %p %p %p %p",
    ];
    type Frames = [MaybeUninit<usize>; DEPTH];

    fn start(&mut self, output: &mut Output<'_>, config: &Config) {
        self.known.clear();
        output.module_event(HEAP, Self::LONGEST, |fields| {
            fields.number(VERSION);
            fields.number(POINTER_BYTES as u32);
            fields.number(u32::from(config.heap_shift));
            fields.number(DEPTH as u32);
            fields.number(size_on_wire(config.heap_size));
            fields.number(config.heap_base as u32);
            fields.number(high_word(config.heap_base));
            fields.number(config.code_base() as u32);
            fields.number(high_word(config.code_base()));
        });
    }

    #[inline(always)]
    fn heap_event_in_place(
        &mut self,
        output: &mut Output<'_>,
        config: &Config,
        event: HeapEvent,
        stack: &[usize],
    ) -> bool {
        let (id, block) = match event {
            HeapEvent::Alloc(block) => (ALLOC, block),
            HeapEvent::Free(block) => (FREE, block),
            HeapEvent::Realloc { .. } | HeapEvent::Failed(_) => return false,
        };
        let stack = if DEPTH == 0 || stack.is_empty() {
            NO_STACK
        } else if let Slot::Known(number) = self.known.look_up(stack) {
            number
        } else {
            return false;
        };
        output.module_event_in_place(id, LONGEST_BLOCK, |fields| {
            block_fields(fields, config, block, stack);
        })
    }

    fn heap_event(
        &mut self,
        output: &mut Output<'_>,
        config: &Config,
        event: HeapEvent,
        stack: &[usize],
    ) {
        let stack = self.number(output, config, stack);
        match event {
            HeapEvent::Alloc(block) => output.module_event(ALLOC, LONGEST_BLOCK, |fields| {
                block_fields(fields, config, block, stack);
            }),
            HeapEvent::Free(block) => output.module_event(FREE, LONGEST_BLOCK, |fields| {
                block_fields(fields, config, block, stack);
            }),
            HeapEvent::Realloc { from, to } => {
                output.module_event(REALLOC, Self::LONGEST, |fields| {
                    realloc_fields(fields, config, from, to, stack);
                })
            }
            HeapEvent::Failed(size) => output.module_event(FAILED, Self::LONGEST, |fields| {
                fields.number(size_on_wire(size));
                fields.number(stack);
            }),
        };
    }
}

impl<const DEPTH: usize, const STACKS: usize> Leakscope<DEPTH, STACKS> {
    /// The number under which the host knows `stack`, having told it if need be; 0 if there is no stack,
    /// or no room to tell.
    fn number(&mut self, output: &mut Output<'_>, config: &Config, stack: &[usize]) -> u32 {
        if DEPTH == 0 || stack.is_empty() {
            return NO_STACK;
        }
        match self.known.look_up(stack) {
            Slot::Known(number) => number,
            Slot::Vacant { number, hash } => {
                if !define(output, config, Self::LONGEST, number, stack) {
                    return NO_STACK;
                }
                self.known.define(number, hash);
                number
            }
        }
    }
}

/// Tells the host that `number` is `stack`; returns whether that packet found room.
fn define(
    output: &mut Output<'_>,
    config: &Config,
    longest: usize,
    number: u32,
    stack: &[usize],
) -> bool {
    let offset = |frame: usize| frame.wrapping_sub(config.code_base());
    if stack.iter().all(|&frame| high_word(offset(frame)) == 0) {
        output.module_event(STACK, longest, |fields| {
            fields.number(number);
            for &frame in stack {
                fields.number(offset(frame) as u32);
            }
        })
    } else {
        output.module_event(WIDE_STACK, longest, |fields| {
            fields.number(number);
            for &frame in stack {
                fields.number(offset(frame) as u32);
                fields.number(high_word(offset(frame)));
            }
        })
    }
}

/// The fields that `Alloc` and `Free` share.
#[inline]
fn block_fields(fields: &mut Cursor, config: &Config, block: Block, stack: u32) {
    let (address, high) = offset(block.address, config);
    fields.number(address);
    fields.number(size_on_wire(block.size));
    fields.number(stack);
    if high != 0 {
        fields.number(high);
    }
}

/// The fields of `Realloc`.
fn realloc_fields(fields: &mut Cursor, config: &Config, from: Block, to: Block, stack: u32) {
    let (address, high) = offset(to.address, config);
    let (from_address, from_high) = offset(from.address, config);
    fields.number(address);
    fields.number(size_on_wire(to.size));
    fields.number(stack);
    fields.number(from_address);
    fields.number(size_on_wire(from.size));
    if high != 0 || from_high != 0 {
        fields.number(high);
        fields.number(from_high);
    }
}

/// The offset from the heap's base: low word turned, high word.
#[inline]
fn offset(address: usize, config: &Config) -> (u32, u32) {
    let offset = address.wrapping_sub(config.heap_base);
    let low = (offset as u32).rotate_right(u32::from(config.heap_shift));
    (low, high_word(offset))
}

/// Bits 32 and up: 0 on 32-bit machines.
#[inline]
const fn high_word(value: usize) -> u32 {
    (value as u64 >> 32) as u32
}
