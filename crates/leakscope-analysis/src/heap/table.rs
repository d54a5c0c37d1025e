//! What stands at each address: a hash table made for one lookup an event.
//!
//! Two slots are a bucket, and a line of the cache: a lookup seldom touches more than one. Slots are never taken out one
//! by one, so that searching for a free one is all there is to collisions.
//!
//! Text from a device is hostile: addresses may be made to collide. Where a search becomes long, the table is laid out anew by
//! a number that nobody can foresee.

use std::hash::{BuildHasher, Hasher, RandomState};

use super::blocks::{NOWHERE, Slot};

/// All slots, by address.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// A power of two of them, of whose slots at least half are free: more than one is seldom looked at then.
    buckets: Vec<Bucket>,
    /// How far a hash is shifted to be an index.
    shift: u32,
    /// What addresses are multiplied with.
    factor: u64,
    used: usize,
}

/// Slots that are looked at together. The first one is used first.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Bucket([Slot; 2]);

/// Where a slot is: in which bucket, and whether it is the second one there.
type Place = (usize, bool);

/// The fewest buckets.
const FEWEST: usize = 32;

/// More buckets than this are not searched for an address by chance.
const LONGEST: usize = 128;

const GOLDEN_RATIO: u64 = 0x9E37_79B9_7F4A_7C15;

impl Default for Table {
    fn default() -> Self {
        Self::with_buckets(FEWEST, GOLDEN_RATIO)
    }
}

impl Table {
    fn with_buckets(count: usize, factor: u64) -> Self {
        Self {
            buckets: vec![Bucket([Slot::FREE; 2]); count],
            shift: u64::BITS - count.trailing_zeros(),
            factor,
            used: 0,
        }
    }

    /// Where the search for an address begins: the topmost bits of a product, which depend on all of it
    /// (Knuth, The Art of Computer Programming, volume 3, section 6.4).
    #[inline(always)]
    fn start(&self, address: u64) -> usize {
        (address.wrapping_mul(self.factor) >> self.shift) as usize
    }

    /// The place at which the search for an address ends: at its slot, or without one, at the free slot where it
    /// would be.
    fn place(&self, address: u64) -> Result<Place, Place> {
        let mut bucket = self.start(address);
        loop {
            let Bucket(slots) = &self.buckets[bucket];
            let known = slots.iter().position(|slot| slot.address == address);
            if let Some(known) = known.filter(|_| address != NOWHERE) {
                return Ok((bucket, known == 1));
            }
            if let Some(free) = slots.iter().position(Slot::is_free) {
                return Err((bucket, free == 1));
            }
            bucket = (bucket + 1) & (self.buckets.len() - 1);
        }
    }

    #[inline(always)]
    fn slot(&mut self, (bucket, is_second): Place) -> &mut Slot {
        &mut self.buckets[bucket].0[usize::from(is_second)]
    }

    /// What stands at an address.
    pub(super) fn get(&self, address: u64) -> Option<&Slot> {
        let (bucket, is_second) = self.place(address).ok()?;
        Some(&self.buckets[bucket].0[usize::from(is_second)])
    }

    /// What stands at an address, to be changed.
    #[inline(always)]
    pub(super) fn get_mut(&mut self, address: u64) -> Option<&mut Slot> {
        let home = self.start(address);
        let Bucket(slots) = &self.buckets[home];
        // Which of the two it is cannot be foreseen, so that there is no branch on it.
        let is_second = slots[1].address == address;
        if slots[usize::from(is_second)].address != address || address == NOWHERE {
            return self.bring_home(address);
        }
        Some(self.slot((home, is_second)))
    }

    /// What stands at an address elsewhere than where the search for it begins. It changes places with a slot there: blocks
    /// that stay would keep the place from blocks that come and go. Both are found still, for no bucket on the way has a
    /// free slot.
    #[cold]
    fn bring_home(&mut self, address: u64) -> Option<&mut Slot> {
        let place = self.place(address).ok()?;
        let home = (self.start(address), true);
        let slot = *self.slot(place);
        *self.slot(place) = std::mem::replace(self.slot(home), slot);
        Some(self.slot(home))
    }

    /// The slot of an address that is in none yet.
    #[inline(never)]
    pub(super) fn add(&mut self, address: u64) -> &mut Slot {
        if self.used >= self.buckets.len() {
            self.lay_out(self.buckets.len() * 2, self.factor);
        }
        let mut place = self.place(address);
        let (Ok((bucket, _)) | Err((bucket, _))) = place;
        if bucket.wrapping_sub(self.start(address)) & (self.buckets.len() - 1) > LONGEST {
            let unforeseen = RandomState::new().build_hasher().finish() | 1;
            self.lay_out(self.buckets.len(), unforeseen);
            place = self.place(address);
        }
        self.used += usize::from(place.is_err());
        let slot = self.slot(place.unwrap_or_else(|free| free));
        slot.address = address;
        slot
    }

    fn lay_out(&mut self, buckets: usize, factor: u64) {
        let mut anew = Self::with_buckets(buckets, factor);
        self.copy_into(&mut anew, |_| true);
        *self = anew;
    }

    /// Takes out all slots but these.
    pub(super) fn retain(&mut self, keep: impl Fn(&Slot) -> bool) {
        let mut kept = Self::with_buckets(self.buckets.len(), self.factor);
        self.copy_into(&mut kept, keep);
        *self = kept;
    }

    fn copy_into(&self, other: &mut Self, is_kept: impl Fn(&Slot) -> bool) {
        for slot in self.iter().filter(|slot| is_kept(slot)) {
            *other.add(slot.address) = *slot;
        }
    }

    /// In no order that may be shown.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        let slots = self.buckets.iter().flat_map(|bucket| &bucket.0);
        slots.filter(|slot| !slot.is_free())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.used
    }
}
