//! Who frees what others allocated, and what was freed at once.

use std::collections::BTreeMap;

use leakscope_analysis::outcome::Block;
use rustc_hash::FxHashMap;

/// Blocks and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) blocks: u64,
    pub(crate) bytes: u64,
}

impl Sum {
    pub(crate) fn add(&mut self, bytes: u64) {
        self.blocks += 1;
        self.bytes += bytes;
    }

    /// Without a branch, as nobody can foresee which blocks are added.
    #[inline(always)]
    pub(super) fn add_if(&mut self, is_added: bool, bytes: u64) {
        let is_added = u64::from(is_added);
        self.blocks += is_added;
        self.bytes += bytes * is_added;
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.blocks += other.blocks;
        self.bytes += other.bytes;
    }

    pub(crate) fn remove(&mut self, bytes: u64) {
        self.blocks -= 1;
        self.bytes -= bytes;
    }

    /// What came after `before`; nothing where frees that were counted before it were none.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            blocks: self.blocks.saturating_sub(before.blocks),
            bytes: self.bytes.saturating_sub(before.bytes),
        }
    }
}

/// A block that was freed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Freed {
    pub(crate) by: u16,
    /// Who had allocated it.
    pub(crate) owner: u16,
    pub(crate) time: u64,
    /// Whether its owner had allocated nothing else since.
    pub(crate) is_temporary: bool,
}

impl Freed {
    /// Of a block that is not known.
    pub(super) fn unknown(by: u16, time: u64) -> Self {
        Self {
            by,
            owner: by,
            time,
            is_temporary: false,
        }
    }
}

/// Blocks by who allocated and who freed them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange {
    /// Of the first contexts: by who allocated, then by who freed.
    first: Vec<[Sum; FIRST]>,
    /// Of pairs with others. Listed in order of its keys only.
    others: FxHashMap<(u16, u16), Sum>,
    /// By context: the block it allocated last, which the next free may be of; 0 if there is none.
    last: Vec<u64>,
}

/// The blocks that contexts have allocated last, at one moment: of those that have.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastThen(Vec<(u16, u64)>);

/// How many contexts are the first: few programs have more.
const FIRST: usize = 32;

impl Exchange {
    #[inline]
    pub(crate) fn allocated(&mut self, by: u16, block: &Block) {
        let place = usize::from(by);
        if place >= self.last.len() {
            self.add_contexts(place + 1);
        }
        self.last[place] = block.address;
    }

    #[cold]
    fn add_contexts(&mut self, count: usize) {
        self.last.resize(count, 0);
    }

    /// A block is freed.
    #[inline(always)]
    pub(crate) fn freed(&mut self, by: u16, owner: u16, block: &Block, time: u64) -> Freed {
        self.pair(owner, by).add(block.size);
        let last = self.last.get(usize::from(owner));
        Freed {
            by,
            owner,
            time,
            is_temporary: last == Some(&block.address),
        }
    }

    /// The free of a block was none.
    pub(super) fn take_back(&mut self, freed: &Freed, size: u64) {
        self.pair(freed.owner, freed.by).remove(size);
    }

    /// What was freed of `owner` by `by`.
    #[inline(always)]
    pub(crate) fn pair(&mut self, owner: u16, by: u16) -> &mut Sum {
        let (row, column) = (usize::from(owner), usize::from(by));
        if row < self.first.len() && column < FIRST {
            return &mut self.first[row][column];
        }
        self.add_pair(owner, by)
    }

    #[cold]
    fn add_pair(&mut self, owner: u16, by: u16) -> &mut Sum {
        let (row, column) = (usize::from(owner), usize::from(by));
        if row >= FIRST || column >= FIRST {
            return self.others.entry((owner, by)).or_default();
        }
        self.first.resize(row + 1, [Sum::default(); FIRST]);
        &mut self.first[row][column]
    }

    /// The target restarts: of the blocks that were allocated last, none is there to be freed.
    pub(super) fn restarted(&mut self) {
        self.last.fill(0);
    }

    /// Goes on where somebody else has got to.
    pub(crate) fn resume(&mut self, then: &LastThen) {
        let contexts = then.0.last().map_or(0, |last| usize::from(last.0) + 1);
        let contexts = contexts.max(self.last.len());
        self.add_contexts(contexts);
        self.last.fill(0);
        for &(context, address) in &then.0 {
            self.last[usize::from(context)] = address;
        }
    }

    pub(super) fn last(&self) -> LastThen {
        let last = (0..).zip(&self.last);
        let last = last.filter(|&(_, &address)| address != 0);
        LastThen(last.map(|(context, &address)| (context, address)).collect())
    }

    /// What was freed after `before`, which is how this was once.
    pub(super) fn pairs_since(&self, before: &Self) -> BTreeMap<(u16, u16), Sum> {
        let before: BTreeMap<_, _> = before.pairs().into_iter().collect();
        let pairs = self.pairs().into_iter().map(|(pair, sum)| {
            let before = before.get(&pair).copied().unwrap_or_default();
            (pair, sum.since(before))
        });
        pairs.filter(|(_, sum)| *sum != Sum::default()).collect()
    }

    /// Who allocated, who freed, and how much, in order of their numbers.
    pub(crate) fn pairs(&self) -> Vec<((u16, u16), Sum)> {
        let others = self.others.iter().map(|(&pair, &sum)| (pair, sum));
        let first = (0..).zip(&self.first).flat_map(|(owner, row)| {
            let row = (0..).zip(row).filter(|(_, sum)| sum.blocks > 0);
            row.map(move |(by, &sum)| ((owner, by), sum))
        });
        let mut pairs: Vec<_> = others.chain(first).collect();
        pairs.sort_unstable_by_key(|&(pair, _)| pair);
        pairs
    }
}
