//! Who points at which block, and which nobody can reach.
//!
//! [`Scene`] is what is known, `survey` what can be asked of it, by one `look`: `areas` says what is looked at (by `ranges`), and
//! `pointers` reads it once (by `words`): `blocks` finds the block that a word points at, through [`aliases`] of the chip, and
//! `chunk` leaves out what an allocator keeps for itself. `flood` gives each block one of memcheck's kinds, `holders` finds the
//! shortest ways to them, `chance` says how often a word would look like a pointer that is none, and `map` is for drawing.
pub mod aliases;
mod areas;
mod blocks;
mod chance;
mod chunk;
mod flood;
mod holders;
mod look;
mod map;
mod pointers;
mod ranges;
mod scene;
mod survey;
mod words;

use std::ops::Range;

pub use aliases::Alias;
pub use holders::{Branch, Root};
pub use map::Use;
pub use scene::{Scene, Stack, Type};

/// A block of the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its first byte.
    pub start: u64,
    /// Its size in bytes.
    pub size: u64,
    /// What it has in common with others: they are shown as one.
    pub group: u32,
}

impl Block {
    /// Its bytes. A recording may say of a block that it lies behind the last address: none does.
    pub const fn range(&self) -> Range<u64> {
        self.start..self.start.saturating_add(self.size)
    }
}

/// Whether a block can be reached: memcheck's kinds of leaks.
///
/// ```
/// use leakscope_memory::reach::Kind;
/// assert!(Kind::Definite.is_lost() && !Kind::Possible.is_lost());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Nothing that can be reached points at it.
    Definite,
    /// Only lost blocks point at it: it is lost with one of them.
    Indirect,
    /// It can be reached, and on each way there is a pointer into the middle of a block.
    Possible,
    /// Pointers to the beginnings of blocks lead to it.
    Reachable,
}

impl Kind {
    /// All of them, the worst first.
    pub const ALL: [Self; 4] = [
        Self::Definite,
        Self::Indirect,
        Self::Possible,
        Self::Reachable,
    ];

    /// `definite`, `indirect`, `possible` or `reachable`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Definite => "definite",
            Self::Indirect => "indirect",
            Self::Possible => "possible",
            Self::Reachable => "reachable",
        }
    }

    /// Whether the program cannot reach it any more.
    pub const fn is_lost(self) -> bool {
        matches!(self, Self::Definite | Self::Indirect)
    }
}

/// What points at a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The word at this address, which is in no block.
    Word(u64),
    /// A register: an index into the image's threads, and into the thread's registers.
    Register(usize, usize),
    /// A word in a block: an index into [`Survey::blocks`], and the word's offset in it.
    Block(usize, u64),
}

/// What was found of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The block.
    pub block: Block,
    /// Whether it can be reached.
    pub kind: Kind,
    /// Of an indirect one, the definite one that it is lost with: an index into [`Survey::blocks`].
    pub leader: Option<usize>,
    /// What points at it, on the shortest way from a root: by pointers to beginnings if there is such a way, and then from a
    /// global if there is one.
    pub holder: Option<Holder>,
    /// How many words point at it from roots, and from blocks that can be reached.
    pub words: u32,
    /// The way to it: an index into [`Survey::branches`].
    pub branch: Option<usize>,
    /// Whether all of its bytes are in the image.
    pub is_in_image: bool,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// The blocks in order of addresses.
    pub blocks: Vec<Found>,
    /// Ways from roots to blocks, those of one group folded into one.
    pub branches: Vec<Branch>,
    /// What was looked at.
    pub scanned: Scanned,
    /// How many words would point at a block by chance, if memory held the same numbers and the heap lay elsewhere.
    /// `None` if there is no elsewhere.
    pub chance: Option<f64>,
}

/// What was looked at, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Memory outside of the heap and of stacks.
    pub statics: u64,
    /// What is in use of stacks.
    pub stacks: u64,
    /// Memory of the heap that is neither known to be free nor a known block: it is taken to be in use.
    pub unknown: u64,
    /// Blocks.
    pub blocks: u64,
    /// Words among all of it that point at blocks.
    pub pointers: u64,
}
