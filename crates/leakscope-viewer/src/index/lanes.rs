//! Who ran and who was ready on each lane of the timeline, summed up in bins.

use super::running::Span;
use super::stretches::Layers;

/// The sums of one lane.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sums {
    pub(crate) run: Layers,
    pub(crate) ready: Layers,
    /// How often it began to run.
    pub(crate) switches: u64,
}

/// The sums of all lanes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lanes {
    /// A bin is 2 to this power ticks long.
    pub(crate) shift: u32,
    /// By the number of the lane.
    sums: Vec<Sums>,
    /// By lane: the bins that are being filled, of running and of being ready.
    open: Vec<[Open; 2]>,
}

/// What was summed up so far in a bin: most spans are short, and go on in the bin of the one before.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    bin: u64,
    ticks: u64,
}

/// A trace is divided into at most so many bins.
const BINS: u64 = 1 << 16;

/// The most sums that are kept, of all lanes together: 64 MiB. With more lanes, bins are longer.
const MOST_SUMS: usize = 1 << 22;

impl Lanes {
    /// Adds what comes next on a lane.
    #[inline(always)]
    pub(crate) fn add(&mut self, span: Span) {
        let open = self.open.get_mut(span.lane as usize);
        let open = open.map(|open| &mut open[usize::from(span.ready)]);
        let (first, last) = (span.from >> self.shift, span.to >> self.shift);
        match open {
            Some(open) if open.bin == last && first == last => open.ticks += span.to - span.from,
            _ => self.add_beyond(span),
        }
    }

    /// A span that does not lie in the open bin.
    #[inline(never)]
    fn add_beyond(&mut self, span: Span) {
        let lane = span.lane as usize;
        self.grow(lane + 1);
        while span.to >> self.shift >= BINS {
            self.widen();
        }
        let (from, to) = (span.from, span.to.max(span.from));
        let bin = to >> self.shift;
        let begin = from.max(bin << self.shift);
        let ticks = to - begin;
        let open = &mut self.open[lane][usize::from(span.ready)];
        let before = std::mem::replace(open, Open { bin, ticks });
        let sums = self.sums(lane, span.ready);
        sums.push(before.bin as u32, before.ticks);
        if from < begin {
            sums.add(from, begin);
        }
    }

    /// There are so many lanes, at least.
    pub(crate) fn grow(&mut self, lanes: usize) {
        if lanes > self.sums.len() {
            self.sums.resize_with(lanes, Sums::default);
            self.open.resize(lanes, [Open::default(); 2]);
        }
    }

    /// The sums of a lane, in bins of the present length.
    #[inline]
    fn sums(&mut self, lane: usize, ready: bool) -> &mut Layers {
        let lane = &mut self.sums[lane];
        let sums = if ready {
            &mut lane.ready
        } else {
            &mut lane.run
        };
        sums.widen(self.shift);
        sums
    }

    /// Everything that was summed up is kept.
    pub(crate) fn settle(&mut self) {
        for lane in 0..self.sums.len() {
            for ready in [false, true] {
                let open = &mut self.open[lane][usize::from(ready)];
                let (bin, ticks) = (open.bin as u32, std::mem::take(&mut open.ticks));
                if ticks > 0 {
                    self.sums(lane, ready).push(bin, ticks);
                }
            }
        }
    }

    #[cold]
    fn widen(&mut self) {
        self.settle();
        self.shift += 1;
        for open in self.open.as_flattened_mut() {
            open.bin >>= 1;
        }
    }

    /// Makes bins longer if there are more than so many up to `end`, or too many sums in them.
    pub(crate) fn bound(&mut self, end: u64, bins: u64) {
        while end >> self.shift > bins {
            self.widen();
        }
        let length = |lane: &Sums| lane.run.len() + lane.ready.len();
        while self.sums.iter().map(length).sum::<usize>() > MOST_SUMS.max(4 * self.sums.len()) {
            self.widen();
            for lane in &mut self.sums {
                lane.run.widen(self.shift);
                lane.ready.widen(self.shift);
            }
        }
    }

    /// To be called before long windows are asked for.
    pub(crate) fn coarsen(&mut self) {
        for lane in &mut self.sums {
            lane.run.coarsen();
            lane.ready.coarsen();
        }
    }

    /// The sums of all lanes, by number.
    pub(crate) fn list(&self) -> &[Sums] {
        &self.sums
    }

    /// Somebody begins to run.
    #[inline]
    pub(crate) fn count_switch(&mut self, lane: u32) {
        match self.sums.get_mut(lane as usize) {
            Some(sums) => sums.switches += 1,
            None => self.count_first_switch(lane as usize),
        }
    }

    #[cold]
    fn count_first_switch(&mut self, lane: usize) {
        self.grow(lane + 1);
        self.sums[lane].switches += 1;
    }
}
