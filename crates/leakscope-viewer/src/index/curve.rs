//! How much lived when: the bytes and blocks of a call site, a task or a heap, in stretches of equal length that become longer as
//! the trace does.

use super::live::Live;
use super::record::HeapRecord;

/// What lives over time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Curve {
    live: Live,
    /// The stretch in which something changed last, but for what lives at its end, and when it is over.
    open: Step,
    until: u64,
    shift: u32,
    /// Those before it in which something changed, in order of time.
    steps: Vec<Step>,
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

impl Step {
    /// A free in the stretch `bin` was none.
    fn take_back(&mut self, bin: u32, size: u64) {
        if self.bin == bin {
            self.frees = self.frees.saturating_sub(1);
        } else if self.bin > bin {
            self.max += size;
        }
    }
}

/// A stretch of a curve.
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

impl Curve {
    /// From this moment on, so much lives.
    #[inline(always)]
    fn reach(&mut self, time: u64, live: Live) {
        if time >= self.until {
            self.open_step(time);
        }
        self.live = live;
        self.open.max = self.open.max.max(live.bytes);
    }

    /// Goes on to the stretch of a moment.
    #[inline(never)]
    fn open_step(&mut self, time: u64) {
        if self.until > 0 {
            self.steps.push(self.closed());
        }
        while time >> self.shift >= STEPS {
            self.widen();
        }
        let bin = (time >> self.shift) as u32;
        let last = self.live;
        self.open = match self.steps.pop_if(|step| step.bin == bin) {
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

    /// The open stretch, as it is by now.
    fn closed(&self) -> Step {
        Step {
            last: self.live,
            ..self.open
        }
    }

    fn widen(&mut self) {
        self.shift += 1;
        let mut wider: Vec<Step> = Vec::with_capacity(self.steps.len() / 2 + 1);
        for step in &self.steps {
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
        self.steps = wider;
    }

    /// Blocks begin and are freed. What changes with each stays in registers: a sum in memory that the next one needs is a wait.
    pub(super) fn note_all(&mut self, mut records: &[HeapRecord]) {
        while let Some(first) = records.first() {
            if first.time >= self.until {
                self.open_step(first.time);
            }
            let until = self.until;
            let (mut live, mut max, mut frees) = (self.live, self.open.max, 0);
            let mut count = 0;
            for record in records {
                if count > 0 && record.time >= until {
                    break;
                }
                live = record.after(live);
                max = max.max(live.bytes);
                frees += u32::from(record.is_free);
                count += 1;
            }
            self.live = live;
            self.open.max = max;
            self.open.frees += frees;
            self.open.allocations += count as u32 - frees;
            records = &records[count..];
        }
    }

    /// A block begins, or is freed.
    #[inline(always)]
    pub(super) fn note(&mut self, record: &HeapRecord) {
        self.reach(record.time, record.after(self.live));
        self.open.allocations += u32::from(!record.is_free);
        self.open.frees += u32::from(record.is_free);
    }

    /// A block begins.
    #[inline(always)]
    pub(crate) fn allocated(&mut self, time: u64, size: u64) {
        self.reach(time, self.live.with(size));
        self.open.allocations += 1;
    }

    /// A block is freed.
    #[inline(always)]
    pub(crate) fn freed(&mut self, time: u64, size: u64) {
        self.lost(time, size);
        self.open.frees += 1;
    }

    /// A block is gone, nobody saw how.
    #[inline(always)]
    pub(crate) fn lost(&mut self, time: u64, size: u64) {
        self.reach(time, self.live.without(size));
    }

    /// A block lives that was believed to be gone, nobody knows since when.
    pub(super) fn revived(&mut self, time: u64, size: u64) {
        self.reach(time, self.live.with(size));
    }

    /// The last free of a block, at `freed`, was none: it has lived on up to now.
    pub(super) fn take_back(&mut self, freed: u64, now: u64, size: u64) {
        self.reach(now, self.live);
        let bin = (freed >> self.shift) as u32;
        for step in self
            .steps
            .iter_mut()
            .rev()
            .take_while(|step| step.bin >= bin)
        {
            step.take_back(bin, size);
            step.last = step.last.with(size);
            step.max = step.max.max(step.last.bytes);
        }
        self.open.take_back(bin, size);
        self.reach(now, self.live.with(size));
    }

    /// The target restarts.
    pub(crate) fn empty(&mut self, time: u64) {
        if self.live != Live::default() {
            self.reach(time, Live::default());
        }
    }

    /// Whether nothing ever lived.
    pub(crate) fn is_empty(&self) -> bool {
        self.until == 0
    }

    /// What lives by now.
    #[inline(always)]
    pub(super) fn live(&self) -> Live {
        self.live
    }

    /// How long a stretch is, in ticks.
    pub(crate) fn step(&self) -> u64 {
        1 << self.shift
    }

    /// The stretches in which something changed, in order.
    pub(crate) fn steps(&self) -> impl DoubleEndedIterator<Item = CurveStep> + '_ {
        let open = (self.until > 0).then(|| self.closed());
        (self.steps.iter().copied().chain(open)).map(|step| CurveStep {
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
        let step = self.steps().rfind(|step| step.time < begin);
        (begin, step.map_or(Live::default(), |step| step.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_keeps_its_maximum_and_its_end() {
        let mut curve = Curve::default();
        for time in 0..10_000u64 {
            let bytes = if time == 5_000 { 99 } else { time % 10 };
            curve.reach(time * 7, Live { bytes, blocks: 1 });
        }
        let steps: Vec<_> = curve.steps().collect();
        assert!(steps.len() <= 256 && steps.len() >= 128);
        assert_eq!(steps.iter().map(|step| step.max).max(), Some(99));
        assert_eq!(steps.last().map(|step| step.last.bytes), Some(9));
    }
}
