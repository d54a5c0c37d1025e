//! Random work for an allocator, and a map that is told of it.

use std::ops::Range;

use leakscope_analysis::heap::{Completes, Effect, KnownBlock, SiteId};
use leakscope_analysis::outcome::Block;
use leakscope_analysis::trace::Context;
use leakscope_heap::{Allocator, Candidate, HeapMap, Memory, Pool, Region};

pub(crate) const BASE: u64 = 0x2000_0000;
pub(crate) const LENGTH: u64 = 0x1_0000;

/// Numbers that only look random (xorshift).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % end
    }
}

/// Something to do with the block in a place of a table: it is allocated if there is none, else freed or reallocated.
#[derive(Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) is_reallocation: bool,
    pub(crate) place: usize,
    pub(crate) size: u64,
}

/// How many blocks there can be at once.
pub(crate) const PLACES: usize = 512;

/// The same 100,000 operations each time. The heap is full now and then.
pub(crate) fn operations(reallocates: bool) -> Vec<Operation> {
    let mut random = Random(0x1e4c_5c09_e000_0001);
    let mut operation = || {
        let size = match random.below(64) {
            0 => 1 + random.below(6000),
            1..8 => 1 + random.below(900),
            _ => 1 + random.below(180),
        };
        Operation {
            is_reallocation: reallocates && random.below(4) == 0,
            place: random.below(PLACES as u64) as usize,
            size,
        }
    };
    (0..100_000).map(|_| operation()).collect()
}

/// A map of one region under one allocator, and a clock.
pub(crate) struct Heap {
    map: HeapMap,
    pub(crate) time: u64,
}

impl Heap {
    /// A heap of this allocator, by its whole name.
    pub(crate) fn new(allocator: &str) -> Self {
        Self::of(BASE..BASE + LENGTH, allocator)
    }

    pub(crate) fn of(range: Range<u64>, allocator: &str) -> Self {
        Self::of_regions(&[range], allocator)
    }

    pub(crate) fn of_regions(ranges: &[Range<u64>], allocator: &str) -> Self {
        let regions = ranges.iter().cloned();
        let regions = regions.map(|range| Region { range, name: None });
        let regions: Vec<Region> = regions.collect();
        let mut all = Allocator::ALL.iter();
        let meant = all.find(|known| known.name == allocator);
        let meant = *meant.expect("an allocator with this name");
        Self {
            map: HeapMap::new(&regions, &[meant], u64::MAX),
            time: 0,
        }
    }

    pub(crate) fn candidate(&self) -> &Candidate {
        self.map.best()
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.candidate().pools()[0]
    }

    pub(crate) fn map(&mut self) -> &HeapMap {
        self.map.finish();
        &self.map
    }

    pub(crate) fn follow(&mut self, memory: &dyn Memory) {
        self.map.follow(memory);
    }

    fn known(&self, site: u32, address: u64, size: u64) -> KnownBlock {
        let (context, core) = (Context::Unknown, 0);
        let block = Block {
            address,
            size,
            time: self.time,
            context,
            core,
        };
        KnownBlock {
            block,
            site: SiteId::new(site),
        }
    }

    pub(crate) fn observe(&mut self, effect: &Effect) {
        self.time += 1;
        self.map.observe(self.time, effect);
    }

    pub(crate) fn allocate(&mut self, site: u32, address: u64, size: u64) {
        let began = self.known(site, address, size);
        self.observe(&Effect::Allocation {
            began,
            lost: None,
            completes: Completes::Nothing,
        });
    }

    pub(crate) fn free(&mut self, address: u64) {
        let ended = self.known(0, address, 0);
        self.observe(&Effect::Free { ended });
    }

    pub(crate) fn reallocate(&mut self, site: u32, old: u64, address: u64, size: u64) {
        let (ended, began) = (Ok(self.known(0, old, 0)), self.known(site, address, size));
        self.observe(&Effect::Reallocation {
            ended,
            began,
            lost: None,
        });
    }

    pub(crate) fn fail(&mut self, site: u32, size: u64) {
        let site = SiteId::new(site);
        self.observe(&Effect::Failed {
            site,
            size,
            revived: None,
            spares_older: false,
        });
    }

    /// Allocates where the allocator would; `None` if there is no room.
    pub(crate) fn request(&mut self, site: u32, size: u64) -> Option<u64> {
        self.map.finish();
        let place = self.pool().place_of(size);
        match place {
            Some(address) => self.allocate(site, address, size),
            None => self.fail(site, size),
        }
        place
    }
}
