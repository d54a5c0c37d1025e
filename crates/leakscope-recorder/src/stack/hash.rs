//! The hash by which a call stack is known again. It is made while the stack is walked, so that the frames of a known one are
//! not kept.

/// A hash of 32 bits. Two stacks with the same one would be taken for one: with 1000 distinct stacks in a program, the
/// chance that there are two such at all is one in 8000.
pub(super) struct Hash(pub(super) u32);

impl Hash {
    pub(super) const NEW: Self = Self(0);
    pub(super) const FACTOR: u32 = 0x9E37_79B1;

    /// The next frame.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "two instructions")]
    pub(super) fn add(&mut self, frame: usize) {
        #[cfg(target_pointer_width = "64")]
        let frame = frame as u32 ^ ((frame >> 32) as u32).rotate_left(16);
        #[cfg(not(target_pointer_width = "64"))]
        let frame = frame as u32;
        // The rotation brings what the multiplication pushed up back to where it counts.
        self.0 = (self.0.rotate_left(15) ^ frame).wrapping_mul(Self::FACTOR);
    }

    /// The next word that could be a frame, as an offset in the code, and its place on the stack in words.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "three instructions")]
    pub(super) fn add_at(&mut self, place: usize, offset: usize) {
        self.add(offset ^ (place << 23));
    }

    /// 0 if there was no frame (and for one stack in 2^32, which then counts as none).
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "an instruction")]
    pub(super) fn finish(self) -> u32 {
        // The low bits choose the slot, and they depend on the frames' low bits only.
        self.0 ^ self.0 >> 16
    }
}
