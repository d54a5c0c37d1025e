//! The lanes of the timeline: a core and who ran on it.

use super::running::Span;
use super::stretches::Layers;

/// One lane.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    pub(crate) core: u8,
    pub(crate) context: u16,
    pub(crate) run: Layers,
    pub(crate) ready: Layers,
    /// How often it began to run.
    pub(crate) switches: u64,
}

/// All lanes, in order of first appearance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lanes {
    /// A bin is 2 to this power ticks long.
    pub(crate) shift: u32,
    list: Vec<Lane>,
    /// By lane: the bins that are being filled, of running and of being ready.
    open: Vec<[Open; 2]>,
    /// By core, then by context: the number of the lane, plus 1.
    numbers: Vec<Vec<u32>>,
}

/// What was summed up so far in a bin: most spans are short, and go on in the bin of the one before.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    bin: u64,
    ticks: u64,
}

/// A trace is divided into at most so many bins.
const BINS: u64 = 1 << 16;

/// So many sums are kept, of all lanes together: 64 MiB. With more lanes, bins are longer.
const MOST_SUMS: usize = 1 << 22;

impl Lanes {
    /// The number of a lane; a new one gets the next.
    #[inline]
    pub(crate) fn number(&mut self, core: u8, context: u16) -> usize {
        match self.known(core, context) {
            Some(number) => number,
            None => self.add(core, context),
        }
    }

    /// The number of a lane, if there is one.
    #[inline]
    pub(crate) fn known(&self, core: u8, context: u16) -> Option<usize> {
        let of_core = self.numbers.get(usize::from(core))?;
        let number = *of_core.get(usize::from(context))?;
        (number as usize).checked_sub(1)
    }

    #[cold]
    fn add(&mut self, core: u8, context: u16) -> usize {
        let (core_place, place) = (usize::from(core), usize::from(context));
        if core_place >= self.numbers.len() {
            self.numbers.resize(core_place + 1, Vec::new());
        }
        let numbers = &mut self.numbers[core_place];
        if place >= numbers.len() {
            numbers.resize(place + 1, 0);
        }
        self.list.push(Lane {
            core,
            context,
            run: Layers::default(),
            ready: Layers::default(),
            switches: 0,
        });
        self.open.push([Open::default(); 2]);
        numbers[place] = self.list.len() as u32;
        self.list.len() - 1
    }

    #[inline]
    pub(crate) fn add_span(&mut self, span: Span) {
        let lane = self.number(span.core, span.context);
        let open = &mut self.open[lane][usize::from(span.ready)];
        let bin = span.to >> self.shift;
        if open.bin == bin && span.from >> self.shift == bin {
            open.ticks += span.to - span.from;
        } else {
            self.add_beyond(lane, span);
        }
    }

    /// A span that does not lie in the open bin.
    #[inline(never)]
    fn add_beyond(&mut self, lane: usize, span: Span) {
        while span.to >> self.shift >= BINS {
            self.widen();
        }
        self.close(lane, span.ready);
        let (from, to) = (span.from, span.to.max(span.from));
        let bin = to >> self.shift;
        let begin = from.max(bin << self.shift);
        if from < begin {
            self.sums(lane, span.ready).add(from, begin);
        }
        let ticks = to - begin;
        self.open[lane][usize::from(span.ready)] = Open { bin, ticks };
    }

    /// The sums of a lane, in bins of the present length.
    fn sums(&mut self, lane: usize, ready: bool) -> &mut Layers {
        let lane = &mut self.list[lane];
        let sums = if ready {
            &mut lane.ready
        } else {
            &mut lane.run
        };
        sums.widen(self.shift);
        sums
    }

    /// What was summed up in the open bin is kept.
    fn close(&mut self, lane: usize, ready: bool) {
        let open = &mut self.open[lane][usize::from(ready)];
        let ticks = std::mem::take(&mut open.ticks);
        if ticks > 0 {
            let from = open.bin << self.shift;
            self.sums(lane, ready).add(from, from + ticks);
        }
    }

    /// Everything that was summed up is kept.
    pub(crate) fn settle(&mut self) {
        for lane in 0..self.list.len() {
            self.close(lane, false);
            self.close(lane, true);
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
        let sums = |lane: &Lane| lane.run.len() + lane.ready.len();
        while self.list.iter().map(sums).sum::<usize>() > MOST_SUMS.max(4 * self.list.len()) {
            self.widen();
            for lane in &mut self.list {
                lane.run.widen(self.shift);
                lane.ready.widen(self.shift);
            }
        }
    }

    /// To be called before long windows are asked for.
    pub(crate) fn coarsen(&mut self) {
        for lane in &mut self.list {
            lane.run.coarsen();
            lane.ready.coarsen();
        }
    }

    pub(crate) fn list(&self) -> &[Lane] {
        &self.list
    }

    /// Somebody begins to run.
    #[inline]
    pub(crate) fn count_switch(&mut self, lane: usize) {
        self.list[lane].switches += 1;
    }
}
