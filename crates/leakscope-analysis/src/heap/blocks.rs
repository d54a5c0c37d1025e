//! The blocks: those that live, and those that were freed, for as long as they are remembered.

use std::hash::BuildHasher;
use std::num::NonZeroU8;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use crate::trace::StackId;

/// A block that lives.
#[derive(Clone, Copy, Debug)]
pub(super) struct LiveBlock {
    /// When it was allocated.
    pub(super) time: u64,
    /// In bytes; see [`LARGEST`].
    pub(super) size: u32,
    /// Who allocated it: an index into the list of contexts.
    pub(super) owner: u32,
    pub(super) site: u32,
    /// Index into the list of heaps, plus 1: the compiler makes use of that it is never 0.
    pub(super) heap_number: NonZeroU8,
    pub(super) core: u8,
}

impl LiveBlock {
    /// The number of the heap with this index.
    #[inline]
    pub(super) fn heap_number(index: usize) -> NonZeroU8 {
        NonZeroU8::MIN.saturating_add(index as u8)
    }

    /// Its index into the list of heaps.
    #[inline]
    pub(super) fn heap(&self) -> usize {
        usize::from(self.heap_number.get()) - 1
    }

    /// Its size in bytes.
    pub(super) fn bytes(&self) -> u64 {
        u64::from(self.size)
    }
}

/// Larger blocks are counted as this large: they exist on no device whose numbers have 32 bits.
pub(super) const LARGEST: u64 = u32::MAX as u64;

/// What stands at an address.
#[derive(Clone, Copy, Debug)]
enum State {
    Live(LiveBlock),
    Freed { time: u64, from: StackId },
}

/// An address and what stands there. A random one of these is fetched from memory for each event, which
/// is half of what a free costs: it is small, and never lies across two cache lines.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
struct Slot {
    address: u64,
    state: State,
}

const _: () = assert!(size_of::<Slot>() == 32);

impl Slot {
    fn live(&self) -> Option<(u64, LiveBlock)> {
        match self.state {
            State::Live(block) => Some((self.address, block)),
            State::Freed { .. } => None,
        }
    }

    fn freed_at(&self) -> Option<u64> {
        match self.state {
            State::Live(_) => None,
            State::Freed { time, .. } => Some(time),
        }
    }
}

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
    by_address: HashTable<Slot>,
    freed: usize,
}

/// So many freed blocks are remembered at the least.
const REMEMBERED: usize = 1 << 16;

impl Blocks {
    /// A block comes to live; returns the one that lived there and must have gone unseen.
    #[inline(always)]
    pub(super) fn allocate(&mut self, address: u64, block: LiveBlock) -> Option<LiveBlock> {
        match self.by_address.find_mut(hash(address), is_at(address)) {
            Some(slot) => {
                let lost = match slot.state {
                    State::Live(lost) => Some(lost),
                    State::Freed { .. } => {
                        self.freed -= 1;
                        None
                    }
                };
                slot.state = State::Live(block);
                lost
            }
            None => {
                self.add(address, block);
                None
            }
        }
    }

    #[inline(never)]
    fn add(&mut self, address: u64, block: LiveBlock) {
        let state = State::Live(block);
        let slot = Slot { address, state };
        self.by_address.insert_unique(hash(address), slot, hash_of);
    }

    /// A block is freed.
    #[inline(always)]
    pub(super) fn free(&mut self, address: u64, time: u64, from: StackId) -> Freed {
        let slot = self.by_address.find_mut(hash(address), is_at(address));
        let Some(slot) = slot else {
            return Freed::Unknown;
        };
        let block = match slot.state {
            State::Live(block) => block,
            State::Freed { time, from } => return Freed::Before { time, from },
        };
        slot.state = State::Freed { time, from };
        self.freed += 1;
        if self.freed > REMEMBERED {
            self.forget_half();
        }
        Freed::Block(block)
    }

    /// The free of this block, at `freed_at`, was none: it lives. Says whether nothing came between.
    pub(super) fn revive(&mut self, address: u64, block: LiveBlock, freed_at: u64) -> bool {
        let slot = self.by_address.find_mut(hash(address), is_at(address));
        let Some(slot) = slot.filter(|slot| slot.freed_at() == Some(freed_at)) else {
            return false;
        };
        slot.state = State::Live(block);
        self.freed -= 1;
        true
    }

    /// Forgets the older half of the freed blocks.
    #[cold]
    fn forget_half(&mut self) {
        let mut times: Vec<u64> = self.by_address.iter().filter_map(Slot::freed_at).collect();
        let middle = times.len() / 2;
        let (_, &mut middle, _) = times.select_nth_unstable(middle);
        self.by_address
            .retain(|slot| slot.freed_at().is_none_or(|time| time > middle));
        self.freed = self.by_address.iter().filter_map(Slot::freed_at).count();
    }

    /// The live block that begins at an address.
    pub(super) fn at(&self, address: u64) -> Option<LiveBlock> {
        let slot = self.by_address.find(hash(address), is_at(address))?;
        slot.live().map(|(_, block)| block)
    }

    /// The live block that an address lies in, but not at its beginning.
    pub(super) fn around(&self, address: u64) -> Option<(u64, LiveBlock)> {
        self.live()
            .filter(|(start, block)| *start < address && address - start < block.bytes())
            .min_by_key(|(start, _)| address - start)
    }

    /// The live blocks, in no order that may be shown.
    pub(super) fn live(&self) -> impl Iterator<Item = (u64, LiveBlock)> {
        self.by_address.iter().filter_map(Slot::live)
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

#[inline]
fn hash(address: u64) -> u64 {
    FxBuildHasher.hash_one(address)
}

fn hash_of(slot: &Slot) -> u64 {
    hash(slot.address)
}

#[inline]
fn is_at(address: u64) -> impl Fn(&Slot) -> bool {
    move |slot| slot.address == address
}
