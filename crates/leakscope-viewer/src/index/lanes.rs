//! Who ran and who was ready on each lane of the timeline, summed up in bins.

use super::running::Span;
use super::stretches::{Entry, Layers};
use super::sums::Run;

/// The sums of one lane.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sums {
    pub(crate) run: Layers,
    pub(crate) ready: Layers,
    /// How often it began to run.
    pub(crate) switches: u64,
}

/// The sums of all lanes. All of them fill the same bin at a time, so that what lasts must be told of up to the end of
/// a bin before the next one is opened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lanes {
    /// A bin is 2 to this power ticks long.
    pub(crate) shift: u32,
    /// By the number of the lane.
    sums: Vec<Sums>,
    /// The bin that is being filled.
    bin: u64,
    /// When it is over; 0 if none was opened.
    pub(crate) until: u64,
    /// Its ticks by lane, of running and of being ready.
    open: Vec<[u64; 2]>,
    /// Those that are not 0, in the first `count` places: the lane, and whether it is of being ready.
    touched: Vec<(u32, bool)>,
    count: usize,
    /// Room to make bins longer.
    room: Vec<Entry>,
}

/// A trace is divided into at most so many bins.
const BINS: u64 = 1 << 16;

/// The most sums that are kept, of all lanes together: 64 MiB. With more lanes, bins are longer.
const MOST_SUMS: usize = 1 << 22;

impl Lanes {
    /// Adds what lies in the open bin.
    #[inline(always)]
    pub(crate) fn add(&mut self, span: Span) {
        let lane = span.lane as usize;
        if lane >= self.open.len() {
            self.grow(lane + 1);
        }
        let ticks = &mut self.open[lane][usize::from(span.ready)];
        // Nobody can foresee which span is the first of its bin: a branch on that takes more time than this.
        self.touched[self.count] = (span.lane, span.ready);
        self.count += usize::from(*ticks == 0 && span.ticks() > 0);
        *ticks += span.ticks();
    }

    /// Adds what lies before the open bin.
    pub(crate) fn add_before(&mut self, span: Span) {
        self.grow(span.lane as usize + 1);
        self.sums(span.lane, span.ready).add(span.from, span.to);
    }

    /// There are so many lanes, at least.
    #[inline(never)]
    pub(crate) fn grow(&mut self, lanes: usize) {
        if lanes > self.sums.len() {
            self.sums.resize_with(lanes, Sums::default);
            self.open.resize(lanes, [0; 2]);
            self.touched.resize(2 * lanes + 1, (0, false));
        }
    }

    /// The sums of a lane, in bins of the present length.
    #[inline]
    fn sums(&mut self, lane: u32, ready: bool) -> &mut Layers {
        let lane = &mut self.sums[lane as usize];
        let sums = if ready {
            &mut lane.ready
        } else {
            &mut lane.run
        };
        sums.widen(self.shift, &mut self.room);
        sums
    }

    /// Opens the bin of a moment; returns when it begins.
    pub(crate) fn open_at(&mut self, time: u64) -> u64 {
        self.settle();
        while time >> self.shift >= BINS {
            self.widen();
        }
        self.bin = time >> self.shift;
        self.end_bin();
        self.bin << self.shift
    }

    /// Notes when the open bin is over.
    fn end_bin(&mut self) {
        let until = (u128::from(self.bin) + 1) << self.shift;
        self.until = u64::try_from(until).unwrap_or(u64::MAX);
    }

    /// Everything that was summed up is kept.
    pub(crate) fn settle(&mut self) {
        let bin = self.bin as u32;
        for place in 0..std::mem::take(&mut self.count) {
            let (lane, ready) = self.touched[place];
            let ticks = std::mem::take(&mut self.open[lane as usize][usize::from(ready)]);
            self.sums(lane, ready).push(bin, ticks);
        }
    }

    #[cold]
    fn widen(&mut self) {
        self.settle();
        self.shift += 1;
        self.bin >>= 1;
        self.end_bin();
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
                lane.run.widen(self.shift, &mut self.room);
                lane.ready.widen(self.shift, &mut self.room);
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

    /// What each ran, as far as that was told, by number.
    pub(crate) fn runs(&self) -> Vec<Run> {
        let lanes = self.sums.iter().zip(&self.open);
        let runs = lanes.map(|(lane, open)| Run {
            ticks: lane.run.total + open[0],
            switches: lane.switches,
        });
        runs.collect()
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
