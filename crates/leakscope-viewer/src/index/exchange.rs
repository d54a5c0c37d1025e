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

/// Which block it is: where, since when, and of how many bytes.
type Identity = (u64, u64, u64);

/// A block that was freed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Freed {
    block: Identity,
    pub(crate) by: u16,
    /// Who had allocated it.
    pub(crate) owner: u16,
    pub(crate) time: u64,
    /// Whether its owner had allocated nothing else since.
    pub(crate) is_temporary: bool,
}

/// Blocks by who allocated and who freed them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange {
    /// Of the first contexts: by who allocated, then by who freed.
    first: Vec<[Sum; FIRST]>,
    /// Of pairs with others. Listed in order of its keys only.
    others: FxHashMap<(u16, u16), Sum>,
    pending: Pending,
}

/// What the next free or failure may refer to.
#[derive(Clone, Debug, Default)]
struct Pending {
    /// By context: the block it allocated last; 0 if there is none.
    last: Vec<u64>,
    /// By context: what it freed last. A failed reallocation shows that it was not freed at all.
    freed: Vec<Option<Freed>>,
}

/// The same at one moment, without room for contexts that have allocated nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct PendingThen {
    last: Vec<(u16, u64)>,
    freed: Vec<Freed>,
}

fn identity(block: &Block) -> Identity {
    (block.address, block.time, block.size)
}

/// How many contexts are the first: few programs have more.
const FIRST: usize = 32;

impl Exchange {
    #[inline]
    pub(crate) fn allocated(&mut self, by: u16, block: &Block) {
        let place = usize::from(by);
        if place >= self.pending.last.len() {
            self.add_contexts(place + 1);
        }
        self.pending.last[place] = block.address;
    }

    #[cold]
    fn add_contexts(&mut self, count: usize) {
        self.pending.last.resize(count, 0);
    }

    /// A block is freed.
    #[inline(always)]
    pub(crate) fn freed(&mut self, by: u16, owner: u16, block: &Block, time: u64) -> Freed {
        self.pair(owner, by).add(block.size);
        let last = self.pending.last.get(usize::from(owner));
        let freed = Freed {
            block: identity(block),
            by,
            owner,
            time,
            is_temporary: last == Some(&block.address),
        };
        match self.pending.freed.get_mut(usize::from(by)) {
            Some(last) => *last = Some(freed),
            None => self.add_freed(freed),
        }
        freed
    }

    #[cold]
    fn add_freed(&mut self, freed: Freed) {
        let place = usize::from(freed.by);
        let count = self.pending.freed.len().max(place + 1);
        self.pending.freed.resize(count, None);
        self.pending.freed[place] = Some(freed);
    }

    /// The last free of a block was none: it lives on. `None` if that free was not told.
    pub(crate) fn revived(&mut self, block: &Block) -> Option<Freed> {
        let is_it = |freed: &mut Freed| freed.block == identity(block);
        let freed = (self.pending.freed.iter_mut()).find_map(|freed| freed.take_if(is_it))?;
        self.pair(freed.owner, freed.by).remove(block.size);
        Some(freed)
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
        self.pending.last.fill(0);
    }

    /// Goes on where somebody else has got to, who counts frees from before `from` too.
    pub(crate) fn resume(&mut self, pending: &PendingThen, from: u64) {
        let contexts = pending
            .last
            .last()
            .map_or(0, |last| usize::from(last.0) + 1);
        let contexts = contexts.max(self.pending.last.len());
        self.add_contexts(contexts);
        self.pending.last.fill(0);
        for &(context, address) in &pending.last {
            self.pending.last[usize::from(context)] = address;
        }
        self.pending.freed.clear();
        for &freed in pending.freed.iter().filter(|freed| freed.time >= from) {
            self.add_freed(freed);
        }
    }

    pub(super) fn pending(&self) -> PendingThen {
        let last = (0..).zip(&self.pending.last);
        let last = last.filter(|&(_, &address)| address != 0);
        PendingThen {
            last: last.map(|(context, &address)| (context, address)).collect(),
            freed: self.pending.freed.iter().flatten().copied().collect(),
        }
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
