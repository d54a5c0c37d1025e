//! The allocator, and what really happened.

use std::collections::BTreeMap;

/// Where blocks come from: whoever allocates next gets what was freed last.
#[derive(Debug, Default)]
pub(crate) struct Happened {
    /// By address: size and stack.
    pub(crate) live: BTreeMap<usize, (usize, Vec<usize>)>,
    pub(crate) allocations: u64,
    pub(crate) frees: u64,
    pub(crate) reallocations: u64,
    pub(crate) failures: u64,
    pub(crate) events: u64,
    /// Events that no block begins or ends with.
    told: u64,
    free: Vec<usize>,
    used: usize,
}

impl Happened {
    pub(crate) fn alloc(&mut self, size: usize, stack: &[usize]) -> usize {
        self.allocations += 1;
        let address = self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            0x2000_0000 + 64 * self.used
        });
        let before = self.live.insert(address, (size, stack.to_vec()));
        assert_eq!(before, None, "the allocator gives no block twice");
        address
    }

    pub(crate) fn free(&mut self, address: usize) {
        self.frees += 1;
        self.live.remove(&address).expect("it lives");
        self.free.push(address);
    }

    /// A block moves; its old place is the next one to be given away.
    pub(crate) fn realloc(&mut self, from: usize, size: usize, stack: &[usize]) -> usize {
        self.reallocations += 1;
        let address = self.alloc(size, stack);
        self.free(from);
        address
    }

    /// A request fails, of which the recorder is told so many times.
    pub(crate) fn fail(&mut self, told: u64) {
        self.failures += 1;
        self.told += told;
    }

    /// How many events of the heap the recorder was told.
    pub(crate) fn told(&self) -> u64 {
        self.allocations + self.frees + self.told
    }
}
