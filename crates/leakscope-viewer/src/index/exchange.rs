//! Who frees what others allocated, and what was freed at once.

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
}

/// Blocks by who allocated and who freed them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange {
    /// Of the first contexts: by who allocated, then by who freed.
    first: Vec<[Sum; FIRST]>,
    /// Of pairs with others. Listed in order of its keys only.
    others: FxHashMap<(u16, u16), Sum>,
    /// By context: the block it allocated last.
    last: Vec<u64>,
}

/// So many contexts are the first: few programs have more.
const FIRST: usize = 32;

impl Exchange {
    #[inline]
    pub(crate) fn allocated(&mut self, by: u16, address: u64) {
        let place = usize::from(by);
        if place >= self.last.len() {
            self.add_contexts(place + 1);
        }
        self.last[place] = address;
    }

    #[cold]
    fn add_contexts(&mut self, count: usize) {
        self.last.resize(count, 0);
    }

    /// Returns whether its owner has allocated nothing else since.
    #[inline]
    pub(crate) fn freed(&mut self, by: u16, owner: u16, address: u64, size: u64) -> bool {
        self.pair(owner, by).add(size);
        self.last.get(usize::from(owner)) == Some(&address)
    }

    #[inline]
    fn pair(&mut self, owner: u16, by: u16) -> &mut Sum {
        let (row, column) = (usize::from(owner), usize::from(by));
        if row >= FIRST || column >= FIRST {
            return self.others.entry((owner, by)).or_default();
        }
        if row >= self.first.len() {
            self.add_rows(row + 1);
        }
        &mut self.first[row][column]
    }

    #[cold]
    fn add_rows(&mut self, count: usize) {
        self.first.resize(count, [Sum::default(); FIRST]);
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
