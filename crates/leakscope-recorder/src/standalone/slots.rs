//! The buffer: an array of slots, each a record and its links.

use core::cell::UnsafeCell;

use crate::event::Block;
use crate::locked::{Locked, locked};

/// One allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<const DEPTH: usize> {
    /// The block.
    pub block: Block,
    /// When, in ticks of the recorder's clock.
    pub time: u32,
    /// On which core.
    pub core: u8,
    /// Whether the block was freed since.
    pub is_freed: bool,
    /// Who allocated it: return addresses, innermost first, then zeros.
    pub allocated_by: [usize; DEPTH],
    /// Who freed it, in the same form.
    pub freed_by: [usize; DEPTH],
}

/// The place of a slot in the buffer, counted from 1.
pub(super) type Index = u32;

/// No slot. It is 0, so that a static array of slots is all zeros, and takes no room in flash.
pub(super) const NONE: Index = 0;

/// Room for one record with call stacks of `DEPTH` frames.
#[derive(Clone, Copy, Debug)]
pub struct Slot<const DEPTH: usize> {
    pub(super) record: Record<DEPTH>,
    /// The record that came before, and the one that came after.
    pub(super) older: Index,
    pub(super) newer: Index,
    /// Of a live record: the next one whose address leads to the same bucket, or the next one that is being
    /// reallocated. Of a freed one: the one freed after it. Of an unused slot: the next unused one.
    pub(super) chain: Index,
    /// This slot as a bucket, for any record that it holds: the first live record whose address leads here.
    pub(super) bucket: Index,
}

impl<const DEPTH: usize> Slot<DEPTH> {
    /// An empty slot.
    pub const EMPTY: Self = Self {
        record: Record {
            block: Block {
                address: 0,
                size: 0,
            },
            time: 0,
            core: 0,
            is_freed: false,
            allocated_by: [0; DEPTH],
            freed_by: [0; DEPTH],
        },
        older: NONE,
        newer: NONE,
        chain: NONE,
        bucket: NONE,
    };
}

/// A static array of slots, to be handed to a [`RecordBuffer`](super::RecordBuffer) once.
pub struct Slots<const DEPTH: usize, const COUNT: usize> {
    slots: UnsafeCell<[Slot<DEPTH>; COUNT]>,
    is_taken: Locked<bool>,
}

// SAFETY: the slots are reached through `take` only, which hands them out once.
unsafe impl<const DEPTH: usize, const COUNT: usize> Sync for Slots<DEPTH, COUNT> {}

impl<const DEPTH: usize, const COUNT: usize> Slots<DEPTH, COUNT> {
    /// Empty slots.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: UnsafeCell::new([Slot::EMPTY; COUNT]),
            is_taken: Locked::new(false),
        }
    }

    /// The slots, the first time; then `None`.
    #[allow(clippy::mut_from_ref, reason = "handed out once")]
    pub fn take(&self) -> Option<&mut [Slot<DEPTH>]> {
        let was_taken = locked(|section| {
            self.is_taken
                .with(section, |taken| core::mem::replace(taken, true))
        });
        if was_taken {
            return None;
        }
        // SAFETY: nobody else has, or will get, a reference.
        let slots = unsafe { &mut *self.slots.get() };
        Some(slots)
    }
}

impl<const DEPTH: usize, const COUNT: usize> Default for Slots<DEPTH, COUNT> {
    fn default() -> Self {
        Self::new()
    }
}
