//! What the page shows of each call site beyond what the analysis keeps: its curve, sizes, lifetimes.

use leakscope_analysis::outcome::Block;

use super::exchange::{Freed, Sum};
use super::live::Live;
use super::sums::SiteSums;

/// The life of one call site.
#[derive(Clone, Debug, Default)]
pub(crate) struct SiteIndex {
    live: Live,
    /// The stretch in which something changed last, and when it is over.
    open: Step,
    until: u64,
    shift: u32,
    /// Those before it in which something changed, in order of time.
    curve: Vec<Step>,
    pub(crate) sizes: Histogram,
    pub(crate) lifetimes: Histogram,
    /// Blocks that were freed before their owner allocated anything else.
    pub(crate) temporary: Sum,
    /// What happened since the part began.
    part: SiteSums,
}

/// One stretch: its begin in units of 2 to the power of `shift` ticks, the most bytes that lived, what lived at its
/// end, and how many blocks began and were freed.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    bin: u32,
    allocations: u32,
    frees: u32,
    max: u64,
    last: Live,
}

/// A stretch of a call site's curve.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CurveStep {
    /// When it begins.
    pub(crate) time: u64,
    /// The most bytes that lived, and what lived at its end.
    pub(crate) max: u64,
    pub(crate) last: Live,
    pub(crate) allocations: u32,
    pub(crate) frees: u32,
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

    fn remove(&mut self, number: u64) {
        let count = &mut self.0[power(number).min(POWERS - 1)];
        *count = count.saturating_sub(1);
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
    /// From this moment on, so much lives.
    #[inline(always)]
    fn reach(&mut self, time: u64, live: Live) {
        self.live = live;
        if time >= self.until {
            self.open_step(time);
        }
        self.open.max = self.open.max.max(live.bytes);
        self.open.last = live;
        self.part.most = self.part.most.max(live.bytes);
    }

    /// Goes on to the stretch of a moment.
    #[inline(never)]
    fn open_step(&mut self, time: u64) {
        if self.until > 0 {
            self.curve.push(self.open);
        }
        while time >> self.shift >= STEPS {
            self.widen();
        }
        let bin = (time >> self.shift) as u32;
        let last = self.open.last;
        self.open = match self.curve.pop_if(|step| step.bin == bin) {
            Some(step) => step,
            None => Step {
                bin,
                max: last.bytes,
                last,
                ..Step::default()
            },
        };
        let until = (u128::from(bin) + 1) << self.shift;
        self.until = u64::try_from(until).unwrap_or(u64::MAX);
    }

    fn widen(&mut self) {
        self.shift += 1;
        let mut wider: Vec<Step> = Vec::with_capacity(self.curve.len() / 2 + 1);
        for step in &self.curve {
            let bin = step.bin >> 1;
            match wider.last_mut() {
                Some(last) if last.bin == bin => {
                    last.max = last.max.max(step.max);
                    last.last = step.last;
                    last.allocations += step.allocations;
                    last.frees += step.frees;
                }
                _ => wider.push(Step { bin, ..*step }),
            }
        }
        self.curve = wider;
    }

    /// A block begins.
    #[inline(always)]
    pub(super) fn allocated(&mut self, time: u64, block: &Block, context: u16) {
        self.sizes.add(block.size);
        self.reach(time, self.live.with(block.size));
        self.open.allocations += 1;
        self.part.allocate(block, context);
    }

    /// A block is given another size.
    pub(super) fn reallocated(&mut self) {
        self.part.reallocations += 1;
    }

    /// There was no memory for a block.
    pub(super) fn failed(&mut self) {
        self.part.failed += 1;
    }

    /// A block is freed.
    #[inline(always)]
    pub(super) fn freed(&mut self, block: &Block, freed: &Freed) {
        self.lifetimes.add(freed.time.saturating_sub(block.time));
        if freed.is_temporary {
            self.temporary.add(block.size);
            self.part.temporary.add(block.size);
        }
        self.reach(freed.time, self.live.without(block.size));
        self.open.frees += 1;
        self.part.freed.add(block.size);
    }

    /// A block is gone, nobody saw how.
    #[inline(always)]
    pub(super) fn lost(&mut self, time: u64, size: u64) {
        self.reach(time, self.live.without(size));
        self.part.lost.add(size);
    }

    /// The last free of a block was none.
    pub(super) fn revived(&mut self, time: u64, block: &Block, freed: &Freed) {
        self.lifetimes.remove(freed.time.saturating_sub(block.time));
        if freed.is_temporary {
            self.temporary.remove(block.size);
        }
        self.reach(time, self.live.with(block.size));
        self.part.revive(block.size, freed.is_temporary);
    }

    /// What happened since the part began, if something did; the next part begins.
    pub(super) fn take_part(&mut self) -> Option<SiteSums> {
        let next = SiteSums {
            before: self.live.bytes,
            most: self.live.bytes,
            ..SiteSums::default()
        };
        let mut part = std::mem::replace(&mut self.part, next);
        part.left = self.live;
        (!part.is_empty()).then_some(part)
    }

    /// The target restarts.
    pub(super) fn empty(&mut self, time: u64) {
        if self.live != Live::default() {
            self.reach(time, Live::default());
        }
    }

    /// How long a stretch of the curve is, in ticks.
    pub(crate) fn step(&self) -> u64 {
        1 << self.shift
    }

    /// The stretches in which something changed, in order.
    pub(crate) fn curve(&self) -> impl DoubleEndedIterator<Item = CurveStep> + '_ {
        let open = Some(&self.open).filter(|_| self.until > 0);
        (self.curve.iter().chain(open)).map(|step| CurveStep {
            time: u64::from(step.bin) << self.shift,
            max: step.max,
            last: step.last,
            allocations: step.allocations,
            frees: step.frees,
        })
    }

    /// When the stretch begins that a moment lies in, and what lived then.
    pub(crate) fn before(&self, time: u64) -> (u64, Live) {
        let begin = time >> self.shift << self.shift;
        let step = self.curve().rfind(|step| step.time < begin);
        (begin, step.map_or(Live::default(), |step| step.last))
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
            let bytes = if time == 5_000 { 99 } else { time % 10 };
            site.reach(time * 7, Live { bytes, blocks: 1 });
        }
        let steps: Vec<_> = site.curve().collect();
        assert!(steps.len() <= 256 && steps.len() >= 128);
        assert_eq!(steps.iter().map(|step| step.max).max(), Some(99));
        assert_eq!(steps.last().map(|step| step.last.bytes), Some(9));
    }
}
