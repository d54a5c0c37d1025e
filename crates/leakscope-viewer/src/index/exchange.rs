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
    /// Listed in order of its keys only.
    pairs: FxHashMap<(u16, u16), Sum>,
    /// By context: the block it allocated last.
    last: Vec<u64>,
}

impl Exchange {
    #[inline]
    pub(crate) fn allocated(&mut self, by: u16, address: u64) {
        let place = usize::from(by);
        if place >= self.last.len() {
            self.last.resize(place + 1, 0);
        }
        self.last[place] = address;
    }

    /// Returns whether its owner has allocated nothing else since.
    #[inline]
    pub(crate) fn freed(&mut self, by: u16, owner: u16, address: u64, size: u64) -> bool {
        self.pairs.entry((owner, by)).or_default().add(size);
        self.last.get(usize::from(owner)) == Some(&address)
    }

    /// Who allocated, who freed, and how much, in order of their numbers.
    pub(crate) fn pairs(&self) -> Vec<((u16, u16), Sum)> {
        let mut pairs: Vec<_> = self.pairs.iter().map(|(&pair, &sum)| (pair, sum)).collect();
        pairs.sort_unstable_by_key(|&(pair, _)| pair);
        pairs
    }
}
