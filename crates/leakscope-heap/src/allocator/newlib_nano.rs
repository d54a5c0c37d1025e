//! newlib's small malloc: `newlib/libc/stdlib/nano-mallocr.c`, which `--specs=nano.specs` links, and FreeRTOS' heap_3 calls.
//!
//! A block is a multiple of 4 bytes, begins with a word for its length, and has a word more, so that the program's bytes begin
//! at a multiple of 8. The first hole by address is taken; without one, the heap grows at its end (`_sbrk`), and only if it
//! cannot, the last hole is made longer. Up to newlib 4.1, a block is cut from the end of a hole, since then from its beginning.

use std::ops::Range;

use super::{Model, round_down, round_up};
use crate::holes::Holes;

const WORD: u64 = 4;
/// `MALLOC_ALIGN`.
const ALIGNMENT: u64 = 8;
/// `MALLOC_MINCHUNK`.
const LEAST: u64 = 3 * WORD;

#[derive(Clone, Debug)]
pub(super) struct NewlibNano {
    arena: Range<u64>,
    cuts_from_end: bool,
    /// The last block that was freed where the heap ended.
    last: Option<Range<u64>>,
    /// What the heap can still grow by.
    top: Range<u64>,
}

impl NewlibNano {
    pub(super) fn new(region: &Range<u64>, cuts_from_end: bool) -> Self {
        let arena = round_up(region.start, WORD)..round_down(region.end, WORD);
        Self {
            top: arena.end..arena.end,
            arena,
            cuts_from_end,
            last: None,
        }
    }
}

fn length(size: u64) -> u64 {
    round_up(size, WORD).saturating_add(2 * WORD).max(LEAST)
}

impl Model for NewlibNano {
    fn arena(&self) -> Range<u64> {
        self.arena.clone()
    }

    fn find(&self, holes: &Holes, size: u64) -> Option<Range<u64>> {
        let length = length(size);
        if let Some(hole) = holes.first(length, |hole| hole.end != self.arena.end) {
            let rest = hole.end - hole.start - length;
            return Some(match (rest < LEAST, self.cuts_from_end) {
                (true, _) => hole,
                (false, true) => hole.start + rest..hole.end,
                (false, false) => hole.start..hole.end - rest,
            });
        }
        let ends_there = |hole: &&Range<u64>| hole.end == self.top.start;
        let grown_from = match self.last.as_ref().filter(ends_there) {
            Some(last) if self.top.end - self.top.start < length => last.start,
            _ => self.top.start,
        };
        let end = grown_from.saturating_add(length);
        (end <= self.top.end).then_some(grown_from..end)
    }

    fn pointer(&self, block: &Range<u64>) -> u64 {
        round_up(block.start + WORD, ALIGNMENT)
    }

    /// A block whose first word is padded may have a word more in front: the pointer does not tell.
    fn block_at(&self, pointer: u64, size: u64) -> Range<u64> {
        let start = pointer.saturating_sub(WORD);
        start..start.saturating_add(length(size))
    }

    fn resized(&self, block: &Range<u64>, _room: u64, size: u64) -> Option<u64> {
        let usable = block.end.saturating_sub(self.pointer(block));
        let stays = size <= usable && usable / 2 < size;
        stays.then_some(block.end - block.start)
    }

    fn most(&self, hole: u64) -> u64 {
        match hole {
            0..LEAST => 0,
            _ => round_down(hole, WORD) - 2 * WORD,
        }
    }

    fn least_rest(&self) -> u64 {
        LEAST
    }

    fn merges(&self, beside: &Range<u64>) -> bool {
        beside.end != self.arena.end
    }

    fn add(&mut self, hole: &Range<u64>) {
        if hole.end == self.arena.end {
            self.top = hole.clone();
            return;
        }
        if hole.end == self.top.start {
            self.last = Some(hole.clone());
        }
    }

    fn remove(&mut self, hole: &Range<u64>) {
        if hole.end == self.arena.end {
            self.top = hole.end..hole.end;
            return;
        }
        if self.last.as_ref() == Some(hole) {
            self.last = None;
        }
    }

    fn clear(&mut self) {
        self.last = None;
        self.top = self.arena.end..self.arena.end;
    }
}
