//! ESP-IDF's TLSF: `components/heap` with `tlsf/` (espressif/tlsf, branch `idf`), since ESP-IDF 4.3.
//!
//! A word with the size stands before each block's bytes, which are a multiple of 4 and at least 12. Holes are listed by classes of
//! length, the newest first. A request is rounded up to its class, so that each hole there and above is large enough: of a hole in
//! the class below it knows nothing, though that may be large enough too.

use std::ops::Range;

use super::newest::NewestFirst;
use super::{Model, round_down, round_up};
use crate::holes::Holes;
use crate::image::{self, Memory, Piece};

const WORD: u64 = 4;
/// The least bytes of a block, without the word before them.
const LEAST: u64 = 12;
/// `multi_heap`'s own data before TLSF's.
const HEAP_DATA: u64 = 20;
/// `sizeof(control_t)`.
const CONTROL: u64 = 36;

/// What ESP-IDF keeps beside the program's bytes, inside TLSF's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside {
    before: u64,
    behind: u64,
    /// Reallocations always move (`MULTI_HEAP_POISONING_SLOW`).
    always_moves: bool,
}

impl Beside {
    pub(super) const NOTHING: Self = Self::new(0, 0);
    /// `CONFIG_HEAP_TASK_TRACKING`: whose block it is.
    pub(super) const OWNER: Self = Self::new(4, 0);
    /// `CONFIG_HEAP_POISONING_…`: a canary and the size before, a canary behind.
    pub(super) const POISON: Self = Self::new(8, 4);
    pub(super) const POISON_AND_OWNER: Self = Self::new(12, 4);

    const fn new(before: u64, behind: u64) -> Self {
        Self {
            before,
            behind,
            always_moves: false,
        }
    }

    pub(super) const fn moving(self) -> Self {
        Self {
            always_moves: true,
            ..self
        }
    }
}

pub(super) fn model(region: &Range<u64>, beside: Beside) -> Box<dyn Model> {
    Box::new(Tlsf::new(region, beside))
}

#[derive(Clone, Debug)]
struct Tlsf {
    arena: Range<u64>,
    beside: Beside,
    classes: Classes,
    /// By class.
    holes: NewestFirst,
}

/// How lengths are divided into classes, by the length of the region.
#[derive(Clone, Copy, Debug)]
struct Classes {
    /// The logarithm of how many classes there are between two powers of two.
    log: u32,
    /// Behind the last power of two.
    powers: u32,
}

impl Classes {
    fn of(length: u64) -> Self {
        let log = match length {
            0..=0x4000 => 3,
            0x4001..=0x4_0000 => 4,
            _ => 5,
        };
        let powers = length.checked_ilog2().unwrap_or(0) + 1;
        Self { log, powers }
    }

    /// Lengths below this have a class each.
    fn small(self) -> u64 {
        WORD << self.log
    }

    fn class(self, length: u64) -> u64 {
        if length < self.small() {
            return length / WORD;
        }
        let power = length.ilog2();
        let part = (length >> (power - self.log)) ^ (1 << self.log);
        (u64::from(power - self.log - 1) << self.log) + part
    }

    /// How many classes there are.
    fn count(self) -> u64 {
        self.lists() << self.log
    }

    /// How many powers of two have classes: the small ones together, and each one from there on.
    fn lists(self) -> u64 {
        self.powers.saturating_sub(self.log + 1).into()
    }

    /// The least length that every hole of its class has at least.
    fn rounded(self, length: u64) -> u64 {
        match length {
            small if small < self.small() => small,
            large => round_up(large, self.width(large)),
        }
    }

    /// The largest length that is rounded up to this one or less.
    fn rounded_down(self, length: u64) -> u64 {
        match length {
            small if small < self.small() => small,
            large => round_down(large, self.width(large)),
        }
    }

    fn width(self, length: u64) -> u64 {
        1 << (length.ilog2() - self.log)
    }
}

impl Tlsf {
    fn new(region: &Range<u64>, beside: Beside) -> Self {
        let pool = (region.end - region.start).saturating_sub(HEAP_DATA);
        let classes = Classes::of(pool);
        let control = CONTROL + WORD * classes.lists() + WORD * classes.count();
        let start = region.start.saturating_add(HEAP_DATA + control);
        // An empty block stands at the end.
        let length = round_down(pool.saturating_sub(control + 2 * WORD), WORD);
        let end = if length < LEAST {
            start
        } else {
            start + WORD + length
        };
        Self {
            arena: start..end,
            beside,
            classes,
            holes: NewestFirst::default(),
        }
    }

    /// The bytes of TLSF's block for a request, without the word before them.
    fn bytes(&self, size: u64) -> Option<u64> {
        let asked = size.checked_add(self.beside.before + self.beside.behind)?;
        let rounded = round_up(asked, WORD).max(LEAST);
        (size > 0 && rounded < 1_u64.checked_shl(self.classes.powers)?).then_some(rounded)
    }

    /// A block of so many bytes out of one of so many: the rest is split off if it can be a block.
    fn split(whole: u64, bytes: u64) -> u64 {
        if whole >= bytes + WORD + LEAST {
            bytes
        } else {
            whole
        }
    }
}

impl Model for Tlsf {
    fn arena(&self) -> Range<u64> {
        self.arena.clone()
    }

    fn find(&self, _: &Holes, size: u64) -> Option<Range<u64>> {
        let bytes = self.classes.rounded(self.bytes(size)?);
        let class = self.classes.class(bytes);
        if class >= self.classes.count() {
            return None;
        }
        let hole = self.holes.first(class)?;
        let whole = hole.end - hole.start - WORD;
        Some(hole.start..hole.start + WORD + Self::split(whole, bytes))
    }

    fn pointer(&self, block: &Range<u64>) -> u64 {
        block.start + WORD + self.beside.before
    }

    fn block_at(&self, pointer: u64, size: u64) -> Range<u64> {
        let start = pointer.saturating_sub(WORD + self.beside.before);
        let bytes = self
            .bytes(size)
            .map_or(LEAST, |bytes| self.classes.rounded(bytes));
        start..start.saturating_add(WORD + bytes)
    }

    fn needs(&self, size: u64) -> u64 {
        WORD + self.bytes(size).unwrap_or(u64::MAX - WORD)
    }

    fn resized(&self, block: &Range<u64>, room: u64, size: u64) -> Option<u64> {
        let bytes = self.bytes(size).filter(|_| !self.beside.always_moves)?;
        // Between blocks that are not TLSF's, less than a word may be left for this one.
        let whole = (block.end - block.start).saturating_sub(WORD);
        match bytes <= whole {
            true => Some(WORD + Self::split(whole, bytes)),
            false if bytes <= whole + room => Some(WORD + Self::split(whole + room, bytes)),
            false => None,
        }
    }

    fn most(&self, hole: u64) -> u64 {
        let bytes = hole.saturating_sub(WORD);
        if bytes < LEAST {
            return 0;
        }
        let beside = self.beside.before + self.beside.behind;
        self.classes.rounded_down(bytes).saturating_sub(beside)
    }

    fn least_rest(&self) -> u64 {
        WORD + LEAST
    }

    /// In the lowest bits of a size stands whether the block is free, and whether the one before it is.
    fn walk(&self, memory: &dyn Memory) -> Option<Vec<Piece>> {
        if let Some(used) = memory.used() {
            return image::between(&self.arena, used, WORD);
        }
        image::walk(&self.arena, |start| {
            let size = u64::from(memory.word(start)?);
            let bytes = round_down(size, WORD);
            (bytes >= LEAST).then_some((WORD + bytes, size & 1 == 0))
        })
    }

    fn add(&mut self, hole: &Range<u64>) {
        let bytes = (hole.end - hole.start).saturating_sub(WORD);
        self.holes.add(self.classes.class(bytes), hole);
    }

    fn remove(&mut self, hole: &Range<u64>) {
        self.holes.remove(hole);
    }

    fn clear(&mut self) {
        self.holes.clear();
    }
}
