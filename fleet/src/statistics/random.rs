//! Numbers as if by chance, the same each time: an answer must not change when it is asked for again.

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new() -> Self {
        Self(0x6c65_616b_7363_6f70)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        // For far fewer than 2^32 devices, the rest that this favours is too small to be seen.
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }

    /// Brings `count` of the values to the front, each choice as probable as any other.
    pub(super) fn choose(&mut self, values: &mut [f64], count: usize) {
        for place in 0..count {
            let other = place + self.below(values.len() - place);
            values.swap(place, other);
        }
    }

    /// The mean of as many values as there are, each chosen among all.
    pub(super) fn mean_of_chosen(&mut self, values: &[f64]) -> f64 {
        let chosen = (0..values.len()).map(|_| values[self.below(values.len())]);
        chosen.sum::<f64>() / values.len() as f64
    }
}
