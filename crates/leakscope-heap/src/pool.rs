//! One region under one allocator: the model predicts, the recording corrects.
//!
//! At first all memory is taken to be free. Where the device puts a block elsewhere than the model would, memory that nobody
//! has touched cannot have been free: it becomes unknown, more of it each time in a row. So a recording that begins late, or above
//! the allocator's own data, is learnt in a few blocks, and a block that was lost costs little more than its own bytes.

use std::ops::Range;

use crate::allocator::Model;
use crate::image::Memory;
use crate::region::Region;
use crate::space::{Block, Space, What};

/// A region, as one allocator would have it.
#[derive(Debug)]
pub struct Pool {
    region: Region,
    model: Box<dyn Model>,
    space: Space,
    /// Blocks in a row that lay elsewhere than expected.
    misses: u32,
    is_exact: bool,
}

impl Pool {
    pub(crate) fn new(region: Region, model: Box<dyn Model>) -> Self {
        let mut pool = Self {
            space: Space::default(),
            region,
            model,
            misses: 0,
            is_exact: false,
        };
        pool.clear();
        pool
    }

    /// The region.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// What its memory is.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// Whether it is as an image of memory has it.
    pub fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// The most bytes that one allocation can get; 0 if none can get any.
    pub fn largest_request(&self) -> u64 {
        self.model.most(self.space.largest_hole())
    }

    /// The most bytes that one allocation could get if all of the region were free.
    pub fn most_ever(&self) -> u64 {
        let arena = self.model.arena();
        self.model.most(arena.end.saturating_sub(arena.start))
    }

    /// Where the program's block of this size would lie, if it was allocated now.
    pub fn place_of(&self, size: u64) -> Option<u64> {
        let range = self.model.find(self.space.free(), size)?;
        Some(self.model.pointer(&range))
    }

    /// Whether a block of this size might fit, if memory of which nothing is known is free.
    pub fn might_hold(&self, size: u64) -> bool {
        let needed = self.model.needs(size);
        let mut length = 0;
        self.space.pieces().any(|(range, what)| {
            let is_in_use = matches!(what, What::Block(_));
            length = if is_in_use {
                0
            } else {
                length + (range.end - range.start)
            };
            length >= needed
        })
    }

    /// Where the program's block would lie if it got this size now.
    pub fn place_of_resized(&self, pointer: u64, size: u64) -> Option<u64> {
        let (range, _) = self.space.block(pointer)?;
        let stays = self.resized(&range, size).is_some();
        if stays {
            Some(pointer)
        } else {
            self.place_of(size)
        }
    }

    /// The least bytes of a hole that could hold a block of this size, headers and all.
    pub fn needs(&self, size: u64) -> u64 {
        self.model.needs(size)
    }

    /// The length of a block that gets this size in its place.
    fn resized(&self, range: &Range<u64>, size: u64) -> Option<u64> {
        let [_, behind] = self.space.holes_beside(range);
        let room = behind.map_or(0, |hole| hole.end - hole.start);
        self.model.resized(range, room, size)
    }

    /// Whether the allocator's own map is in an image of memory.
    pub(crate) fn is_in(&self, memory: &dyn Memory) -> bool {
        self.model.walk(memory).is_some()
    }

    /// Makes it what it is in an image of memory, if that has it. What is in use there and no block of the recording is unknown.
    pub(crate) fn follow(&mut self, memory: &dyn Memory) {
        let Some(pieces) = self.model.walk(memory) else {
            return;
        };
        let old = std::mem::take(&mut self.space);
        self.model.clear();
        self.is_exact = true;
        for (range, is_used) in pieces {
            let known = old.touching(&range).into_iter().map(|(_, what)| what);
            let mut known = known.filter(
                |what| matches!(what, What::Block(block) if range.contains(&block.pointer)),
            );
            let what = if is_used {
                known.next().unwrap_or(What::Unknown)
            } else {
                What::Hole
            };
            self.put(range, what);
        }
    }

    /// Everything is free again.
    pub(crate) fn clear(&mut self) {
        let arena = self.model.arena();
        self.model.clear();
        self.space = Space::new(&arena);
        if !arena.is_empty() {
            self.model.add(&arena);
        }
    }

    /// Nobody saw what happened meanwhile: that holes still are holes is an assumption.
    pub(crate) fn pause(&mut self) {
        self.space.assume_holes();
    }

    /// The device has allocated a block; whether where the model says.
    pub(crate) fn allocate(&mut self, block: Block) -> bool {
        let expected = self.model.search(self.space.free(), block.size);
        match expected {
            Some(range) if self.model.pointer(&range) == block.pointer => {
                self.take(&range, block);
                self.misses = 0;
                true
            }
            expected => {
                self.correct(expected, block);
                self.misses = self.misses.saturating_add(1);
                false
            }
        }
    }

    /// The device has given a block another size, and perhaps another place; whether as the model says.
    pub(crate) fn reallocate(&mut self, old: u64, block: Block) -> bool {
        let Some((range, _)) = self.space.block(old) else {
            return self.allocate(block);
        };
        let length = self.resized(&range, block.size);
        if old == block.pointer {
            match length {
                Some(length) => self.resize(&range, length, block),
                None => {
                    self.give(range);
                    self.correct(None, block);
                }
            }
            return length.is_some();
        }
        let is_right = self.allocate(block);
        self.free(old);
        is_right && length.is_none()
    }

    /// The device has looked for room in vain.
    pub(crate) fn fail(&mut self, size: u64) {
        self.model.search(self.space.free(), size);
    }

    /// The device has freed a block.
    pub(crate) fn free(&mut self, pointer: u64) {
        if let Some((range, _)) = self.space.block(pointer) {
            self.give(range);
        }
    }

    /// A block stays where it is, and gets another length: from the hole behind it, or to that.
    fn resize(&mut self, range: &Range<u64>, length: u64, block: Block) {
        let [_, behind] = self.space.holes_beside(range);
        let mut limit = range.end;
        if range.start + length != range.end
            && let Some(hole) = behind
        {
            self.remove(&hole, What::Hole);
            limit = hole.end;
        }
        let resized = range.start..(range.start + length).min(limit);
        self.space.remove(range.start);
        self.space.touch(&resized);
        let rest = resized.end..limit;
        self.space.put(resized, What::Block(block));
        if !rest.is_empty() {
            self.put(rest, What::Hole);
        }
    }

    /// A block lies elsewhere than expected.
    fn correct(&mut self, expected: Option<Range<u64>>, block: Block) {
        let arena = self.model.arena();
        let range = self.model.block_at(block.pointer, block.size);
        let mut range = range.start.max(arena.start)..range.end.min(arena.end);
        if range.is_empty() || !arena.contains(&block.pointer) {
            return;
        }
        let own = block.pointer..block.pointer.saturating_add(block.size.max(1));
        for (piece, what) in self.space.touching(&range) {
            let What::Block(other) = what else {
                continue;
            };
            let others = other.pointer..other.pointer.saturating_add(other.size.max(1));
            if others.start < own.end && own.start < others.end {
                // It has ended, unseen.
                self.give(piece);
                continue;
            }
            // What the model has beside a block is not there, if the program has another one in it.
            let kept = if others.end <= own.start {
                piece.start..piece.end.min(own.start)
            } else if piece.start < own.end {
                others.start..piece.end
            } else {
                piece.clone()
            };
            if kept.is_empty() {
                self.give(piece);
                continue;
            }
            if kept != piece {
                self.space.remove(piece.start);
                self.space.put(kept.clone(), what);
                self.give(piece.start.min(kept.start)..kept.start);
                self.give(kept.end..piece.end);
            }
            if kept.end <= own.start {
                range.start = range.start.max(kept.end);
            } else {
                range.end = range.end.min(kept.start);
            }
        }
        if range.is_empty() {
            return;
        }
        let mut end = range.end;
        if let Some((hole, What::Hole)) = self.space.at(range.start) {
            self.doubt(&(hole.start..range.start));
            if let Some(expected) = expected.filter(|expected| !hole.contains(&expected.start))
                && let Some((other, What::Hole)) = self.space.at(expected.start)
            {
                let length =
                    (expected.end - expected.start).saturating_mul(1 << self.misses.min(32));
                let end = other.end.min(expected.start.saturating_add(length));
                self.doubt(&(other.start..end));
            }
            if hole.end > end && hole.end - end < self.model.least_rest() {
                end = hole.end;
            }
        }
        self.take(&(range.start..end), block);
    }

    /// Memory that nobody has touched is not free, after all.
    fn doubt(&mut self, range: &Range<u64>) {
        for part in self.space.untouched_in(range) {
            self.replace(&part, What::Unknown);
        }
    }

    fn take(&mut self, range: &Range<u64>, block: Block) {
        self.replace(range, What::Block(block));
        self.space.touch(range);
    }

    /// Makes one piece of a stretch. What is left of pieces that it cuts stays what it was.
    fn replace(&mut self, range: &Range<u64>, what: What) {
        if let Some((piece, old)) = self.space.at(range.start)
            && range.end <= piece.end
        {
            return self.cut(piece, old, range, what);
        }
        let mut rests = Vec::new();
        for (piece, old) in self.space.touching(range) {
            self.remove(&piece, old);
            for rest in [
                piece.start..range.start.min(piece.end),
                range.end.max(piece.start)..piece.end,
            ] {
                if !rest.is_empty() {
                    rests.push((rest, old));
                }
            }
        }
        self.space.put(range.clone(), what);
        for (rest, old) in rests {
            self.put(rest, old);
        }
    }

    /// The same within one piece.
    fn cut(&mut self, piece: Range<u64>, old: What, range: &Range<u64>, what: What) {
        if old == What::Hole {
            self.model.remove(&piece);
        }
        if piece.start < range.start {
            self.put(piece.start..range.start, old);
        }
        self.space.put(range.clone(), what);
        if range.end < piece.end {
            self.put(range.end..piece.end, old);
        }
    }

    /// A block, or memory that nobody has, becomes a hole, together with the holes beside it if the allocator merges them.
    fn give(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let mut hole = range.clone();
        let [before, behind] = self.space.holes_beside(&range);
        // The one behind first: sys_heap's lists depend on that.
        if let Some(behind) = behind.filter(|behind| self.model.merges(behind)) {
            self.remove(&behind, What::Hole);
            hole.end = behind.end;
        }
        if let Some(before) = before.filter(|before| self.model.merges(before)) {
            self.model.remove(&before);
            self.space.remove(range.start);
            hole.start = before.start;
        }
        self.put(hole, What::Hole);
    }

    fn remove(&mut self, range: &Range<u64>, what: What) {
        self.space.remove(range.start);
        if what == What::Hole {
            self.model.remove(range);
        }
    }

    fn put(&mut self, range: Range<u64>, what: What) {
        if what == What::Hole {
            self.model.add(&range);
        }
        self.space.put(range, what);
    }
}
