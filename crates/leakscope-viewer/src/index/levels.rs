//! The heap's level and what happened to it, over time: in bins of equal length, which become longer as the
//! trace does.

use leakscope_analysis::heap::Effect;

use super::kind::Kind;
use super::live::Live;
use super::record::{Counted, HeapRecord, SwitchRecord};

/// What happened in one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bin {
    /// Live bytes: the least and the most; and what lived at its end.
    pub(crate) min: u64,
    pub(crate) max: u64,
    pub(crate) last: Live,
    pub(crate) allocated_bytes: u64,
    pub(crate) events: u32,
    pub(crate) allocations: u32,
    pub(crate) frees: u32,
    pub(crate) failed: u32,
    pub(crate) logs: u32,
    pub(crate) warnings: u32,
    pub(crate) errors: u32,
}

impl Bin {
    /// A bin that begins at this level.
    pub(crate) const fn at(level: Live) -> Self {
        Self {
            min: level.bytes,
            max: level.bytes,
            last: level,
            allocated_bytes: 0,
            events: 0,
            allocations: 0,
            frees: 0,
            failed: 0,
            logs: 0,
            warnings: 0,
            errors: 0,
        }
    }

    #[inline]
    pub(crate) fn reach(&mut self, level: Live) {
        self.min = self.min.min(level.bytes);
        self.max = self.max.max(level.bytes);
        self.last = level;
    }

    #[inline]
    pub(crate) fn count(&mut self, kind: Kind) {
        self.events += 1;
        match kind {
            Kind::Log => self.logs += 1,
            Kind::Warning => self.warnings += 1,
            Kind::Error => self.errors += 1,
            _ => {}
        }
    }

    /// A block began or was freed; so much lives now.
    #[inline(always)]
    fn take(&mut self, record: &HeapRecord, live: Live) {
        let size = u64::from(record.size);
        self.allocated_bytes += size * u64::from(!record.is_free);
        self.allocations += u32::from(!record.is_free);
        self.frees += u32::from(record.is_free);
        self.reach(live);
    }

    /// What happened to the heap, on which so much lives now.
    #[inline(always)]
    pub(crate) fn affected(&mut self, effect: &Effect, live: Live) {
        if let Some(began) = effect.began() {
            self.allocations += 1;
            self.allocated_bytes += began.block.size;
        }
        let is_free = effect.ended().is_some() || effect.unknown_free().is_some();
        self.frees += u32::from(is_free);
        self.failed += u32::from(matches!(effect, Effect::Failed { .. }));
        self.reach(live);
    }

    /// What comes next joins it.
    pub(crate) fn join(&mut self, next: &Self) {
        self.min = self.min.min(next.min);
        self.max = self.max.max(next.max);
        self.last = next.last;
        self.count_all(next);
    }

    /// What was counted there is counted here.
    pub(crate) fn count_all(&mut self, other: &Self) {
        self.allocated_bytes += other.allocated_bytes;
        self.events += other.events;
        self.allocations += other.allocations;
        self.frees += other.frees;
        self.failed += other.failed;
        self.logs += other.logs;
        self.warnings += other.warnings;
        self.errors += other.errors;
    }
}

/// How many at the begin are like that.
fn before<T>(records: &[T], is_like_that: impl Fn(&T) -> bool) -> usize {
    let other = records.iter().position(|record| !is_like_that(record));
    other.unwrap_or(records.len())
}

/// A trace is divided into at most so many bins.
const BINS: u64 = 1 << 16;

/// All bins, from the trace's begin.
#[derive(Clone, Debug)]
pub(crate) struct Levels {
    pub(crate) shift: u32,
    /// All but the last.
    bins: Vec<Bin>,
    last: Bin,
    /// When the last bin is over.
    until: u64,
}

impl Default for Levels {
    fn default() -> Self {
        Self {
            shift: 0,
            bins: Vec::new(),
            last: Bin::default(),
            until: 1,
        }
    }
}

impl Levels {
    /// The bin of a moment that is not before any other.
    #[inline(always)]
    pub(crate) fn at(&mut self, time: u64) -> &mut Bin {
        if time >= self.until {
            self.extend(time);
        }
        &mut self.last
    }

    /// Events in order of time, each kind for itself; `live` is what lived before them, and then after them.
    pub(super) fn take(
        &mut self,
        mut heap: &[HeapRecord],
        mut switches: &[SwitchRecord],
        mut counted: &[Counted],
        live: &mut Live,
    ) {
        loop {
            let first = heap.first().map(|record| record.time);
            let of_others = [
                switches.first().map(|record| record.time),
                counted.first().map(|record| record.time),
            ];
            let Some(time) = of_others.into_iter().chain([first]).flatten().min() else {
                return;
            };
            self.at(time);
            let until = self.until;
            let is_within = |time| time < until || until == u64::MAX;
            let Self { last: bin, .. } = self;
            let mut now = *live;
            let mut place = 0;
            while let Some(record) = heap.get(place).filter(|record| is_within(record.time)) {
                now = record.after(now);
                bin.take(record, now);
                place += 1;
            }
            bin.events += place as u32;
            heap = &heap[place..];
            *live = now;
            let count = before(switches, |record| is_within(record.time));
            bin.events += count as u32;
            switches = &switches[count..];
            let count = before(counted, |record| is_within(record.time));
            (counted[..count].iter()).for_each(|counted| bin.count(counted.kind));
            counted = &counted[count..];
        }
    }

    #[inline(never)]
    fn extend(&mut self, time: u64) {
        self.bound(time, BINS - 1);
        let before = (time >> self.shift) as usize;
        if before > self.bins.len() {
            self.bins.push(self.last);
            let between = Bin::at(self.last.last);
            self.bins.resize(before, between);
            self.last = between;
        }
        self.end_last();
    }

    /// Notes when the last bin is over.
    fn end_last(&mut self) {
        let until = (self.bins.len() as u128 + 1) << self.shift;
        self.until = u64::try_from(until).unwrap_or(u64::MAX);
    }

    /// Makes bins longer if there are more than so many up to `end`.
    pub(crate) fn bound(&mut self, end: u64, bins: u64) {
        while end >> self.shift > bins {
            self.widen();
        }
    }

    /// When the last bin begins.
    pub(crate) fn end(&self) -> u64 {
        (self.bins.len() as u64) << self.shift
    }

    /// Each two bins become one.
    fn widen(&mut self) {
        self.shift += 1;
        let joined = |pair: &[Bin]| {
            let mut joined = pair[0];
            pair[1..].iter().for_each(|next| joined.join(next));
            joined
        };
        self.bins.push(self.last);
        let wide = self.bins.len().div_ceil(2);
        for place in 0..wide {
            let pair = 2 * place..self.bins.len().min(2 * place + 2);
            self.bins[place] = joined(&self.bins[pair]);
        }
        self.bins.truncate(wide);
        self.last = self.bins.pop().unwrap_or_default();
        self.end_last();
    }

    /// A free at `freed` was none: a block of so many bytes has lived on, if it is a known one.
    pub(super) fn take_back(&mut self, freed: u64, size: Option<u64>) {
        let place = (freed >> self.shift) as usize;
        let from = self.bins.get_mut(place..).unwrap_or_default();
        let mut bins = from.iter_mut().chain([&mut self.last]);
        if let Some(bin) = bins.next() {
            bin.frees = bin.frees.saturating_sub(1);
            bin.last = size.map_or(bin.last, |size| bin.last.with(size));
            bin.max = bin.max.max(bin.last.bytes);
        }
        if let Some(size) = size {
            for bin in bins {
                bin.min += size;
                bin.max += size;
                bin.last = bin.last.with(size);
            }
        }
    }

    /// The bins that overlap with a window: where each begins, and what it holds.
    pub(crate) fn within(&self, from: u64, to: u64) -> impl Iterator<Item = (u64, Bin)> + '_ {
        let first = ((from >> self.shift) as usize).min(self.bins.len() + 1);
        let shift = self.shift;
        (self.list().enumerate().skip(first))
            .map(move |(bin, held)| ((bin as u64) << shift, *held))
            .take_while(move |&(begin, _)| begin < to)
    }

    /// The level at the end of the last bin before a moment.
    pub(crate) fn before(&self, time: u64) -> Live {
        let bin = (time >> self.shift) as usize;
        match bin.checked_sub(1) {
            None => Live::default(),
            Some(before) => self.bins.get(before).unwrap_or(&self.last).last,
        }
    }

    /// The most events in a bin.
    pub(crate) fn busiest(&self) -> u32 {
        self.list().map(|bin| bin.events).max().unwrap_or(0)
    }

    fn list(&self) -> impl Iterator<Item = &Bin> {
        self.bins.iter().chain([&self.last])
    }
}
