//! Which blocks are recorded: for links that are too slow for all of them.

use crate::event::Block;

/// Leaves blocks out, with all that happens to them. The recording says which, so that a host takes what it sees for a
/// part. ESP-IDF's dialect has no word for that: there, only [`Filter::one_in`] holds, which leaves out a block's free with it.
///
/// ```
/// use leakscope_recorder::stream::{Config, Filter};
/// // Blocks of 64 bytes or more, and of those one in eight.
/// const CONFIG: Config = Config::new("doorbell").filter(Filter::NONE.least_size(64).one_in(8));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Filter {
    pub(crate) least_size: usize,
    pub(crate) one_in: u32,
    /// The only task whose allocations are recorded; 0: all.
    pub(crate) task: usize,
}

impl Filter {
    /// Everything is recorded.
    pub const NONE: Self = Self {
        least_size: 0,
        one_in: 1,
        task: 0,
    };

    /// Only blocks of so many bytes and more. A free that does not say its size is always recorded.
    pub const fn least_size(mut self, bytes: usize) -> Self {
        self.least_size = bytes;
        self
    }

    /// Only one block in `count` (0 is taken as 1). The address decides, so that a block's free is recorded if its
    /// allocation was.
    pub const fn one_in(mut self, count: u32) -> Self {
        self.one_in = if count == 0 { 1 } else { count };
        self
    }

    /// Only what this task allocates, and the frees of all. It is told by the address of its control block.
    pub const fn task(mut self, task: usize) -> Self {
        self.task = task;
        self
    }

    /// Whether a block is recorded; a size of 0 is not known.
    pub(crate) fn admits(&self, block: Block) -> bool {
        (block.size == 0 || block.size >= self.least_size) && self.takes(block)
    }

    /// Whether it is one of the sample, by its address.
    pub(crate) fn takes(&self, block: Block) -> bool {
        // The low bits of addresses are zero, and heaps hand out the same few again and again.
        let mixed = (block.address as u32).wrapping_mul(0x9E37_79B1);
        (u64::from(mixed) * u64::from(self.one_in)) >> 32 == 0
    }
}
