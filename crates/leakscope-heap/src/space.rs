//! Which memory of a region is what: blocks, holes, and memory of which nothing is known.

use std::collections::BTreeMap;
use std::ops::Range;

use leakscope_analysis::heap::SiteId;

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
    pieces: BTreeMap<u64, (u64, What)>,
    /// Memory that no block was seen in, by its first byte. That it is free is an assumption.
    untouched: BTreeMap<u64, u64>,
    /// How many holes there are of each length.
    lengths: BTreeMap<u64, u64>,
    free: u64,
    holes: u64,
    squares: u128,
    unknown: u64,
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
    pub fn pieces(&self) -> impl DoubleEndedIterator<Item = (Range<u64>, &What)> {
        self.pieces
            .iter()
            .map(|(&start, (end, what))| (start..*end, what))
    }

    /// The piece that an address is in.
    pub(crate) fn at(&self, address: u64) -> Option<(Range<u64>, What)> {
        let (&start, &(end, what)) = self.pieces.range(..=address).next_back()?;
        (address < end).then_some((start..end, what))
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
            .map(|(&start, &(end, what))| (start..end, what))
            .collect()
    }

    /// The hole that ends where a piece begins, and the one that begins where it ends.
    pub(crate) fn holes_beside(&self, range: &Range<u64>) -> [Option<Range<u64>>; 2] {
        let hole = |piece: (Range<u64>, What)| (piece.1 == What::Hole).then_some(piece.0);
        let before = range.start.checked_sub(1).and_then(|last| self.at(last));
        [before.and_then(hole), self.at(range.end).and_then(hole)]
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

    /// From now on, these bytes were touched.
    pub(crate) fn touch(&mut self, range: &Range<u64>) {
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

    /// Adds a piece, where there is none.
    pub(crate) fn put(&mut self, range: Range<u64>, what: What) {
        self.count(&range, &what, true);
        self.pieces.insert(range.start, (range.end, what));
    }

    /// Takes a piece away, by its first byte.
    pub(crate) fn remove(&mut self, start: u64) {
        if let Some((end, what)) = self.pieces.remove(&start) {
            self.count(&(start..end), &what, false);
        }
    }

    fn count(&mut self, range: &Range<u64>, what: &What, is_added: bool) {
        let length = range.end - range.start;
        let change = |sum: &mut u64, by| {
            *sum = if is_added { *sum + by } else { *sum - by };
        };
        match what {
            What::Block(_) => {}
            What::Unknown => change(&mut self.unknown, length),
            What::Hole => {
                change(&mut self.free, length);
                change(&mut self.holes, 1);
                let square = u128::from(length).pow(2);
                self.squares = if is_added {
                    self.squares + square
                } else {
                    self.squares - square
                };
                let of_length = self.lengths.entry(length).or_default();
                change(of_length, 1);
                if *of_length == 0 {
                    self.lengths.remove(&length);
                }
            }
        }
    }

    /// Bytes of holes.
    pub fn free_bytes(&self) -> u64 {
        self.free
    }

    /// How many holes there are.
    pub fn holes(&self) -> u64 {
        self.holes
    }

    /// The length of the largest hole; 0 if there is none.
    pub fn largest_hole(&self) -> u64 {
        self.lengths
            .last_key_value()
            .map_or(0, |(&length, _)| length)
    }

    /// Bytes of memory that may be in use since before the recording.
    pub fn unknown_bytes(&self) -> u64 {
        self.unknown
    }

    /// Bytes of holes in which no block was seen: that they are free is an assumption.
    pub fn assumed_bytes(&self) -> u64 {
        let holes = self.pieces().filter(|(_, what)| **what == What::Hole);
        let parts = holes.flat_map(|(range, _)| self.untouched_in(&range));
        parts.map(|part| part.end - part.start).sum()
    }

    /// How much free memory is split, from 0 (one hole) to 100: 100 − 100·√(Σ hole²) / Σ hole, as `umm_malloc` and
    /// ESP8266's `getHeapFragmentation` have it.
    pub fn fragmentation_percent(&self) -> f64 {
        if self.free == 0 {
            return 0.0;
        }
        (100.0 - 100.0 * (self.squares as f64).sqrt() / self.free as f64).max(0.0)
    }

    /// The share of free memory in holes too small for this many bytes, from 0 to 1 (Linux' unusable free space index).
    pub fn unusable_share(&self, length: u64) -> f64 {
        if self.free == 0 {
            return 0.0;
        }
        let usable = self.lengths.range(length..);
        let usable: u64 = usable.map(|(&length, &count)| length * count).sum();
        1.0 - usable as f64 / self.free as f64
    }
}
