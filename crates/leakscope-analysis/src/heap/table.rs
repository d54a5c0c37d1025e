//! What stands at each address: a hash table made for one lookup an event.
//!
//! A lookup touches one line of the cache, that of the slot itself. Slots are never taken out one by one,
//! so that searching for a free one is all there is to collisions.

use super::blocks::Slot;

/// All slots, by address.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// A power of two of them, of which at least half are free: more than one is seldom looked at then.
    slots: Vec<Slot>,
    /// How far a hash is shifted to be an index.
    shift: u32,
    used: usize,
}

/// The fewest slots.
const FEWEST: usize = 64;

impl Default for Table {
    fn default() -> Self {
        Self::with_slots(FEWEST)
    }
}

impl Table {
    fn with_slots(count: usize) -> Self {
        Self {
            slots: vec![Slot::FREE; count],
            shift: u64::BITS - count.trailing_zeros(),
            used: 0,
        }
    }

    /// Where the search for an address begins: the topmost bits of a product, which depend on all of it
    /// (Knuth, The Art of Computer Programming, volume 3, section 6.4).
    #[inline(always)]
    fn start(&self, address: u64) -> usize {
        const GOLDEN_RATIO: u64 = 0x9E37_79B9_7F4A_7C15;
        (address.wrapping_mul(GOLDEN_RATIO) >> self.shift) as usize
    }

    /// The place at which the search for an address ends: at its slot, or without one, at the free slot where it
    /// would be.
    #[inline(always)]
    fn place(&self, address: u64) -> Result<usize, usize> {
        let mut place = self.start(address);
        loop {
            let slot = &self.slots[place];
            if slot.is_free() {
                return Err(place);
            }
            if slot.address == address {
                return Ok(place);
            }
            place = (place + 1) & (self.slots.len() - 1);
        }
    }

    /// What stands at an address.
    pub(super) fn get(&self, address: u64) -> Option<&Slot> {
        let place = self.place(address).ok()?;
        Some(&self.slots[place])
    }

    /// What stands at an address, to be changed.
    #[inline(always)]
    pub(super) fn get_mut(&mut self, address: u64) -> Option<&mut Slot> {
        let place = self.place(address).ok()?;
        Some(&mut self.slots[place])
    }

    /// Adds a slot whose address is in none yet.
    pub(super) fn add(&mut self, slot: Slot) {
        if (self.used + 1) * 2 > self.slots.len() {
            let mut larger = Self::with_slots(self.slots.len() * 2);
            self.iter().for_each(|slot| larger.add(*slot));
            *self = larger;
        }
        if let Err(place) = self.place(slot.address) {
            self.slots[place] = slot;
            self.used += 1;
        }
    }

    /// Takes out all slots but these.
    pub(super) fn retain(&mut self, keep: impl Fn(&Slot) -> bool) {
        let mut kept = Self::with_slots(self.slots.len());
        (self.iter().filter(|slot| keep(slot))).for_each(|slot| kept.add(*slot));
        *self = kept;
    }

    /// In no order that may be shown.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().filter(|slot| !slot.is_free())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.used
    }
}
