//! Which call stacks the host knows, and under which numbers.

/// Slots that a stack can take: its hash leads to four neighbours.
const WAYS: usize = 4;

/// A stack that is in use is told again after this many of its own events: a host that missed it learns it then.
const USES: u8 = 250;

/// A table of the hashes of `STACKS` call stacks, without the stacks: 6 bytes each.
///
/// A number says the slot and its generation, which is another one for each stack that the slot is given to. So a host
/// that missed a definition does not know the number, and takes no other stack for it.
#[derive(Debug)]
pub(super) struct StackTable<const STACKS: usize> {
    /// 0: free.
    hashes: [u32; STACKS],
    generations: [u8; STACKS],
    /// Events until the stack is told again.
    uses: [u8; STACKS],
    /// Which way to give up next, in any set.
    victim: u8,
}

/// A stack's slot in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The host knows the stack under this number.
    Known(u32),
    /// It knows it, and is to be told again.
    Due(u32),
    /// It does not know it: the number is free for it, once [`StackTable::define`]d.
    Vacant(u32),
}

impl<const STACKS: usize> StackTable<STACKS> {
    /// Generations of a slot: numbers stay within 2^14, which are two bytes on the wire, up to 256 slots.
    const GENERATIONS: u8 = if STACKS < 256 { 128 } else { 64 };

    pub(super) const NEW: Self = {
        assert!(
            STACKS.is_power_of_two() && STACKS >= WAYS,
            "the number of stacks must be a power of two, and at least four"
        );
        Self {
            hashes: [0; STACKS],
            generations: [0; STACKS],
            uses: [0; STACKS],
            victim: 0,
        }
    };

    /// Forgets all. What the host has under their numbers stays true.
    pub(super) fn clear(&mut self) {
        for slot in 0..STACKS {
            self.free(slot);
        }
    }

    fn free(&mut self, slot: usize) {
        if self.hashes[slot] != 0 {
            self.hashes[slot] = 0;
            self.generations[slot] = (self.generations[slot] + 1) % Self::GENERATIONS;
        }
    }

    /// The number of the stack with this hash, for one event; `None` unless the host knows it.
    #[inline]
    pub(super) fn use_known(&mut self, hash: u32) -> Option<u32> {
        let slot = self.find(hash)?;
        let left = self.uses[slot].checked_sub(1)?;
        self.uses[slot] = left;
        Some(self.number(slot))
    }

    /// The number of the stack with this hash, or one for it.
    pub(super) fn look_up(&mut self, hash: u32) -> Slot {
        if let Some(slot) = self.find(hash) {
            let number = self.number(slot);
            return match self.uses[slot].checked_sub(1) {
                Some(left) => {
                    self.uses[slot] = left;
                    Slot::Known(number)
                }
                None => Slot::Due(number),
            };
        }
        let first = Self::first(hash);
        let free = (first..first + WAYS).find(|&slot| self.hashes[slot] == 0);
        let slot = free.unwrap_or(first + usize::from(self.victim) % WAYS);
        self.free(slot);
        Slot::Vacant(self.number(slot))
    }

    /// The host was told that `number` is the stack with `hash`.
    pub(super) fn define(&mut self, number: u32, hash: u32) {
        let slot = (number as usize - 1) % STACKS;
        self.hashes[slot] = hash;
        self.uses[slot] = USES;
        self.victim = self.victim.wrapping_add(1);
    }

    /// The host could not be told again yet.
    pub(super) fn postpone(&mut self, number: u32) {
        self.uses[(number as usize - 1) % STACKS] = USES / 10;
    }

    /// Where the ways of this hash begin.
    #[inline]
    fn first(hash: u32) -> usize {
        hash as usize & (STACKS - 1) & !(WAYS - 1)
    }

    #[inline]
    fn find(&self, hash: u32) -> Option<usize> {
        let first = Self::first(hash);
        (first..first + WAYS).find(|&slot| self.hashes[slot] == hash)
    }

    #[inline]
    fn number(&self, slot: usize) -> u32 {
        (usize::from(self.generations[slot]) * STACKS + slot) as u32 + 1
    }
}
