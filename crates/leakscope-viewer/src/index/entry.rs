//! An entry of the ledger: of an effect, what the event itself does not say.
//!
//! A tag, then the call site of who asked for memory, the block that ended or was revived, and the block that was
//! lost; each only if there is one. A block that was revived or lost need not lie where the event says: its address
//! stands last. Numbers are narrow in most entries, and wide where one of them needs it. The
//! least significant byte stands first.

use leakscope_analysis::heap::{Completes, Effect, KnownBlock, SiteId, UnknownFree};
use leakscope_analysis::outcome::Block;
use leakscope_analysis::trace::{Event, EventKind, HeapEvent};

use super::actors::Actors;
use super::did::Did;

/// No entry is longer. A number is written and read with eight bytes, whatever its length.
pub(crate) const ENTRY: usize = 64;

/// Bits of the tag. The fourth and fifth are [`UnknownFree`] or [`Completes`], or whether a failure spares an older block.
const WIDE: u8 = 1;
const FIRST: u8 = 2;
const LOST: u8 = 4;
const RESTART: u8 = 8;
/// What is freed was allocated before a pause: its size stands last.
const PAUSED: u8 = 64;
/// Set later: it belongs to a reallocation that failed, and left its block as it was.
pub(super) const VAIN: u8 = 128;
const DETAIL_SHIFT: u8 = 4;

/// How many bytes numbers take.
struct Widths {
    site: usize,
    size: usize,
    life: usize,
    lane: usize,
}

const NARROW: Widths = Widths {
    site: 2,
    size: 2,
    life: 4,
    lane: 1,
};
const WIDER: Widths = Widths {
    site: 4,
    size: 4,
    life: 8,
    lane: 4,
};

/// A block that ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    site: SiteId,
    size: u64,
    /// How long ago it began, in ticks.
    life: u64,
    /// Who allocated it.
    lane: u32,
}

impl Ended {
    /// A block as seen at `now`, whose owner has this lane.
    #[inline(always)]
    pub(crate) fn new(known: &KnownBlock, lane: u32, now: u64) -> Self {
        Self {
            site: known.site,
            size: known.block.size,
            life: now.saturating_sub(known.block.time),
            lane,
        }
    }

    #[inline(always)]
    fn is_narrow(&self) -> bool {
        let numbers = self.size | u64::from(self.site.number());
        (numbers >> 16) | (self.life >> 32) | u64::from(self.lane >> 8) == 0
    }
}

/// Writes the entry of an allocation without more to it.
#[inline(always)]
pub(crate) fn write_allocation(room: &mut [u8; ENTRY], site: SiteId) -> usize {
    let Ok(narrow) = u16::try_from(site.number()) else {
        return write(room, 0, Some(site), None, None);
    };
    let [low, high] = narrow.to_le_bytes();
    *first(room) = [0, low, high, 0];
    1 + NARROW.site
}

/// Writes the entry of a free.
#[inline(always)]
pub(crate) fn write_free(room: &mut [u8; ENTRY], ended: &Ended) -> usize {
    if !ended.is_narrow() {
        return write(room, 0, None, Some(ended), None);
    }
    // As `put_block` does it, at once.
    let mut numbers = u128::from(ended.life);
    numbers = numbers << 8 | u128::from(ended.lane);
    numbers = numbers << 16 | u128::from(ended.site.number());
    numbers = numbers << 16 | u128::from(ended.size);
    numbers = numbers << 8 | u128::from(FIRST);
    *first(room) = numbers.to_le_bytes();
    1 + NARROW.size + NARROW.site + NARROW.lane + NARROW.life
}

/// The first bytes of a room.
#[inline(always)]
fn first<const LENGTH: usize>(room: &mut [u8; ENTRY]) -> &mut [u8; LENGTH] {
    const { assert!(LENGTH <= ENTRY) };
    room.first_chunk_mut().unwrap()
}

/// Writes the entry of any effect, which is empty where the event says all; of a start, also that it had none. `lane`
/// finds who allocated a block.
pub(crate) fn write_any(
    room: &mut [u8; ENTRY],
    effect: Option<&Effect>,
    now: u64,
    mut lane: impl FnMut(&Block) -> u32,
) -> usize {
    let mut ended = |known: &KnownBlock| Ended::new(known, lane(&known.block), now);
    let Some(effect) = effect else {
        return write(room, 0, None, None, None);
    };
    let lost = effect.lost().map(&mut ended);
    let lost = lost.as_ref();
    let mut length = match effect {
        Effect::Allocation {
            began, completes, ..
        } => {
            let completes = (*completes as u8) << DETAIL_SHIFT;
            write(room, completes, Some(began.site), None, lost)
        }
        Effect::Reallocation {
            ended: before,
            began,
            ..
        } => {
            let why = before.map_or_else(tag_of, |_| 0);
            let before = before.as_ref().ok().map(&mut ended);
            write(room, why, Some(began.site), before.as_ref(), lost)
        }
        Effect::Free { ended: before } => write(room, 0, None, Some(&ended(before)), None),
        Effect::UnknownFree(why) => write(room, tag_of(*why), None, None, None),
        Effect::Failed {
            site,
            revived,
            spares_older,
            ..
        } => {
            let spares_older = u8::from(*spares_older) << DETAIL_SHIFT;
            let block = revived.as_ref().map(&mut ended);
            write(room, spares_older, Some(*site), block.as_ref(), None)
        }
        Effect::Restart => write(room, RESTART, None, None, None),
        Effect::FreeOfNull | Effect::EmptyAllocation | Effect::HeapDefined => 0,
    };
    if let Some(known) = effect.revived().or(effect.lost()) {
        put(room, &mut length, known.block.address, 8);
    }
    if let Some(UnknownFree::Paused { size }) = effect.unknown_free() {
        put(room, &mut length, size, WIDER.size);
    }
    length
}

fn tag_of(why: UnknownFree) -> u8 {
    let place = UNKNOWN_FREES.iter().position(|&known| known == why);
    place.map_or(PAUSED, |place| (place as u8) << DETAIL_SHIFT)
}

#[inline(always)]
fn write(
    room: &mut [u8; ENTRY],
    tag: u8,
    site: Option<SiteId>,
    first: Option<&Ended>,
    lost: Option<&Ended>,
) -> usize {
    let is_narrow = site.is_none_or(|site| site.number() >> 16 == 0)
        && first.is_none_or(Ended::is_narrow)
        && lost.is_none_or(Ended::is_narrow);
    let has = |is_there: bool, bit: u8| if is_there { bit } else { 0 };
    let tag = tag | has(first.is_some(), FIRST) | has(lost.is_some(), LOST);
    if is_narrow {
        write_numbers(room, tag, &NARROW, site, first, lost)
    } else {
        write_numbers(room, tag | WIDE, &WIDER, site, first, lost)
    }
}

/// Inlined, so that the compiler knows where each number stands.
#[inline(always)]
fn write_numbers(
    room: &mut [u8; ENTRY],
    tag: u8,
    widths: &Widths,
    site: Option<SiteId>,
    first: Option<&Ended>,
    lost: Option<&Ended>,
) -> usize {
    room[0] = tag;
    let mut length = 1;
    if let Some(site) = site {
        put(room, &mut length, site.number().into(), widths.site);
    }
    if let Some(first) = first {
        put_block(room, &mut length, first, widths);
    }
    if let Some(lost) = lost {
        put_block(room, &mut length, lost, widths);
    }
    length
}

#[inline(always)]
fn put_block(room: &mut [u8; ENTRY], at: &mut usize, block: &Ended, widths: &Widths) {
    put(room, at, block.size, widths.size);
    put(room, at, block.site.number().into(), widths.site);
    put(room, at, block.lane.into(), widths.lane);
    put(room, at, block.life, widths.life);
}

#[inline(always)]
fn put(room: &mut [u8; ENTRY], at: &mut usize, number: u64, width: usize) {
    let rest = room.get_mut(*at..);
    if let Some(place) = rest.and_then(<[u8]>::first_chunk_mut) {
        *place = number.to_le_bytes();
    }
    *at += width;
}

/// An entry is not of the event that is read again: the recording is another one by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotOfEvent;

/// What an event did, as its entry says, and how long the entry is. There are so many call sites; what names another
/// one, or a lane that is none, is not the event's entry.
pub(crate) fn read(
    bytes: &[u8; ENTRY],
    event: &Event<'_>,
    actors: &Actors,
    sites: usize,
) -> (Result<Did, NotOfEvent>, usize) {
    let tag = bytes[0];
    let mut entry = Entry {
        bytes,
        at: 1,
        widths: if tag & WIDE == 0 { &NARROW } else { &WIDER },
        actors,
        sites,
        now: event.time,
        is_of_event: true,
    };
    let EventKind::Heap(of_heap) = event.kind else {
        let effect = (tag & RESTART != 0).then_some(Effect::Restart);
        return (Ok(Did::new(effect)), entry.at);
    };
    let now = &event.occasion();
    let effect = match of_heap {
        HeapEvent::Allocation { address, size, .. } => Effect::Allocation {
            began: KnownBlock::begun(entry.site(), address, size, now),
            lost: entry.block_elsewhere(LOST),
            completes: COMPLETES[detail(tag)],
        },
        HeapEvent::Reallocation {
            old_address,
            address,
            size,
            ..
        } => {
            let began = KnownBlock::begun(entry.site(), address, size, now);
            let ended = entry.block(FIRST, old_address);
            let lost = entry.block_elsewhere(LOST);
            let ended = ended.ok_or_else(|| entry.unknown_free());
            Effect::Reallocation { ended, began, lost }
        }
        HeapEvent::Moved {
            old_address,
            address,
            size,
            ..
        } => {
            let began = KnownBlock::begun(entry.site(), address, size, now);
            let ended = entry.block(FIRST, old_address);
            let lost = entry.block_elsewhere(LOST);
            match ended {
                Some(ended) => Effect::Reallocation {
                    ended: Ok(ended),
                    began,
                    lost,
                },
                None => Effect::Allocation {
                    began,
                    lost,
                    completes: COMPLETES[detail(tag)],
                },
            }
        }
        HeapEvent::Free { address, .. } | HeapEvent::Moving { address, .. } => {
            match entry.block(FIRST, address) {
                Some(ended) => Effect::Free { ended },
                None => Effect::UnknownFree(entry.unknown_free()),
            }
        }
        HeapEvent::Failed { size: 0, .. } => {
            return (Ok(Did::new(Some(Effect::EmptyAllocation))), 0);
        }
        HeapEvent::Failed { size, .. } | HeapEvent::Kept { size, .. } => Effect::Failed {
            site: entry.site(),
            size,
            revived: entry.block_elsewhere(FIRST),
            spares_older: detail(tag) == 1,
        },
        HeapEvent::FreeOfNull { .. } => return (Ok(Did::new(Some(Effect::FreeOfNull))), 0),
        HeapEvent::Define { .. } => return (Ok(Did::new(Some(Effect::HeapDefined))), 0),
    };
    let did = match tag & VAIN {
        0 => Did::new(Some(effect)),
        _ => Did::in_vain(effect),
    };
    let did = entry.is_of_event.then_some(did);
    (did.ok_or(NotOfEvent), entry.at)
}

/// In the order of their declaration, as they are written.
const COMPLETES: [Completes; 4] = [
    Completes::Nothing,
    Completes::Reallocation,
    Completes::Retry,
    Completes::RetriedReallocation,
];
const UNKNOWN_FREES: [UnknownFree; 4] = [
    UnknownFree::Older,
    UnknownFree::AllocationLost,
    UnknownFree::Double,
    UnknownFree::Wrong,
];

const fn detail(tag: u8) -> usize {
    (tag >> DETAIL_SHIFT) as usize & 3
}

/// An entry that is being read.
struct Entry<'e> {
    bytes: &'e [u8; ENTRY],
    at: usize,
    widths: &'static Widths,
    actors: &'e Actors,
    sites: usize,
    now: u64,
    is_of_event: bool,
}

impl Entry<'_> {
    fn number(&mut self, width: usize) -> u64 {
        let mut number = [0; 8];
        number[..width].copy_from_slice(&self.bytes[self.at..self.at + width]);
        self.at += width;
        u64::from_le_bytes(number)
    }

    fn site(&mut self) -> SiteId {
        let site = SiteId::new(self.number(self.widths.site) as u32);
        self.is_of_event &= site.index() < self.sites;
        site
    }

    /// Why the block that is freed is not known.
    fn unknown_free(&mut self) -> UnknownFree {
        let tag = self.bytes[0];
        if tag & PAUSED == 0 {
            return UNKNOWN_FREES[detail(tag)];
        }
        UnknownFree::Paused {
            size: self.number(WIDER.size),
        }
    }

    /// As [`Entry::block`], if the event does not say where the block is: that stands last in the entry.
    fn block_elsewhere(&mut self, bit: u8) -> Option<KnownBlock> {
        let mut known = self.block(bit, 0)?;
        known.block.address = self.number(8);
        Some(known)
    }

    /// The block that the tag has this bit for.
    fn block(&mut self, bit: u8, address: u64) -> Option<KnownBlock> {
        if self.bytes[0] & bit == 0 {
            return None;
        }
        let size = self.number(self.widths.size);
        let site = self.site();
        let lane = self.number(self.widths.lane) as usize;
        let time = self.now.saturating_sub(self.number(self.widths.life));
        let Some(lane) = self.actors.lanes().get(lane) else {
            self.is_of_event = false;
            return None;
        };
        let block = Block {
            address,
            size,
            time,
            context: self.actors.contexts()[usize::from(lane.context)],
            core: lane.core,
        };
        Some(KnownBlock { block, site })
    }
}
