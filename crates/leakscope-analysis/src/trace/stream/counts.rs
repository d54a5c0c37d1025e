//! What a stream has held so far, counted: a table of fixed size, in which the rare gives way to the new.

use std::sync::Arc;

/// What is counted. A place is a field: an id, and the field's index in packets with that id.
#[derive(Clone, Copy, Debug)]
pub(super) enum Topic {
    /// Packets with an id.
    Id,
    /// Ids behind this one.
    Behind(u32),
    /// How many numbers payloads with this id are.
    Arity(u32),
    /// The numbers in this place.
    Values(u32),
    /// Their upper 20 bits.
    Near(u32),
    /// Their lengths in bits.
    Sizes(u32),
    /// Large numbers in any place, each once.
    Anywhere,
    /// Their upper 20 bits, each once.
    Nearby,
    /// The lengths of deltas in bits.
    Deltas,
    /// The deltas of packets with an id: their lengths, and their topmost bits.
    DeltasOf(u32),
}

/// How often each of some symbols occurred, by [`Topic`].
///
/// Constant in size: a symbol has two slots that it may take, and takes the one that counts less, once that
/// has been counted down. Counts are halved before they overflow, so that they follow what changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    /// Shared with checkpoints until one of them learns.
    slots: Arc<Vec<Slot>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// Tells symbols apart that share a slot.
    tag: u16,
    count: u16,
}

/// How many slots there are: 64 KiB.
const SLOTS: usize = 1 << 14;

/// The symbol under which all of a topic are counted.
const ALL: u64 = 1 << 40;

impl Topic {
    const fn key(self) -> u64 {
        let (topic, of) = match self {
            Self::Id => (1, 0),
            Self::Behind(id) => (2, id),
            Self::Arity(id) => (3, id),
            Self::Values(place) => (4, place),
            Self::Near(place) => (5, place),
            Self::Sizes(place) => (6, place),
            Self::Anywhere => (7, 0),
            Self::Deltas => (8, 0),
            Self::Nearby => (9, 0),
            Self::DeltasOf(id) => (10, id),
        };
        topic << 32 | of as u64
    }
}

/// The index of the first of a symbol's two slots, and its tag.
const fn slot_of(topic: Topic, symbol: u64) -> (usize, u16) {
    let mixed = (topic.key() ^ symbol.wrapping_mul(0xD6E8_FEB8_6659_FD93))
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((mixed >> 40) as usize % SLOTS, (mixed >> 20) as u16)
}

impl Counts {
    /// How often `symbol` occurred.
    pub(super) fn of(&self, topic: Topic, symbol: u32) -> u32 {
        self.get(topic, u64::from(symbol))
    }

    /// How many symbols of a topic occurred.
    pub(super) fn all(&self, topic: Topic) -> u32 {
        self.get(topic, ALL)
    }

    fn get(&self, topic: Topic, symbol: u64) -> u32 {
        let (index, tag) = slot_of(topic, symbol);
        let both = [index, index ^ 1].into_iter();
        let slot = both
            .filter_map(|index| self.slots.get(index))
            .find(|slot| slot.tag == tag && slot.count > 0);
        slot.map_or(0, |slot| u32::from(slot.count))
    }

    /// Whether they are one table.
    pub(super) fn are_shared_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.slots, &other.slots) || self.slots.is_empty()
    }

    /// Counts `symbol` once more.
    pub(super) fn add(&mut self, topic: Topic, symbol: u32) {
        let slots = Arc::make_mut(&mut self.slots);
        if slots.is_empty() {
            slots.resize(SLOTS, Slot::default());
        }
        let is_full = count(slots, topic, u64::from(symbol)) | count(slots, topic, ALL);
        if is_full {
            self.halve();
        }
    }

    /// Halves all counts: what occurred only once is forgotten.
    pub(super) fn halve(&mut self) {
        for slot in Arc::make_mut(&mut self.slots) {
            slot.count /= 2;
        }
    }
}

/// Counts a symbol once more; whether its count is full.
fn count(slots: &mut [Slot], topic: Topic, symbol: u64) -> bool {
    let (index, tag) = slot_of(topic, symbol);
    let both = [index, index ^ 1];
    let is_known = |&index: &usize| slots[index].tag == tag && slots[index].count > 0;
    if let Some(known) = both.into_iter().find(is_known) {
        slots[known].count += 1;
        return slots[known].count == u16::MAX;
    }
    let second_counts_less = slots[both[1]].count < slots[both[0]].count;
    let lesser = &mut slots[both[usize::from(second_counts_less)]];
    lesser.count = lesser.count.saturating_sub(1);
    if lesser.count == 0 {
        *lesser = Slot { tag, count: 1 };
    }
    false
}
