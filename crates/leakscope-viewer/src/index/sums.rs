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
    pub(crate) left: Live,
    pub(crate) most: u64,
    /// The smallest and the largest.
    pub(crate) sizes: (u64, u64),
    /// The first and the last.
    pub(crate) times: (u64, u64),
    pub(crate) contexts: Numbers,
    pub(crate) cores: Numbers,
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
        if self.allocated.blocks == 0 {
            self.sizes = (block.size, block.size);
            self.times.0 = block.time;
        }
        self.sizes = (self.sizes.0.min(block.size), self.sizes.1.max(block.size));
        self.times.1 = block.time;
        self.allocated.add(block.size);
        self.contexts.add(context);
        self.cores.add(block.core.into());
    }

    /// A free was none. If it came before all that is summed up here, nothing is right any more.
    pub(crate) fn revive(&mut self, size: u64, was_temporary: bool) {
        let freed = Sum {
            blocks: 1,
            bytes: size,
        };
        self.freed = self.freed.since(freed);
        if was_temporary {
            self.temporary = self.temporary.since(freed);
        }
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
        blocks + self.reallocations + self.failed == 0 && self.before == self.left.bytes
    }

    /// What came next joins it.
    pub(crate) fn join(&mut self, next: &Self) {
        self.most = self.most.max(next.most);
        if next.allocated.blocks > 0 {
            if self.allocated.blocks == 0 {
                self.sizes = next.sizes;
                self.times.0 = next.times.0;
            }
            self.sizes = (
                self.sizes.0.min(next.sizes.0),
                self.sizes.1.max(next.sizes.1),
            );
            self.times.1 = next.times.1;
        }
        self.left = next.left;
        self.allocated.join(next.allocated);
        self.freed.join(next.freed);
        self.lost.join(next.lost);
        self.temporary.join(next.temporary);
        self.reallocations += next.reallocations;
        self.failed += next.failed;
        self.contexts.join(&next.contexts);
        self.cores.join(&next.cores);
        for (&context, own) in &next.own {
            self.own.entry(context).or_default().join(own);
        }
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
}

impl OwnSums {
    fn join(&mut self, next: &Self) {
        self.allocated.join(next.allocated);
        self.ended.join(next.ended);
        self.temporary.join(next.temporary);
    }

    /// What came after `before`, which is how this was once.
    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            allocated: self.allocated.since(before.allocated),
            ended: self.ended.since(before.ended),
            temporary: self.temporary.since(before.temporary),
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
