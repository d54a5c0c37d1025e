//! How heap events are written: the two modules that `docs/dialects.md` defines.

#![allow(
    clippy::inline_always,
    reason = "a call for each event, with its output in memory, cost a third of the instructions"
)]

mod esp_idf;
mod leakscope;
mod stack_table;

pub use esp_idf::EspIdf;
pub use leakscope::Leakscope;

use leakscope_systemview::id;

use crate::config::Config;
use crate::event::Block;
use crate::packets::Output;
use crate::stack::Walked;

/// The id of the first event of the only module.
pub(crate) const MODULE_OFFSET: u32 = id::FIRST_MODULE;

/// A module of heap events, chosen by a [`Stream`](crate::stream::Stream)'s type. Sealed: a host has to
/// know it.
pub trait Dialect: sealed::Dialect {}

impl<D: sealed::Dialect> Dialect for D {}

pub(crate) mod sealed {
    use core::mem::MaybeUninit;

    use super::{Config, HeapEvent, Output, Walked};
    use crate::stack::Room;

    /// What a stream asks of its dialect. The value is what the dialect has to remember.
    pub trait Dialect: Send {
        /// Before anything was recorded.
        const NEW: Self;
        /// The most bytes that one packet of this dialect takes, all in all.
        const LONGEST: usize;
        /// The texts of the module's `MODULEDESC` packets. The first one is short: a recording begins with it.
        const DESCRIPTION: &'static [&'static str];
        /// Whether Espressif's decoder must be able to read it, which knows of no id above `NUMMODULES` but a module's, no
        /// arguments of messages, and no recording that tells things again.
        const PLAIN: bool;
        /// How deep call stacks are.
        const DEPTH: usize;
        /// Whether the short way needs no more of a call stack than its hash.
        const KNOWS_STACKS: bool;
        /// Room for a call stack.
        type Frames: Frames;

        /// The recording begins, or begins anew: the host knows nothing but what it is told of this configuration.
        fn forget(&mut self, config: &Config);
        /// What a host has to know before it can read events; `is_repeated` if it was told before.
        fn tell_units(&self, output: &mut Output<'_>, config: &Config, is_repeated: bool);
        /// The short way of what happens most: an event of one packet, written where it stays. If it takes more
        /// than that, nothing is done; returns whether it was stored.
        fn heap_event_in_place(
            &mut self,
            output: &mut Output<'_>,
            config: &Config,
            event: HeapEvent,
            stack: Walked<'_>,
        ) -> bool;
        /// Something happened on the heap; the innermost frame of `stack` comes first.
        fn heap_event(
            &mut self,
            output: &mut Output<'_>,
            config: &Config,
            event: HeapEvent,
            stack: Walked<'_>,
        );
        /// Whether the host knows all that it has to know of an interrupt.
        #[inline(always)]
        fn knows_interrupt(&self, _interrupt: u32) -> bool {
            true
        }
        /// Tells what it does not know; false if there was no room.
        fn tell_interrupt(&mut self, _output: &mut Output<'_>, _interrupt: u32) -> bool {
            true
        }
    }

    /// Where there is room for a call stack.
    pub trait Frames {
        const NEW: Self;
        fn room(&mut self) -> Room<'_>;
    }

    /// Return addresses alone.
    impl<const DEPTH: usize> Frames for [MaybeUninit<usize>; DEPTH] {
        const NEW: Self = [MaybeUninit::uninit(); DEPTH];

        #[inline]
        fn room(&mut self) -> Room<'_> {
            Room {
                frames: self,
                places: &mut [],
            }
        }
    }

    /// Return addresses, and the places of words that could be some.
    impl<const DEPTH: usize> Frames for ([MaybeUninit<usize>; DEPTH], [MaybeUninit<u16>; DEPTH]) {
        const NEW: Self = (
            [MaybeUninit::uninit(); DEPTH],
            [MaybeUninit::uninit(); DEPTH],
        );

        #[inline]
        fn room(&mut self) -> Room<'_> {
            let (frames, places) = self;
            Room { frames, places }
        }
    }
}

/// What happens on the heap.
#[derive(Clone, Copy, Debug)]
pub enum HeapEvent {
    /// A block was allocated.
    Alloc(Block),
    /// A block is freed.
    Free(Block),
    /// A block is about to be reallocated.
    Move(Block),
    /// A block was reallocated.
    Moved {
        /// What it was.
        from: Block,
        /// What it is now.
        to: Block,
    },
    /// There was no memory to reallocate this block: it lives on.
    Kept {
        /// The block.
        block: Block,
        /// How many bytes were wanted.
        wanted: usize,
    },
    /// There was no memory for this many bytes.
    Failed(usize),
}

/// A size as it travels: 32 bits, saturated.
#[inline]
const fn size_on_wire(size: usize) -> u32 {
    if size > u32::MAX as usize {
        u32::MAX
    } else {
        size as u32
    }
}
