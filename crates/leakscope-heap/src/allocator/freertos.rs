//! FreeRTOS' heaps: `portable/MemMang/heap_1.c`, `heap_2.c`, `heap_4.c` and `heap_5.c` of the kernel, V9 to V11.
//!
//! Blocks begin with two words, next and size, and are rounded up to `portBYTE_ALIGNMENT`, as those words are. The kernel's macro `traceMALLOC` tells of heap_2,
//! 4 and 5 the size of the block, headers and all; a wrapper of `pvPortMalloc` tells the size asked for. heap_3 is the C
//! library's.

use std::ops::Range;

use super::newest::NewestFirst;
use super::{Model, round_down, round_up};
use crate::holes::Holes;
use crate::image::{self, Memory, Piece};

/// `portBYTE_ALIGNMENT`, of most ports.
const UNIT: u64 = 8;

/// Blocks as heap_2, heap_4 and heap_5 make them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocks {
    /// `portBYTE_ALIGNMENT`.
    unit: u64,
    /// Whether the sizes that the recording tells have the header in them.
    are_whole: bool,
}

impl Blocks {
    /// The sizes that the program asks for, or those that the kernel's macro tells.
    pub(super) const ASKED: Self = Self {
        unit: UNIT,
        are_whole: false,
    };
    pub(super) const WHOLE: Self = Self {
        unit: UNIT,
        are_whole: true,
    };

    /// With another alignment.
    pub(super) const fn aligned_to(self, unit: u64) -> Self {
        Self { unit, ..self }
    }

    /// `xHeapStructSize`: two words.
    const fn header(self) -> u64 {
        round_up(8, self.unit)
    }

    /// A rest is split off if it is larger than `heapMINIMUM_BLOCK_SIZE`, two headers.
    const fn least_rest(self) -> u64 {
        2 * self.header() + self.unit
    }

    fn length(self, size: u64) -> Option<u64> {
        let asked = if self.are_whole {
            size.saturating_sub(self.header())
        } else {
            size
        };
        (asked > 0).then(|| round_up(asked.saturating_add(self.header()), self.unit))
    }

    fn cut(self, hole: &Range<u64>, length: u64) -> Range<u64> {
        let rest = hole.end - hole.start - length;
        let kept = if rest < self.least_rest() { 0 } else { rest };
        hole.start..hole.end - kept
    }

    fn at(self, pointer: u64, size: u64) -> Range<u64> {
        let start = pointer.saturating_sub(self.header());
        let length = self.length(size).unwrap_or(self.header() + self.unit);
        start..start.saturating_add(length)
    }

    /// In the units of the recording's sizes.
    fn most(self, hole: u64) -> u64 {
        let whole = round_down(hole, self.unit);
        if self.are_whole {
            whole
        } else {
            whole.saturating_sub(self.header())
        }
    }
}

/// heap_4, and each region of heap_5: the first hole that fits, by address; holes merge.
#[derive(Clone, Debug)]
pub(super) struct Heap4 {
    arena: Range<u64>,
    blocks: Blocks,
}

impl Heap4 {
    pub(super) fn new(region: &Range<u64>, blocks: Blocks) -> Self {
        // An empty block, `pxEnd`, stands at the end.
        let end = region.end.saturating_sub(blocks.header());
        Self {
            arena: round_up(region.start, blocks.unit)..round_down(end, blocks.unit),
            blocks,
        }
    }
}

impl Model for Heap4 {
    fn arena(&self) -> Range<u64> {
        self.arena.clone()
    }

    fn find(&self, holes: &Holes, size: u64) -> Option<Range<u64>> {
        let length = self.blocks.length(size)?;
        let hole = holes.first(length, |_| true)?;
        Some(self.blocks.cut(&hole, length))
    }

    fn pointer(&self, block: &Range<u64>) -> u64 {
        block.start + self.blocks.header()
    }

    fn block_at(&self, pointer: u64, size: u64) -> Range<u64> {
        self.blocks.at(pointer, size)
    }

    fn most(&self, hole: u64) -> u64 {
        self.blocks.most(hole)
    }

    fn least_rest(&self) -> u64 {
        self.blocks.least_rest()
    }

    /// The size is the second word; its highest bit says that the block is in use.
    fn walk(&self, memory: &dyn Memory) -> Option<Vec<Piece>> {
        const IN_USE: u32 = 1 << 31;
        image::walk(&self.arena, |start| {
            let size = memory.word(start + 4)?;
            let length = u64::from(size & !IN_USE);
            (length % self.blocks.unit == 0).then_some((length, size & IN_USE != 0))
        })
    }
}

/// heap_2: the smallest hole that fits, of several the one that was freed last; holes never merge.
#[derive(Clone, Debug)]
pub(super) struct Heap2 {
    arena: Range<u64>,
    blocks: Blocks,
    /// By length.
    holes: NewestFirst,
}

impl Heap2 {
    pub(super) fn new(region: &Range<u64>, blocks: Blocks) -> Self {
        Self {
            arena: adjusted(region),
            blocks,
            holes: NewestFirst::default(),
        }
    }
}

impl Model for Heap2 {
    fn arena(&self) -> Range<u64> {
        self.arena.clone()
    }

    fn find(&self, _: &Holes, size: u64) -> Option<Range<u64>> {
        let length = self.blocks.length(size)?;
        let hole = self.holes.first(length)?;
        Some(self.blocks.cut(hole, length))
    }

    fn pointer(&self, block: &Range<u64>) -> u64 {
        block.start + self.blocks.header()
    }

    fn block_at(&self, pointer: u64, size: u64) -> Range<u64> {
        self.blocks.at(pointer, size)
    }

    fn most(&self, hole: u64) -> u64 {
        self.blocks.most(hole)
    }

    fn least_rest(&self) -> u64 {
        self.blocks.least_rest()
    }

    fn merges(&self, _: &Range<u64>) -> bool {
        false
    }

    fn add(&mut self, hole: &Range<u64>) {
        self.holes.add(hole.end - hole.start, hole);
    }

    fn remove(&mut self, hole: &Range<u64>) {
        self.holes.remove(hole);
    }

    fn clear(&mut self) {
        self.holes.clear();
    }
}

/// heap_1: one block behind the other, without headers; what is freed is never used again.
#[derive(Clone, Debug)]
pub(super) struct Heap1 {
    arena: Range<u64>,
    /// Where the next block begins.
    next: u64,
}

impl Heap1 {
    pub(super) fn new(region: &Range<u64>) -> Self {
        let whole = adjusted(region);
        // The last byte is never given: the comparison is `<`.
        let end = round_down(whole.end.saturating_sub(1), UNIT).max(whole.start);
        Self {
            next: end,
            arena: whole.start..end,
        }
    }
}

impl Model for Heap1 {
    fn arena(&self) -> Range<u64> {
        self.arena.clone()
    }

    fn find(&self, _: &Holes, size: u64) -> Option<Range<u64>> {
        let block = self.block_at(self.next, size);
        (size > 0 && block.end <= self.arena.end).then_some(block)
    }

    fn pointer(&self, block: &Range<u64>) -> u64 {
        block.start
    }

    fn block_at(&self, pointer: u64, size: u64) -> Range<u64> {
        pointer..pointer.saturating_add(round_up(size.max(1), UNIT))
    }

    fn most(&self, _: u64) -> u64 {
        self.arena.end.saturating_sub(self.next)
    }

    fn least_rest(&self) -> u64 {
        UNIT
    }

    fn merges(&self, _: &Range<u64>) -> bool {
        false
    }

    fn add(&mut self, hole: &Range<u64>) {
        if hole.end == self.arena.end {
            self.next = hole.start;
        }
    }

    fn remove(&mut self, hole: &Range<u64>) {
        if hole.end == self.arena.end {
            self.next = hole.end;
        }
    }

    fn clear(&mut self) {
        self.next = self.arena.end;
    }
}

/// `configADJUSTED_HEAP_SIZE` bytes from the first aligned address on.
fn adjusted(region: &Range<u64>) -> Range<u64> {
    let start = round_up(region.start, UNIT);
    let length = (region.end - region.start).saturating_sub(UNIT);
    start..start.saturating_add(length)
}
