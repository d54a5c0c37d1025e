//! What the page shows of each call site beyond what the analysis keeps: its curve, sizes, lifetimes.

/// The life of one call site.
#[derive(Clone, Debug, Default)]
pub(crate) struct SiteIndex {
    shift: u32,
    /// Stretches in which something changed, in order of time.
    curve: Vec<Step>,
    pub(crate) sizes: Histogram,
    pub(crate) lifetimes: Histogram,
    /// Blocks that were freed before their owner allocated anything else.
    pub(crate) temporary: u64,
    pub(crate) temporary_bytes: u64,
}

/// One stretch: its begin in units of 2 to the power of `shift` ticks, the most bytes that lived, and those at
/// its end.
#[derive(Clone, Copy, Debug)]
struct Step {
    bin: u32,
    max: u64,
    last: u64,
}

/// The most stretches of a curve.
const STEPS: u64 = 256;

/// The bucket of a number: powers of two.
fn power(number: u64) -> usize {
    (u64::BITS - number.leading_zeros()) as usize
}

/// Numbers counted by power of two: 0, 1, 2 to 3, 4 to 7 …
#[derive(Clone, Debug)]
pub(crate) struct Histogram([u32; POWERS]);

/// The last bucket also holds what is beyond it: sizes have 32 bits, and lifetimes of so many ticks are years.
const POWERS: usize = 56;

impl Default for Histogram {
    fn default() -> Self {
        Self([0; POWERS])
    }
}

impl Histogram {
    #[inline]
    fn add(&mut self, number: u64) {
        let count = &mut self.0[power(number).min(POWERS - 1)];
        *count = count.saturating_add(1);
    }

    /// What each bucket holds, `[from, to)`, and how often; ascending.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (u64, u64, u32)> + '_ {
        let counts = self.0.iter().enumerate();
        counts
            .filter(|&(_, &count)| count > 0)
            .map(|(power, &count)| {
                let (from, to) = bucket(power);
                (from, to, count)
            })
    }
}

/// What a bucket holds: `[from, to)`.
fn bucket(power: usize) -> (u64, u64) {
    let begin = |power: usize| match power {
        0 => 0,
        power => 1u64.checked_shl(power as u32 - 1).unwrap_or(u64::MAX),
    };
    (begin(power), begin(power + 1))
}

impl SiteIndex {
    /// From this moment on, so many bytes live.
    #[inline]
    pub(crate) fn reach(&mut self, time: u64, live: u64) {
        while time >> self.shift >= STEPS {
            self.widen();
        }
        let bin = (time >> self.shift) as u32;
        match self.curve.last_mut() {
            Some(last) if last.bin >= bin => {
                last.max = last.max.max(live);
                last.last = live;
            }
            last => {
                let before = last.map_or(0, |last| last.last);
                self.curve.push(Step {
                    bin,
                    max: before.max(live),
                    last: live,
                });
            }
        }
    }

    #[cold]
    fn widen(&mut self) {
        self.shift += 1;
        let mut wider: Vec<Step> = Vec::with_capacity(self.curve.len() / 2 + 1);
        for step in &self.curve {
            let bin = step.bin >> 1;
            match wider.last_mut() {
                Some(last) if last.bin == bin => {
                    last.max = last.max.max(step.max);
                    last.last = step.last;
                }
                _ => wider.push(Step { bin, ..*step }),
            }
        }
        self.curve = wider;
    }

    #[inline]
    pub(crate) fn allocated(&mut self, size: u64) {
        self.sizes.add(size);
    }

    #[inline]
    pub(crate) fn freed(&mut self, lifetime: u64) {
        self.lifetimes.add(lifetime);
    }

    /// When each stretch begins, the most bytes in it, and those at its end.
    pub(crate) fn curve(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        let time = |step: &Step| u64::from(step.bin) << self.shift;
        self.curve
            .iter()
            .map(move |step| (time(step), step.max, step.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_their_numbers() {
        for number in [0, 1, 2, 3, 4, 7, 8, 1 << 40, u64::MAX] {
            let (from, to) = bucket(power(number));
            assert!(
                from <= number && (number < to || to == u64::MAX),
                "{number}"
            );
        }
    }

    #[test]
    fn a_curve_keeps_its_maximum_and_its_end() {
        let mut site = SiteIndex::default();
        for time in 0..10_000u64 {
            site.reach(time * 7, if time == 5_000 { 99 } else { time % 10 });
        }
        let steps: Vec<_> = site.curve().collect();
        assert!(steps.len() <= 256 && steps.len() >= 128);
        assert_eq!(steps.iter().map(|step| step.1).max(), Some(99));
        assert_eq!(steps.last().map(|step| step.2), Some(9));
    }
}
