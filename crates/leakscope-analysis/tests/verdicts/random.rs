//! Random numbers that are the same everywhere: SplitMix64, and the distributions that patterns need.

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// At least 0, below 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// At least `low`, below `high`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// As above, each order of magnitude as likely as the other.
    pub(crate) fn scale(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    /// From `low` to `high`, both included.
    pub(crate) fn count(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.share()).ln()
    }

    /// At least `smallest`; the mean is finite for an `index` above 1.
    pub(crate) fn pareto(&mut self, smallest: f64, index: f64) -> f64 {
        smallest * (1.0 - self.share()).powf(-1.0 / index)
    }

    /// About `median` times or divided by e to the power of `spread`.
    pub(crate) fn log_normal(&mut self, median: f64, spread: f64) -> f64 {
        let angle = std::f64::consts::TAU * self.share();
        let radius = (-2.0 * (1.0 - self.share()).ln()).sqrt();
        median * (spread * radius * angle.cos()).exp()
    }

    /// `count` moments in order, spread evenly at random over a stretch.
    pub(crate) fn moments(&mut self, count: u64, from: f64, to: f64) -> Vec<f64> {
        let mut moments: Vec<f64> = (0..count).map(|_| self.between(from, to)).collect();
        moments.sort_by(f64::total_cmp);
        moments
    }

    /// `count` moments in order, at the same distance from each other but for some jitter.
    pub(crate) fn beats(&mut self, count: u64, from: f64, to: f64) -> Vec<f64> {
        let step = (to - from) / count as f64;
        (0..count)
            .map(|n| from + step * (n as f64 + self.between(0.25, 0.75)))
            .collect()
    }
}
