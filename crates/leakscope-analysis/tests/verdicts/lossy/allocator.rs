//! Where blocks lie: allocators that differ in when and how memory returns.

use std::collections::{BTreeMap, HashMap, VecDeque};

/// Which free memory an allocator takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// Lists of free blocks by size; the one that was freed last.
    NewestFirst,
    /// The same; the one that was freed first.
    OldestFirst,
    /// The lowest that is large enough; neighbours that are free are one.
    Merging,
    /// None: each block lies behind all others.
    Never,
}

/// A header, and what blocks are rounded up to.
const HEADER: u64 = 8;

pub(crate) struct Memory {
    reuse: Reuse,
    end: u64,
    by_size: HashMap<u64, VecDeque<u64>>,
    /// Free memory by address; its length.
    holes: BTreeMap<u64, u64>,
}

impl Memory {
    pub(crate) fn new(reuse: Reuse) -> Self {
        Self {
            reuse,
            end: 0x3FC0_0000,
            by_size: HashMap::new(),
            holes: BTreeMap::new(),
        }
    }

    pub(crate) fn allocate(&mut self, size: u64) -> u64 {
        let length = length(size);
        let returned = match self.reuse {
            Reuse::NewestFirst => self.by_size.get_mut(&length).and_then(VecDeque::pop_back),
            Reuse::OldestFirst => self.by_size.get_mut(&length).and_then(VecDeque::pop_front),
            Reuse::Merging => self.cut(length),
            Reuse::Never => None,
        };
        returned.unwrap_or_else(|| {
            self.end += length;
            self.end - length
        })
    }

    pub(crate) fn free(&mut self, address: u64, size: u64) {
        let length = length(size);
        match self.reuse {
            Reuse::NewestFirst | Reuse::OldestFirst => {
                self.by_size.entry(length).or_default().push_back(address);
            }
            Reuse::Merging => self.merge(address, length),
            Reuse::Never => {}
        }
    }

    fn cut(&mut self, length: u64) -> Option<u64> {
        let large = |&(_, hole): &(&u64, &u64)| *hole >= length;
        let (&address, &hole) = self.holes.iter().find(large)?;
        self.holes.remove(&address);
        if hole > length {
            self.holes.insert(address + length, hole - length);
        }
        Some(address)
    }

    fn merge(&mut self, mut address: u64, mut length: u64) {
        if let Some((&before, &hole)) = self.holes.range(..address).next_back()
            && before + hole == address
        {
            self.holes.remove(&before);
            address = before;
            length += hole;
        }
        if let Some(hole) = self.holes.remove(&(address + length)) {
            length += hole;
        }
        self.holes.insert(address, length);
    }
}

fn length(size: u64) -> u64 {
    (size + HEADER).next_multiple_of(8)
}
