//! The blocks: those that live, and those that were freed, for as long as they are remembered.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use rustc_hash::FxBuildHasher;

use crate::trace::StackId;

/// A block of the heap.
#[derive(Clone, Copy, Debug)]
pub(super) struct LiveBlock {
    pub(super) size: u64,
    /// When it was allocated.
    pub(super) time: u64,
    /// Who allocated it: an index into the list of contexts.
    pub(super) owner: u32,
    pub(super) site: u32,
    /// Index into the list of heaps.
    pub(super) heap: u16,
    pub(super) core: u8,
}

/// What stands at an address: a block that lives, or one that was freed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) block: LiveBlock,
    /// From where it was freed.
    freed_by: StackId,
    /// When; [`NEVER`] as long as it lives.
    pub(super) freed_at: u64,
}

pub(super) const NEVER: u64 = u64::MAX;

/// The answer to a free.
#[derive(Clone, Copy, Debug)]
pub(super) enum Freed {
    /// This block lived.
    Block(LiveBlock),
    /// The block had been freed already.
    Before { time: u64, from: StackId },
    /// No block was ever seen there.
    Unknown,
}

/// All blocks by address.
///
/// A freed block is remembered, to tell a double free from the free of an unknown block. There are
/// only so many addresses in a small heap; in a large one the oldest are forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    by_address: HashMap<u64, Slot, FxBuildHasher>,
    freed: usize,
}

/// So many freed blocks are remembered at the least.
const REMEMBERED: usize = 1 << 16;

impl Blocks {
    /// A block comes to live; returns the one that lived there and must have gone unseen.
    #[inline]
    pub(super) fn allocate(&mut self, address: u64, block: LiveBlock) -> Option<LiveBlock> {
        let slot = Slot {
            block,
            freed_by: StackId::NONE,
            freed_at: NEVER,
        };
        match self.by_address.entry(address) {
            Entry::Occupied(mut entry) => {
                let lost = (entry.get().freed_at == NEVER).then_some(entry.get().block);
                self.freed -= usize::from(lost.is_none());
                *entry.get_mut() = slot;
                lost
            }
            Entry::Vacant(entry) => {
                entry.insert(slot);
                None
            }
        }
    }

    /// A block is freed.
    #[inline]
    pub(super) fn free(&mut self, address: u64, time: u64, from: StackId) -> Freed {
        let Some(slot) = self.by_address.get_mut(&address) else {
            return Freed::Unknown;
        };
        if slot.freed_at != NEVER {
            return Freed::Before {
                time: slot.freed_at,
                from: slot.freed_by,
            };
        }
        slot.freed_at = time;
        slot.freed_by = from;
        let block = slot.block;
        self.freed += 1;
        if self.freed > REMEMBERED {
            self.forget_half();
        }
        Freed::Block(block)
    }

    /// The last free of an address was none: the block lives. Returns it, and when that free was.
    pub(super) fn revive(&mut self, address: u64) -> Option<(LiveBlock, u64)> {
        let slot = self.by_address.get_mut(&address)?;
        if slot.freed_at == NEVER {
            return None;
        }
        let freed_at = std::mem::replace(&mut slot.freed_at, NEVER);
        self.freed -= 1;
        Some((slot.block, freed_at))
    }

    /// What stands at an address.
    pub(super) fn slot(&self, address: u64) -> Option<&Slot> {
        self.by_address.get(&address)
    }

    /// The block that was freed at an address.
    pub(super) fn freed(&self, address: u64) -> Option<&LiveBlock> {
        let slot = self.by_address.get(&address)?;
        (slot.freed_at != NEVER).then_some(&slot.block)
    }

    /// Forgets the older half of the freed blocks.
    #[cold]
    fn forget_half(&mut self) {
        let freed = self.by_address.values().map(|slot| slot.freed_at);
        let mut times: Vec<u64> = freed.filter(|&time| time != NEVER).collect();
        let middle = times.len() / 2;
        let (_, &mut middle, _) = times.select_nth_unstable(middle);
        self.by_address.retain(|_, slot| slot.freed_at > middle);
        let freed = self.by_address.values().map(|slot| slot.freed_at);
        self.freed = freed.filter(|&time| time != NEVER).count();
    }

    /// The live block that an address lies in, but not at its beginning.
    pub(super) fn around(&self, address: u64) -> Option<(u64, LiveBlock)> {
        self.live()
            .filter(|(start, block)| *start < address && address - start < block.size)
            .min_by_key(|(start, _)| address - start)
    }

    /// The live blocks, in no order that may be shown.
    pub(super) fn live(&self) -> impl Iterator<Item = (u64, LiveBlock)> {
        self.by_address
            .iter()
            .filter(|(_, slot)| slot.freed_at == NEVER)
            .map(|(&address, slot)| (address, slot.block))
    }

    /// Everything is gone: the target restarted.
    pub(super) fn clear(&mut self) {
        self.by_address.clear();
        self.freed = 0;
    }

    /// How many addresses are known, live or freed.
    pub(super) fn len(&self) -> usize {
        self.by_address.len()
    }
}
