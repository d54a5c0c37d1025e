//! The blocks: those that live, and those that were freed, for as long as they are remembered.

use std::num::NonZeroU32;

use super::table::Table;
use crate::findings::Lifetimes;
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
    /// See [`LiveBlock::place`].
    pub(super) place: NonZeroU32,
}

impl LiveBlock {
    /// The core that allocates and the index into the list of heaps, above a bit that is set: the compiler makes use
    /// of that this is never 0.
    #[inline]
    pub(super) fn place(heap: usize, core: u8) -> NonZeroU32 {
        NonZeroU32::MIN | (heap as u32) << 9 | u32::from(core) << 1
    }

    /// The core that allocated it.
    #[inline]
    pub(super) fn core(&self) -> u8 {
        (self.place.get() >> 1) as u8
    }

    /// The index of its heap.
    #[inline]
    pub(super) fn heap(&self) -> usize {
        (self.place.get() >> 9) as usize
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
    Freed(FreedBlock),
}

/// A block that was freed, and no other has begun where it began. It is packed to fit into a [`Slot`].
#[derive(Clone, Copy, Debug)]
#[repr(Rust, packed(4))]
pub(super) struct FreedBlock {
    /// When it was freed.
    pub(super) time: u64,
    from: StackId,
    /// [`FreedBlock::NO_SITE`] if nobody saw its end.
    pub(super) site: u32,
    /// Its size, in units of 16 bytes, rounded down.
    units: u16,
    /// The class of its life.
    lived: u8,
}

impl FreedBlock {
    pub(super) const NO_SITE: u32 = u32::MAX;

    /// The bytes that it had at least.
    pub(super) fn bytes(&self) -> u64 {
        u64::from(self.units) * 16
    }

    /// How old it would be now, at the most.
    pub(super) fn age(&self, now: u64) -> u64 {
        now.saturating_sub(self.time)
            .saturating_add((1 << self.lived) - 1)
    }
}

/// An address and what stands there. A random one of these is fetched from memory for each event, which
/// is half of what a free costs: it is small, and never lies across two cache lines.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub(super) struct Slot {
    pub(super) address: u64,
    state: State,
}

const _: () = assert!(size_of::<Slot>() == 32);

/// No block is at this address: there, memory ends.
pub(super) const NOWHERE: u64 = u64::MAX;

impl Slot {
    /// Nothing stands here.
    pub(super) const FREE: Self = Self {
        address: NOWHERE,
        state: State::Freed(FreedBlock {
            time: 0,
            from: StackId::NONE,
            site: FreedBlock::NO_SITE,
            units: 0,
            lived: 0,
        }),
    };

    #[inline(always)]
    pub(super) fn is_free(&self) -> bool {
        self.address == NOWHERE
    }

    fn live(&self) -> Option<(u64, LiveBlock)> {
        match self.state {
            State::Live(block) => Some((self.address, block)),
            State::Freed(_) => None,
        }
    }

    fn freed(&self) -> Option<(u64, FreedBlock)> {
        match self.state {
            State::Live(_) => None,
            State::Freed(block) => Some((self.address, block)),
        }
    }

    fn freed_at(&self) -> Option<u64> {
        self.freed().map(|(_, block)| block.time)
    }
}

/// All blocks by address.
///
/// A freed block is remembered, to tell a double free from the free of an unknown block. There are
/// only so many addresses in a small heap; in a large one the oldest are forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    by_address: Table,
    /// How many were freed, without those that are forgotten.
    freed: u64,
    /// How often a block came to where another had been freed.
    pub(super) returned: u64,
    /// Whether freed blocks were forgotten.
    pub(super) has_forgotten: bool,
}

/// At least this many freed blocks are remembered.
const REMEMBERED: u64 = 1 << 16;

impl Blocks {
    /// A block comes to live; returns the one that lived there and must have gone unseen.
    #[inline(always)]
    pub(super) fn allocate(&mut self, address: u64, block: LiveBlock) -> Option<LiveBlock> {
        let Some(slot) = self.by_address.get_mut(address) else {
            if address != NOWHERE {
                // It is written there from registers: a block that is handed on would be read back from the stack.
                self.by_address.add(address).state = State::Live(block);
            }
            return None;
        };
        if let State::Live(lost) = slot.state {
            slot.state = State::Live(block);
            return Some(lost);
        }
        slot.state = State::Live(block);
        self.returned += 1;
        None
    }

    /// The block that lives at an address is freed. If none does, [`Blocks::freed_before`] says why.
    #[inline(always)]
    pub(super) fn free(&mut self, address: u64, time: u64, from: StackId) -> Option<LiveBlock> {
        let slot = self.by_address.get_mut(address)?;
        let State::Live(block) = slot.state else {
            return None;
        };
        slot.state = State::Freed(FreedBlock {
            time,
            from,
            site: block.site,
            units: u16::try_from(block.size / 16).unwrap_or(u16::MAX),
            lived: Lifetimes::class(time.saturating_sub(block.time)) as u8,
        });
        self.freed += 1;
        if self.freed - self.returned > REMEMBERED {
            self.forget_half();
        }
        Some(block)
    }

    /// When and from where the block at an address was freed that lives no more; `None` if none was ever
    /// seen there, or it is forgotten.
    pub(super) fn freed_before(&self, address: u64) -> Option<(u64, StackId)> {
        let (_, block) = self.by_address.get(address)?.freed()?;
        Some((block.time, block.from))
    }

    /// The free of this block, at `freed_at`, was none: it lives. Says whether nothing came between.
    pub(super) fn revive(&mut self, address: u64, block: LiveBlock, freed_at: u64) -> bool {
        let slot = self.by_address.get_mut(address);
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
        self.has_forgotten = true;
        let mut times: Vec<u64> = self.by_address.iter().filter_map(Slot::freed_at).collect();
        let middle = times.len() / 2;
        let (_, &mut middle, _) = times.select_nth_unstable(middle);
        self.by_address
            .retain(|slot| slot.freed_at().is_none_or(|time| time > middle));
        self.freed = self.returned + self.remembered().count() as u64;
    }

    /// The live block that begins at an address.
    pub(super) fn at(&self, address: u64) -> Option<LiveBlock> {
        let slot = self.by_address.get(address)?;
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

    /// A block has ended, nobody saw when: if it is the one of this birth that lives there. Its free may still
    /// come, of a block that was allocated there unseen.
    pub(super) fn forget(&mut self, address: u64, birth: u64) -> Option<LiveBlock> {
        self.at(address).filter(|block| block.time == birth)?;
        let ended = self.free(address, birth, StackId::NONE);
        if let Some(slot) = self.by_address.get_mut(address)
            && let State::Freed(block) = &mut slot.state
        {
            block.site = FreedBlock::NO_SITE;
        }
        ended
    }

    /// The freed blocks that are remembered, in no order that may be shown.
    pub(super) fn remembered(&self) -> impl Iterator<Item = (u64, FreedBlock)> {
        self.by_address.iter().filter_map(Slot::freed)
    }

    /// Everything is gone: the target restarted.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// How many addresses are known, live or freed.
    pub(super) fn len(&self) -> usize {
        self.by_address.len()
    }
}
