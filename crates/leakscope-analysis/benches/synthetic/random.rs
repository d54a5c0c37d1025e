//! Numbers that look random and are always the same.

/// A linear congruential generator, with the constants of Knuth's MMIX.
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new() -> Self {
        Self(1)
    }

    /// A number from 0 to `limit` - 1, for small limits.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}
