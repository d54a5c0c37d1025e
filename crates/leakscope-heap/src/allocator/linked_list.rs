//! The crate `linked_list_allocator`, 0.9 and 0.10: `embedded-alloc`'s `LlffHeap`, and older versions of `esp-alloc`.
//!
//! Blocks have no headers. The first hole by address is taken whose rest is nothing, or large enough for a hole: two words.
//! Recordings do not tell layouts that ask for more than a word's alignment: where that matters, the model is wrong.

use std::ops::Range;

use super::{Model, round_down, round_up};
use crate::holes::Holes;

const WORD: u64 = 4;
/// The least bytes of a hole, and of a block.
const LEAST: u64 = 2 * WORD;

#[derive(Clone, Debug)]
pub(super) struct LinkedList {
    arena: Range<u64>,
}

impl LinkedList {
    pub(super) fn new(region: &Range<u64>) -> Self {
        Self {
            arena: round_up(region.start, WORD)..round_down(region.end, WORD),
        }
    }
}

fn length(size: u64) -> u64 {
    round_up(size, WORD).max(LEAST)
}

impl Model for LinkedList {
    fn arena(&self) -> Range<u64> {
        self.arena.clone()
    }

    fn find(&self, holes: &Holes, size: u64) -> Option<Range<u64>> {
        let length = length(size);
        let has_good_rest = |hole: &Range<u64>| {
            let rest = hole.end - hole.start - length;
            rest == 0 || rest >= LEAST
        };
        let hole = holes.first(length, has_good_rest)?;
        Some(hole.start..hole.start + length)
    }

    fn pointer(&self, block: &Range<u64>) -> u64 {
        block.start
    }

    fn block_at(&self, pointer: u64, size: u64) -> Range<u64> {
        pointer..pointer.saturating_add(length(size))
    }

    fn most(&self, hole: u64) -> u64 {
        if hole < LEAST {
            0
        } else {
            round_down(hole, WORD)
        }
    }

    fn least_rest(&self) -> u64 {
        LEAST
    }
}
