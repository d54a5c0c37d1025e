//! Which memory of a region is what: blocks, holes, and memory of which nothing is known.

use std::collections::BTreeMap;
use std::ops::Range;

use leakscope_analysis::heap::SiteId;

use crate::holes::Holes;

/// A block of the program, as the recording tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The program's pointer.
    pub pointer: u64,
    /// The bytes asked for.
    pub size: u64,
    /// Who allocated it.
    pub site: SiteId,
    /// When, in ticks.
    pub time: u64,
}

/// What a stretch of memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A block, with what the allocator keeps beside its bytes.
    Block(Block),
    /// Free.
    Hole,
    /// In use since before the recording, or free: the recording does not say.
    Unknown,
}

/// All memory of a region: each byte is in exactly one piece.
#[derive(Clone, Debug, Default)]
pub struct Space {
    /// By their first byte: the end, and what it is.
    pieces: BTreeMap<u64, (u64, Kind)>,
    /// Places for blocks, and which of them are empty.
    blocks: Vec<Block>,
    empty: Vec<u32>,
    /// Memory that no block was seen in since the recording began or went on, by its first byte. That it is free is an assumption.
    untouched: BTreeMap<u64, u64>,
    holes: Holes,
    unknown: u64,
}

/// What a piece is: of a block, only its place, so that pieces are small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Block(u32),
    Hole,
    Unknown,
}

impl Space {
    /// One hole that nobody has touched.
    pub(crate) fn new(arena: &Range<u64>) -> Self {
        let mut space = Self::default();
        if !arena.is_empty() {
            space.untouched.insert(arena.start, arena.end);
            space.put(arena.clone(), What::Hole);
        }
        space
    }

    /// All pieces in order of addresses.
    pub fn pieces(&self) -> impl DoubleEndedIterator<Item = (Range<u64>, What)> {
        self.pieces
            .iter()
            .map(|(&start, &(end, kind))| (start..end, self.what(kind)))
    }

    fn what(&self, kind: Kind) -> What {
        match kind {
            Kind::Block(place) => What::Block(self.blocks[place as usize]),
            Kind::Hole => What::Hole,
            Kind::Unknown => What::Unknown,
        }
    }

    /// The holes.
    pub(crate) fn free(&self) -> &Holes {
        &self.holes
    }

    /// The piece that an address is in.
    pub(crate) fn at(&self, address: u64) -> Option<(Range<u64>, What)> {
        let (&start, &(end, kind)) = self.pieces.range(..=address).next_back()?;
        (address < end).then(|| (start..end, self.what(kind)))
    }

    /// The block that the program calls so.
    pub(crate) fn block(&self, pointer: u64) -> Option<(Range<u64>, Block)> {
        match self.at(pointer)? {
            (range, What::Block(block)) if block.pointer == pointer => Some((range, block)),
            _ => None,
        }
    }

    /// Pieces that a stretch touches.
    pub(crate) fn touching(&self, range: &Range<u64>) -> Vec<(Range<u64>, What)> {
        let first = self
            .at(range.start)
            .map_or(range.start, |(piece, _)| piece.start);
        let pieces = self.pieces.range(first..range.end.max(first));
        pieces
            .map(|(&start, &(end, kind))| (start..end, self.what(kind)))
            .collect()
    }

    /// The hole that ends where a piece begins, and the one that begins where it ends.
    pub(crate) fn holes_beside(&self, range: &Range<u64>) -> [Option<Range<u64>>; 2] {
        let before = self.pieces.range(..range.start).next_back();
        let before = before.filter(|(_, piece)| piece.0 == range.start);
        let behind = self.pieces.get_key_value(&range.end);
        [before, behind].map(|piece| {
            let (&start, &(end, kind)) = piece?;
            (kind == Kind::Hole).then_some(start..end)
        })
    }

    /// The parts of a stretch that no block was seen in.
    pub(crate) fn untouched_in(&self, range: &Range<u64>) -> Vec<Range<u64>> {
        let before = self.untouched.range(..range.start).next_back();
        let stretches = before
            .into_iter()
            .chain(self.untouched.range(range.clone()));
        stretches
            .map(|(&start, &end)| start.max(range.start)..end.min(range.end))
            .filter(|part| !part.is_empty())
            .collect()
    }

    /// From now on, all holes are memory that no block was seen in.
    pub(crate) fn assume_holes(&mut self) {
        let holes = self
            .pieces
            .iter()
            .filter(|(_, piece)| piece.1 == Kind::Hole);
        self.untouched = holes.map(|(&start, piece)| (start, piece.0)).collect();
    }

    /// From now on, these bytes were touched.
    pub(crate) fn touch(&mut self, range: &Range<u64>) {
        let last = self.untouched.range(..range.end).next_back();
        if last.is_none_or(|(_, &end)| end <= range.start) {
            return;
        }
        for part in self.untouched_in(range) {
            let whole = self.untouched.range(..=part.start).next_back();
            let Some((&start, &end)) = whole else {
                continue;
            };
            self.untouched.remove(&start);
            for (start, end) in [(start, part.start), (part.end, end)] {
                if start < end {
                    self.untouched.insert(start, end);
                }
            }
        }
    }

    /// Adds a piece, where there is none, or one that begins there, which it takes the place of.
    pub(crate) fn put(&mut self, range: Range<u64>, what: What) {
        let kind = match what {
            What::Block(block) => Kind::Block(self.keep(block)),
            What::Hole => Kind::Hole,
            What::Unknown => Kind::Unknown,
        };
        let old = self.pieces.insert(range.start, (range.end, kind));
        if let Some((end, kind)) = old {
            self.forget(&(range.start..end), kind);
        }
        match kind {
            Kind::Block(_) => {}
            Kind::Hole => self.holes.add(&range),
            Kind::Unknown => self.unknown += range.end - range.start,
        }
    }

    fn keep(&mut self, block: Block) -> u32 {
        if let Some(place) = self.empty.pop() {
            self.blocks[place as usize] = block;
            return place;
        }
        self.blocks.push(block);
        self.blocks.len() as u32 - 1
    }

    /// Takes a piece away, by its first byte.
    pub(crate) fn remove(&mut self, start: u64) {
        if let Some((end, kind)) = self.pieces.remove(&start) {
            self.forget(&(start..end), kind);
        }
    }

    /// A piece is gone.
    fn forget(&mut self, range: &Range<u64>, kind: Kind) {
        match kind {
            Kind::Block(place) => self.empty.push(place),
            Kind::Hole => self.holes.remove(range),
            Kind::Unknown => self.unknown -= range.end - range.start,
        }
    }

    /// Bytes of holes.
    pub fn free_bytes(&self) -> u64 {
        self.holes.bytes
    }

    /// How many holes there are.
    pub fn holes(&self) -> u64 {
        self.holes.count
    }

    /// The length of the largest hole; 0 if there is none.
    pub fn largest_hole(&self) -> u64 {
        self.holes.largest()
    }

    /// Bytes of memory that may be in use since before the recording.
    pub fn unknown_bytes(&self) -> u64 {
        self.unknown
    }

    /// Bytes of holes in which no block was seen: that they are free is an assumption.
    pub fn assumed_bytes(&self) -> u64 {
        let holes = self.pieces().filter(|(_, what)| *what == What::Hole);
        let parts = holes.flat_map(|(range, _)| self.untouched_in(&range));
        parts.map(|part| part.end - part.start).sum()
    }

    /// How much free memory is split, from 0 (one hole) to 100: 100 − 100·√(Σ hole²) / Σ hole, as `umm_malloc` and
    /// ESP8266's `getHeapFragmentation` have it.
    pub fn fragmentation_percent(&self) -> f64 {
        if self.holes.bytes == 0 {
            return 0.0;
        }
        (100.0 - 100.0 * (self.holes.squares as f64).sqrt() / self.holes.bytes as f64).max(0.0)
    }

    /// The share of free memory in holes too small for this many bytes, from 0 to 1 (Linux' unusable free space index).
    pub fn unusable_share(&self, length: u64) -> f64 {
        if self.holes.bytes == 0 {
            return 0.0;
        }
        1.0 - self.holes.bytes_from(length) as f64 / self.holes.bytes as f64
    }
}
