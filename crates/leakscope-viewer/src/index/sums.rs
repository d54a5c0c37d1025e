//! What is summed up of a call site, and of a lane, over any time.

use std::collections::BTreeMap;

use leakscope_analysis::outcome::Block;

use super::exchange::Sum;
use super::live::Live;
use super::numbers::Numbers;
use super::parts::Older;

/// What a call site's blocks did.
#[derive(Clone, Debug, Default)]
pub(crate) struct SiteSums {
    pub(crate) allocated: Sum,
    pub(crate) freed: Sum,
    /// Gone, nobody saw how.
    pub(crate) lost: Sum,
    /// Freed before their owner allocated anything else.
    pub(crate) temporary: Sum,
    pub(crate) reallocations: u64,
    pub(crate) failed: u64,
    /// What lived at the begin and at the end, and the most between, in bytes.
    pub(crate) before: u64,
    pub(crate) left: u64,
    pub(crate) most: u64,
    pub(crate) spread: Spread,
    pub(crate) contexts: Numbers,
    /// By context, once all is summed up.
    pub(crate) own: BTreeMap<u16, OwnSums>,
}

impl SiteSums {
    /// Sums in which this lives and nothing happened yet.
    pub(super) fn beginning_at(live: Live) -> Self {
        Self {
            before: live.bytes,
            most: live.bytes,
            ..Self::default()
        }
    }

    /// Notes that this lives by now.
    #[inline(always)]
    pub(super) fn reach(&mut self, live: Live) {
        self.most = self.most.max(live.bytes);
    }

    /// A block begins.
    #[inline(always)]
    pub(crate) fn allocate(&mut self, block: &Block, context: u16) {
        self.spread.add(block);
        self.allocated.add(block.size);
        self.contexts.add(context);
    }

    /// What blocks did is added up from what those of each context did; what of it is lost is known.
    pub(super) fn add_own(&mut self, own: impl Iterator<Item = (u16, OwnSums)>) {
        self.own = own.collect();
        let mut ended = Sum::default();
        for (&context, own) in &self.own {
            self.allocated.join(own.allocated);
            self.temporary.join(own.temporary);
            ended.join(own.ended);
            if own.allocated.blocks > 0 {
                self.contexts.add(context);
            }
        }
        self.freed = ended.since(self.lost);
    }

    /// A block whose end is summed up here does not count.
    pub(crate) fn leave_out(&mut self, older: &Older) {
        match older.by {
            Some(_) => self.freed.remove(older.size),
            None => self.lost.remove(older.size),
        }
        if older.is_temporary {
            self.temporary.remove(older.size);
        }
        let own = self.own.entry(older.owner).or_default();
        own.ended.remove(older.size);
        if older.is_temporary {
            own.temporary.remove(older.size);
        }
    }

    /// Whether nothing happened.
    pub(crate) fn is_empty(&self) -> bool {
        let blocks = self.allocated.blocks + self.freed.blocks + self.lost.blocks;
        blocks + self.reallocations + self.failed == 0 && self.before == self.left
    }

    /// The target restarts: nothing is left.
    pub(super) fn empty(&mut self) {
        self.left = 0;
        let own = self.own.values_mut();
        own.for_each(|own| own.left = Sum::default());
    }

    /// What came next joins it.
    pub(crate) fn join(&mut self, next: &Self) {
        self.most = self.most.max(next.most);
        self.spread.join(&next.spread);
        self.left = next.left;
        self.allocated.join(next.allocated);
        self.freed.join(next.freed);
        self.lost.join(next.lost);
        self.temporary.join(next.temporary);
        self.reallocations += next.reallocations;
        self.failed += next.failed;
        self.contexts.join(&next.contexts);
        for (&context, own) in &next.own {
            self.own.entry(context).or_default().join(own);
        }
    }
}

/// What the blocks that begin are like.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    sizes: (u64, u64),
    times: (u64, u64),
    pub(crate) cores: Numbers,
}

impl Default for Spread {
    /// Of no blocks: the first is smaller and larger, earlier and later.
    fn default() -> Self {
        Self {
            sizes: (u64::MAX, 0),
            times: (u64::MAX, 0),
            cores: Numbers::default(),
        }
    }
}

impl Spread {
    /// The smallest and the largest; 0 if there is none.
    pub(crate) fn sizes(&self) -> (u64, u64) {
        (self.sizes.0.min(self.sizes.1), self.sizes.1)
    }

    /// The first and the last; 0 if there is none.
    pub(crate) fn times(&self) -> (u64, u64) {
        (self.times.0.min(self.times.1), self.times.1)
    }

    /// A block begins, behind all others.
    #[inline(always)]
    pub(super) fn add(&mut self, block: &Block) {
        self.join_range((block.size, block.size), (block.time, block.time));
        self.cores.add(block.core.into());
    }

    /// What came next joins it.
    fn join(&mut self, next: &Self) {
        self.join_range(next.sizes, next.times);
        self.cores.join(&next.cores);
    }

    #[inline(always)]
    fn join_range(&mut self, sizes: (u64, u64), times: (u64, u64)) {
        self.sizes = (self.sizes.0.min(sizes.0), self.sizes.1.max(sizes.1));
        self.times = (self.times.0.min(times.0), self.times.1.max(times.1));
    }
}

/// What became of the blocks that one context allocated at a call site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnSums {
    pub(crate) allocated: Sum,
    /// Freed, or gone.
    pub(crate) ended: Sum,
    /// Freed before their owner allocated anything else.
    pub(crate) temporary: Sum,
    /// Of a part: what lived at its end.
    pub(crate) left: Sum,
}

impl OwnSums {
    fn join(&mut self, next: &Self) {
        self.allocated.join(next.allocated);
        self.ended.join(next.ended);
        self.temporary.join(next.temporary);
        self.left = next.left;
    }

    /// All are gone but these.
    pub(crate) fn leave(&mut self, left: Sum) {
        self.ended = self.allocated.since(left);
    }

    /// What came after `before`, which is how this was once.
    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            allocated: self.allocated.since(before.allocated),
            ended: self.ended.since(before.ended),
            temporary: self.temporary.since(before.temporary),
            left: Sum::default(),
        }
    }

    /// What nobody has freed.
    pub(crate) fn outstanding(&self) -> Sum {
        self.allocated.since(self.ended)
    }
}

/// How long somebody ran on a core, in ticks, and how often it began to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) ticks: u64,
    pub(crate) switches: u64,
}

impl Run {
    pub(crate) fn join(&mut self, other: Self) {
        self.ticks += other.ticks;
        self.switches += other.switches;
    }

    /// What came after `before`, which is part of it.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            ticks: self.ticks - before.ticks,
            switches: self.switches - before.switches,
        }
    }
}
