//! Zephyr's sys_heap: `lib/heap/heap.c` and `heap.h`, v3 and v4, with `CONFIG_SYS_HEAP_ALLOC_LOOPS` 3, which is the default.
//!
//! Blocks are chunks of 8 bytes, with a header of 4 bytes in heaps of less than 256 KiB, of 8 in larger ones. Holes are in
//! circular lists by powers of two. A request looks at three holes of its own list (the next request sees the next ones), and
//! then takes any from a larger list: it can fail though a hole fits.

use std::collections::VecDeque;
use std::ops::Range;

use super::{Model, round_down, round_up};
use crate::holes::Holes;

const UNIT: u64 = 8;
/// `CONFIG_SYS_HEAP_ALLOC_LOOPS`.
const LOOKS: usize = 3;
/// Heaps of more chunks have larger headers.
const SMALL: u64 = 0x7fff;
/// `sizeof(struct z_heap)`, without `CONFIG_SYS_HEAP_RUNTIME_STATS`.
const CONTROL: u64 = 16;

#[derive(Clone, Debug)]
pub(super) struct SysHeap {
    arena: Range<u64>,
    header: u64,
    /// By power of two: starts and ends of holes, the one first that is looked at next.
    lists: Vec<VecDeque<Range<u64>>>,
}

impl SysHeap {
    pub(super) fn new(region: &Range<u64>) -> Self {
        let length = region.end - region.start;
        let footer = header_of(length / UNIT);
        let start = round_up(region.start, UNIT);
        let end = round_down(region.end.saturating_sub(footer), UNIT);
        let chunks = end.saturating_sub(start) / UNIT;
        let mut heap = Self {
            arena: start..end,
            header: header_of(chunks),
            lists: Vec::new(),
        };
        let lists = heap.list(end.saturating_sub(start)) as u64 + 1;
        heap.arena.start = start.saturating_add(round_up(CONTROL + 4 * lists, UNIT));
        heap
    }

    /// The list that a hole of this length is in: `bucket_idx`.
    fn list(&self, length: u64) -> usize {
        let least = round_up(self.header + 1, UNIT) / UNIT;
        let usable = (length / UNIT + 1).saturating_sub(least);
        usable.checked_ilog2().unwrap_or(0) as usize
    }

    fn length(&self, size: u64) -> u64 {
        round_up(size.saturating_add(self.header), UNIT)
    }

    /// Whether a hole is too small for a place in a list (`solo_free_header`).
    fn is_left_out(&self, hole: &Range<u64>) -> bool {
        self.header == UNIT && hole.end - hole.start == UNIT
    }

    /// How many holes of the own list are passed by, and the one that is taken.
    fn look(&self, size: u64) -> (usize, Option<&Range<u64>>) {
        let length = self.length(size);
        let list = self.list(length);
        let own = self.lists.get(list);
        let looked_at = own.map_or(0, |holes| holes.len().min(LOOKS));
        let fits = |hole: &&Range<u64>| hole.end - hole.start >= length;
        let place = own.and_then(|holes| holes.iter().take(looked_at).position(|hole| fits(&hole)));
        match place {
            Some(place) => (place, own.and_then(|holes| holes.get(place))),
            None => {
                let larger = self.lists.get(list + 1..).unwrap_or_default();
                (looked_at, larger.iter().find_map(|holes| holes.front()))
            }
        }
    }

    fn cut(&self, hole: &Range<u64>, size: u64) -> Range<u64> {
        hole.start..hole.start + self.length(size)
    }
}

fn header_of(chunks: u64) -> u64 {
    if chunks > SMALL { 8 } else { 4 }
}

impl Model for SysHeap {
    fn arena(&self) -> Range<u64> {
        self.arena.clone()
    }

    fn find(&self, _: &Holes, size: u64) -> Option<Range<u64>> {
        let (_, hole) = self.look(size);
        hole.filter(|_| size > 0).map(|hole| self.cut(hole, size))
    }

    fn search(&mut self, holes: &Holes, size: u64) -> Option<Range<u64>> {
        let found = self.find(holes, size);
        let (passed, _) = self.look(size);
        let list = self.list(self.length(size));
        if let Some(own) = self.lists.get_mut(list).filter(|own| !own.is_empty()) {
            let round = own.len();
            own.rotate_left(passed % round);
        }
        found
    }

    fn pointer(&self, block: &Range<u64>) -> u64 {
        block.start + self.header
    }

    fn block_at(&self, pointer: u64, size: u64) -> Range<u64> {
        let start = pointer.saturating_sub(self.header);
        start..start.saturating_add(self.length(size))
    }

    fn resized(&self, block: &Range<u64>, room: u64, size: u64) -> Option<u64> {
        let needed = self.length(size);
        (needed <= block.end - block.start + room).then_some(needed)
    }

    /// What the hole holds. A request may still overlook it among those of its own list.
    fn most(&self, hole: u64) -> u64 {
        round_down(hole, UNIT).saturating_sub(self.header)
    }

    fn least_rest(&self) -> u64 {
        UNIT
    }

    fn add(&mut self, hole: &Range<u64>) {
        if self.is_left_out(hole) {
            return;
        }
        let list = self.list(hole.end - hole.start);
        if self.lists.len() <= list {
            self.lists.resize_with(list + 1, VecDeque::new);
        }
        self.lists[list].push_back(hole.clone());
    }

    fn remove(&mut self, hole: &Range<u64>) {
        if self.is_left_out(hole) {
            return;
        }
        let list = self.list(hole.end - hole.start);
        let Some(holes) = self.lists.get_mut(list) else {
            return;
        };
        // The one behind it is looked at next.
        if let Some(place) = holes.iter().position(|other| other.start == hole.start) {
            holes.rotate_left(place);
            holes.pop_front();
        }
    }

    fn clear(&mut self) {
        self.lists.clear();
    }
}
