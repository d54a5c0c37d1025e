//! Which call stacks the host knows, and under which numbers.

/// Slots that a stack can take: its hash leads to four neighbours.
const WAYS: usize = 4;

/// A table of the hashes of `STACKS` call stacks, without the stacks: 4 bytes each.
///
/// Two stacks with the same hash of 32 bits that meet in the table would be taken for one. With 1000
/// distinct stacks in a program, the chance that there are two such at all is one in 8000.
#[derive(Debug)]
pub(super) struct StackTable<const STACKS: usize> {
    /// 0: free.
    hashes: [u32; STACKS],
    /// Which way to give up next, in any set.
    victim: u8,
}

/// A stack's slot in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The host knows the stack under this number.
    Known(u32),
    /// It does not; the number is free for it, once [`StackTable::define`]d.
    Vacant { number: u32, hash: u32 },
}

impl<const STACKS: usize> StackTable<STACKS> {
    pub(super) const NEW: Self = {
        assert!(
            STACKS.is_power_of_two() && STACKS >= WAYS,
            "the number of stacks must be a power of two, and at least four"
        );
        Self {
            hashes: [0; STACKS],
            victim: 0,
        }
    };

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.hashes = [0; STACKS];
    }

    /// The number of `stack`, or one for it.
    #[inline]
    pub(super) fn look_up(&self, stack: &[usize]) -> Slot {
        let hash = hash(stack);
        let first = hash as usize & (STACKS - 1) & !(WAYS - 1);
        let ways = first..first + WAYS;
        let mut vacant = first + usize::from(self.victim) % WAYS;
        for slot in ways.rev() {
            match self.hashes[slot] {
                known if known == hash => return Slot::Known(slot as u32 + 1),
                0 => vacant = slot,
                _ => {}
            }
        }
        Slot::Vacant {
            number: vacant as u32 + 1,
            hash,
        }
    }

    /// The host was told that `number` is the stack with `hash`.
    pub(super) fn define(&mut self, number: u32, hash: u32) {
        self.hashes[number as usize - 1] = hash;
        self.victim = self.victim.wrapping_add(1);
    }
}

/// A hash of the frames; never 0.
#[inline]
fn hash(stack: &[usize]) -> u32 {
    let mut hash = 0u32;
    for &frame in stack {
        #[cfg(target_pointer_width = "64")]
        let frame = frame as u32 ^ ((frame >> 32) as u32).rotate_left(16);
        #[cfg(not(target_pointer_width = "64"))]
        let frame = frame as u32;
        // The rotation brings what the multiplication pushed up back to where it counts.
        hash = (hash.rotate_left(15) ^ frame).wrapping_mul(0x9E37_79B1);
    }
    // The low bits choose the slot, and they depend on the frames' low bits only.
    (hash ^ hash >> 16).max(1)
}
