//! The blocks: those that live, and those that were freed, for as long as they are remembered.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use rustc_hash::FxBuildHasher;

use crate::trace::{Context, StackId};

/// A block of the heap.
#[derive(Clone, Copy, Debug)]
pub(super) struct LiveBlock {
    pub(super) size: u64,
    /// When it was allocated.
    pub(super) time: u64,
    pub(super) context: Context,
    pub(super) site: u32,
    /// Index into the list of heaps.
    pub(super) heap: u16,
    pub(super) core: u8,
}

/// A block that was freed.
#[derive(Clone, Copy, Debug)]
pub(super) struct FreedBlock {
    /// When.
    pub(super) time: u64,
    /// From where.
    pub(super) stack: StackId,
}

/// What stands at an address.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    Live(LiveBlock),
    Freed(FreedBlock),
}

/// All blocks by address.
///
/// A freed block is remembered, to tell a double free from the free of an unknown block. There are
/// only so many addresses in a small heap; in a large one the oldest are forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    by_address: HashMap<u64, State, FxBuildHasher>,
    freed: usize,
    /// Something freed before this time was forgotten.
    pub(super) forgotten_before: u64,
}

/// So many freed blocks are remembered at the least.
const REMEMBERED: usize = 1 << 16;

impl Blocks {
    /// A block comes to live; returns the one that lived there and must have gone unseen.
    #[inline]
    pub(super) fn allocate(&mut self, address: u64, block: LiveBlock) -> Option<LiveBlock> {
        match self.by_address.entry(address) {
            Entry::Occupied(mut entry) => match entry.insert(State::Live(block)) {
                State::Live(lost) => Some(lost),
                State::Freed(_) => {
                    self.freed -= 1;
                    None
                }
            },
            Entry::Vacant(entry) => {
                entry.insert(State::Live(block));
                None
            }
        }
    }

    /// A block is freed; returns what stood at the address.
    #[inline]
    pub(super) fn free(&mut self, address: u64, freed: FreedBlock) -> Option<State> {
        match self.by_address.get_mut(&address) {
            Some(state) => {
                let before = *state;
                if let State::Live(_) = before {
                    *state = State::Freed(freed);
                    self.freed += 1;
                    if self.freed > REMEMBERED {
                        self.forget_half(freed.time);
                    }
                }
                Some(before)
            }
            None => None,
        }
    }

    /// The free was none: the block lives.
    pub(super) fn revive(&mut self, address: u64, block: LiveBlock) {
        if let Some(State::Freed(_)) = self.by_address.insert(address, State::Live(block)) {
            self.freed -= 1;
        }
    }

    /// Forgets the older half of the freed blocks, unless most of them are needed anyway.
    #[cold]
    fn forget_half(&mut self, now: u64) {
        let mut times: Vec<u64> = self
            .by_address
            .values()
            .filter_map(|state| match state {
                State::Freed(freed) => Some(freed.time),
                State::Live(_) => None,
            })
            .collect();
        let middle = times.len() / 2;
        let (_, &mut middle, _) = times.select_nth_unstable(middle);
        self.forgotten_before = middle.min(now);
        self.by_address.retain(|_, state| match state {
            State::Freed(freed) => freed.time > middle,
            State::Live(_) => true,
        });
        self.freed = self
            .by_address
            .values()
            .filter(|state| matches!(state, State::Freed(_)))
            .count();
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
            .filter_map(|(&address, state)| match state {
                State::Live(block) => Some((address, *block)),
                State::Freed(_) => None,
            })
    }

    /// Everything is gone: the target restarted.
    pub(super) fn clear(&mut self) {
        self.by_address.clear();
        self.freed = 0;
        self.forgotten_before = 0;
    }

    /// How many addresses are known, live or freed.
    pub(super) fn len(&self) -> usize {
        self.by_address.len()
    }
}
