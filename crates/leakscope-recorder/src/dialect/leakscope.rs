//! leakscope's own heap module, version 2: a call stack is sent once in a while, and otherwise by number.

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
use crate::packets::{Cursor, Mode, Output};
use crate::stack::Walked;

/// The version that the `Heap` event states.
const VERSION: u32 = 2;

const ALLOC: u32 = MODULE_OFFSET;
// 1 and 2 are the free and the reallocation of version 1.
const FAILED: u32 = MODULE_OFFSET + 3;
const HEAP: u32 = MODULE_OFFSET + 4;
const STACK: u32 = MODULE_OFFSET + 5;
const WIDE_STACK: u32 = MODULE_OFFSET + 6;
const FREE: u32 = MODULE_OFFSET + 7;
const MOVE: u32 = MODULE_OFFSET + 8;
const MOVED: u32 = MODULE_OFFSET + 9;
const KEPT: u32 = MODULE_OFFSET + 10;
const SCANNED_STACK: u32 = MODULE_OFFSET + 11;

/// The number that stands for no stack.
const NO_STACK: u32 = 0;

/// The longest event of the short way: id, length, the six numbers of `Moved`, delta.
const LONGEST_EVENT: usize = 2 + 1 + 6 * 5 + 5;

const POINTER_BYTES: usize = size_of::<usize>();
/// Words that an address can take on the wire.
const WORDS: usize = POINTER_BYTES.div_ceil(4);

/// leakscope's own module, with call stacks of at most `DEPTH` frames (0 to 64; 0 records none), of which
/// `STACKS` (a power of two) are remembered as known to the host. Of a stack that is scanned, `DEPTH` words that could be
/// frames are sent beside the first one: 16 are few enough to be short, and hold ten frames of most stacks.
///
/// Each remembered stack costs 6 bytes of RAM; a program with more stacks than that has some sent again. Scans need twice
/// as many, 256.
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
    // Id, length, delta; and the longest of: the sixteen numbers of `Heap`, a stack, or what a scan has found.
    const LONGEST: usize = 2 + 2 + 5 + {
        let stack = 5 + 5 * WORDS * DEPTH;
        let scan = 2 * 5 + (5 + 2) * DEPTH;
        let longer = if stack > scan { stack } else { scan };
        if longer > 80 { longer } else { 80 }
    };
    const DESCRIPTION: &'static [&'static str] = &[
        "M=leakscope heap",
        "M=leakscope heap,0 Alloc Address=%p Size=%u Stack=%u,7 Free Address=%p Stack=%u,8 Move Address=%p Stack=%u",
        "M=leakscope heap,9 Moved Address=%p Size=%u Stack=%u From=%p,10 Kept Address=%p Size=%u Stack=%u",
        "M=leakscope heap,3 Failed Size=%u Stack=%u,5 Stack Number=%u Frames: %p %p %p %p %p %p",
        "M=leakscope heap,6 WideStack Number=%u Words: %p %p %p %p %p %p,11 ScannedStack Number=%u Return=%p Found: %u %p %u %p",
        "M=leakscope heap,4 Heap Version=%u PointerBytes=%u Shift=%u Depth=%u HeapSize=%u Base=%p BaseHigh=%u Code=%p",
    ];
    const PLAIN: bool = false;
    const DEPTH: usize = DEPTH;
    const KNOWS_STACKS: bool = true;
    type Frames = ([MaybeUninit<usize>; DEPTH], [MaybeUninit<u16>; DEPTH]);

    fn forget(&mut self, _: &Config) {
        self.known.clear();
    }

    fn tell_units(&self, output: &mut Output<'_>, config: &Config, is_repeated: bool) {
        output.module_event(HEAP, Self::LONGEST, |fields| {
            fields.seldom_number(VERSION);
            fields.seldom_number(POINTER_BYTES as u32);
            fields.seldom_number(u32::from(config.heap_shift));
            fields.seldom_number(DEPTH as u32);
            fields.seldom_number(size_on_wire(config.heap_size));
            fields.seldom_number(config.heap_base as u32);
            fields.seldom_number(high_word(config.heap_base));
            fields.seldom_number(config.code_base() as u32);
            fields.seldom_number(high_word(config.code_base()));
            fields.seldom_number(STACKS as u32);
            fields.seldom_number(u32::from(is_repeated));
            fields.seldom_number(size_on_wire(config.filter.least_size));
            fields.seldom_number(config.filter.one_in);
            fields.seldom_number(config.shrink_task(config.filter.task));
            fields.seldom_number(u32::from(config.limits.words));
            fields.seldom_number(u32::from(config.heap_is_scattered));
        });
    }

    #[inline(always)]
    fn heap_event_in_place(
        &mut self,
        output: &mut Output<'_>,
        config: &Config,
        event: HeapEvent,
        stack: Walked<'_>,
    ) -> bool {
        let stack = if DEPTH == 0 || stack.hash == 0 {
            NO_STACK
        } else if let Some(number) = self.known.use_known(stack.hash) {
            number
        } else {
            return false;
        };
        // An arm each, so that each has code of its own.
        match event {
            HeapEvent::Alloc(Block { address, size }) => {
                output.module_event_in_place(ALLOC, LONGEST_EVENT, |fields| {
                    block_fields(fields, config, address, Some(size), stack);
                })
            }
            HeapEvent::Free(block) => output.module_event_in_place(FREE, LONGEST_EVENT, |fields| {
                block_fields(fields, config, block.address, None, stack);
            }),
            HeapEvent::Move(block) => output.module_event_in_place(MOVE, LONGEST_EVENT, |fields| {
                block_fields(fields, config, block.address, None, stack);
            }),
            HeapEvent::Moved { from, to } => {
                output.module_event_in_place(MOVED, LONGEST_EVENT, |fields| {
                    moved_fields(fields, config, from, to, stack);
                })
            }
            HeapEvent::Kept { .. } | HeapEvent::Failed(_) => false,
        }
    }

    fn heap_event(
        &mut self,
        output: &mut Output<'_>,
        config: &Config,
        event: HeapEvent,
        stack: Walked<'_>,
    ) {
        let stack = self.number(output, config, stack);
        output.module_event(id(event), Self::LONGEST, |fields| {
            event_fields(fields, config, event, stack);
        });
    }
}

impl<const DEPTH: usize, const STACKS: usize> Leakscope<DEPTH, STACKS> {
    /// The number of a stack, which the host is told if it does not know it. If that finds no room, the event has no
    /// stack, and the next event tries again.
    #[inline(never)]
    fn number(&mut self, output: &mut Output<'_>, config: &Config, stack: Walked<'_>) -> u32 {
        if DEPTH == 0 || stack.hash == 0 {
            return NO_STACK;
        }
        match self.known.look_up(stack.hash) {
            Slot::Known(number) => number,
            Slot::Due(number) => {
                let stored = output.stored;
                // No event is to be lost for it.
                let has_room =
                    output.chain.mode >= Mode::Recording && output.ring.free() > 3 * Self::LONGEST;
                if output.chain.repeats.may_repeat()
                    && has_room
                    && define(output, config, Self::LONGEST, number, stack)
                {
                    self.known.define(number, stack.hash);
                    output.chain.repeats.pay(output.stored - stored);
                } else {
                    self.known.postpone(number);
                }
                number
            }
            Slot::Vacant(number) => {
                if !define(output, config, Self::LONGEST, number, stack) {
                    return NO_STACK;
                }
                self.known.define(number, stack.hash);
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
    stack: Walked<'_>,
) -> bool {
    let offset = |frame: usize| frame.wrapping_sub(config.code_base());
    if let Some(scanned) = stack.scanned {
        return output.module_event(SCANNED_STACK, longest, |fields| {
            fields.seldom_number(number);
            fields.seldom_number(offset(scanned.return_address) as u32);
            let mut below = 0;
            for (&place, &frame) in scanned.places.iter().zip(stack.frames) {
                fields.seldom_number(u32::from(place - below));
                fields.seldom_number(offset(frame) as u32);
                below = place;
            }
        });
    }
    let is_wide = stack
        .frames
        .iter()
        .any(|&frame| high_word(offset(frame)) != 0);
    let id = if is_wide { WIDE_STACK } else { STACK };
    output.module_event(id, longest, |fields| {
        fields.seldom_number(number);
        for &frame in stack.frames {
            fields.seldom_number(offset(frame) as u32);
            if is_wide {
                fields.seldom_number(high_word(offset(frame)));
            }
        }
    })
}

const fn id(event: HeapEvent) -> u32 {
    match event {
        HeapEvent::Alloc(_) => ALLOC,
        HeapEvent::Free(_) => FREE,
        HeapEvent::Move(_) => MOVE,
        HeapEvent::Moved { .. } => MOVED,
        HeapEvent::Kept { .. } => KEPT,
        HeapEvent::Failed(_) => FAILED,
    }
}

/// The fields of an event.
fn event_fields(fields: &mut Cursor, config: &Config, event: HeapEvent, stack: u32) {
    let (address, size) = match event {
        HeapEvent::Alloc(Block { address, size }) => (address, Some(size)),
        HeapEvent::Free(block) | HeapEvent::Move(block) => (block.address, None),
        HeapEvent::Kept { block, wanted } => (block.address, Some(wanted)),
        HeapEvent::Moved { from, to } => return moved_fields(fields, config, from, to, stack),
        HeapEvent::Failed(size) => {
            fields.seldom_number(size_on_wire(size));
            return fields.seldom_number(stack);
        }
    };
    block_fields(fields, config, address, size, stack);
}

/// Address, size if it is told, stack. A high word, which is 0 on 32-bit machines, stands last, and is left out then.
#[inline]
fn block_fields(
    fields: &mut Cursor,
    config: &Config,
    address: usize,
    size: Option<usize>,
    stack: u32,
) {
    let (address, high) = offset(address, config);
    fields.number(address);
    if let Some(size) = size {
        fields.number(size_on_wire(size));
    }
    fields.number(stack);
    if high != 0 {
        fields.number(high);
    }
}

/// The fields of `Moved`.
#[inline]
fn moved_fields(fields: &mut Cursor, config: &Config, from: Block, to: Block, stack: u32) {
    let (address, high) = offset(to.address, config);
    let (from_address, from_high) = offset(from.address, config);
    fields.number(address);
    fields.number(size_on_wire(to.size));
    fields.number(stack);
    fields.number(from_address);
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
