//! The crate `rlsf` 0.2, as `embedded-alloc`'s `TlsfHeap` has it: 32 classes between two powers of two.
//!
//! Blocks are multiples of four words, with two words before the program's bytes. As in every TLSF, holes are listed by classes
//! of length, the newest first, and a request looks where every hole is large enough; but a block gets no more than it needs.
//! Its `realloc` is Rust's own: another block, and a copy. Recordings do not tell layouts that ask for more alignment than two
//! words.

use std::ops::Range;

use super::newest::NewestFirst;
use super::{Model, round_down, round_up};
use crate::holes::Holes;

const WORD: u64 = 4;
/// `GRANULARITY`.
const UNIT: u64 = 4 * WORD;
const HEADER: u64 = 2 * WORD;
/// The logarithm of how many classes there are between two powers of two.
const CLASSES: u32 = 5;

#[derive(Clone, Debug)]
pub(super) struct Rlsf {
    arena: Range<u64>,
    /// By class.
    holes: NewestFirst,
}

impl Rlsf {
    pub(super) fn new(region: &Range<u64>) -> Self {
        // An empty block stands at the end.
        let end = round_down(region.end, UNIT).saturating_sub(UNIT);
        Self {
            arena: round_up(region.start, UNIT)..end,
            holes: NewestFirst::default(),
        }
    }
}

fn length(size: u64) -> u64 {
    round_up(size.saturating_add(HEADER), UNIT)
}

/// The step between two classes at this length.
fn step(length: u64) -> u64 {
    1 << length.ilog2().saturating_sub(CLASSES)
}

/// The class that a length belongs to.
fn class(length: u64) -> u64 {
    let power = length.ilog2();
    let part = match power.checked_sub(CLASSES) {
        Some(shift) => length >> shift,
        None => length << (CLASSES - power),
    };
    (u64::from(power) << CLASSES) + part - (1 << CLASSES)
}

impl Model for Rlsf {
    fn arena(&self) -> Range<u64> {
        self.arena.clone()
    }

    fn find(&self, _: &Holes, size: u64) -> Option<Range<u64>> {
        let length = length(size);
        let at_least = round_up(length, step(length));
        let hole = self.holes.first(class(at_least))?;
        Some(hole.start..hole.start + length)
    }

    fn pointer(&self, block: &Range<u64>) -> u64 {
        block.start + HEADER
    }

    fn block_at(&self, pointer: u64, size: u64) -> Range<u64> {
        let start = pointer.saturating_sub(HEADER);
        start..start.saturating_add(length(size))
    }

    fn most(&self, hole: u64) -> u64 {
        match hole {
            0..UNIT => 0,
            _ => round_down(round_down(hole, step(hole)), UNIT) - HEADER,
        }
    }

    fn least_rest(&self) -> u64 {
        UNIT
    }

    fn add(&mut self, hole: &Range<u64>) {
        self.holes.add(class(hole.end - hole.start), hole);
    }

    fn remove(&mut self, hole: &Range<u64>) {
        self.holes.remove(hole);
    }

    fn clear(&mut self) {
        self.holes.clear();
    }
}
