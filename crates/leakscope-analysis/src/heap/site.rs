//! The life of one call site, kept in constant space and brought up to date with every event.

use super::cycle_count::CycleCount;
use super::floors::{Floor, Floors};
use super::moment::Moment;
use crate::findings::{Lifetimes, OlderFrees, SiteHistory, UnsureEnds};

/// What is kept of a call site. See [`SiteHistory`] for the meaning of the fields with its names.
///
/// What every event touches stands first, in as few cache lines as will hold it. What tells more than that
/// there was one allocation is kept apart: many stacks are seen once.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Site {
    pub(super) live_bytes: u64,
    pub(super) allocations: u64,
    pub(super) frees: u64,
    pub(super) allocated_bytes: u64,
    max_live_bytes: u64,
    max_first_reached: u64,
    pub(super) last_allocation: u64,
    longest_silence: u64,

    floor: Floor,
    /// The last peak of the whole heap that the site has heard of, and the bytes that lived then.
    at_peak: (u64, u64),
    /// The cycle in which the last event came.
    cycle: u64,
    pub(super) smallest: u32,
    pub(super) largest: u32,
    details: Option<Box<Details>>,

    /// Bit n: the context with index n allocated here; the last bit stands for all from there on.
    pub(super) contexts: u64,
    pub(super) cores: u64,
    pub(super) first_allocation: u64,
    /// 0 as long as nothing was freed.
    last_free: u64,
}

/// A buffer is enlarged, and not used anew, if it is missing for at most this part of the time that the old one lived.
const SOON: u64 = 4;

/// What is kept of a site from its second event on.
#[derive(Clone, Debug, Default)]
pub(super) struct Details {
    lifetimes: Lifetimes,
    first_free: u64,
    /// Blocks that lived when the first one was freed.
    at_first_free: u64,
    floors: Floors,
    cycles: CycleCount,
    reused: u64,
    first_reuse: u64,
    unsure_ends: UnsureEnds,
    pub(super) reallocations: u64,
    /// Blocks that were reallocated, and the device left out what they became.
    left_out: u64,
    failed: u64,
    /// When the first allocation failed after the last one that did not; no later than that, if none did.
    failing_since: u64,
}

impl Site {
    pub(super) fn new() -> Self {
        Self {
            live_bytes: 0,
            allocations: 0,
            frees: 0,
            allocated_bytes: 0,
            max_live_bytes: 0,
            max_first_reached: 0,
            last_allocation: 0,
            longest_silence: 0,
            floor: Floor::default(),
            at_peak: (0, 0),
            cycle: 0,
            smallest: u32::MAX,
            largest: 0,
            details: None,
            contexts: 0,
            cores: 0,
            first_allocation: u64::MAX,
            last_free: 0,
        }
    }

    /// What is kept from the second event on.
    #[inline(always)]
    pub(super) fn details(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }

    pub(super) fn reallocations(&self) -> u64 {
        (self.details.as_ref()).map_or(0, |details| details.reallocations)
    }

    pub(super) fn failed(&self) -> u64 {
        self.details.as_ref().map_or(0, |details| details.failed)
    }

    /// What became of a block that was reallocated is left out.
    pub(super) fn leave_out(&mut self) {
        self.details().left_out += 1;
    }

    pub(super) fn left_out(&self) -> u64 {
        self.details.as_ref().map_or(0, |details| details.left_out)
    }

    /// An allocation found no memory.
    pub(super) fn fail(&mut self, time: u64) {
        let last_allocation = self.last_allocation;
        let details = self.details();
        details.failed += 1;
        if details.failing_since <= last_allocation {
            details.failing_since = time;
        }
    }

    /// How many blocks were freed that had lived for so many ticks.
    pub(super) fn freed_at_age(&self, ticks: u64) -> u64 {
        (self.details.as_ref()).map_or(0, |details| details.lifetimes.reaching(ticks))
    }

    /// How long those lived that were freed.
    pub(super) fn lives(&self) -> Option<&Lifetimes> {
        self.details.as_ref().map(|details| &details.lifetimes)
    }

    /// How many blocks live.
    pub(super) fn live_blocks(&self) -> u64 {
        let reused = self.details.as_ref().map_or(0, |details| details.reused);
        self.allocations - self.frees - reused
    }

    /// Before the live bytes change: what they were is still true of everything since the last change.
    #[inline(always)]
    fn settle(&mut self, time: u64, moment: &Moment) {
        if self.at_peak.0 < moment.peak {
            self.at_peak = (moment.peak, self.live_bytes);
        }
        if self.cycle != moment.cycle {
            self.enter_cycle(moment);
        }
        if self.floor.level < self.floor.lowest {
            self.floor.lowest = self.floor.level;
        }
        if time >= self.floor.until {
            self.enter_window(time, moment);
        }
    }

    #[cold]
    fn enter_cycle(&mut self, moment: &Moment) {
        let (cycle, live_bytes) = (self.cycle, self.live_bytes);
        self.details().cycles.settle(cycle, live_bytes);
        self.cycle = moment.cycle;
    }

    #[cold]
    fn enter_window(&mut self, time: u64, moment: &Moment) {
        let details = self.details.get_or_insert_default();
        if self.floor.until == 0 {
            details.floors.begin(self.first_allocation, moment);
        }
        self.floor = details.floors.enter_window(&self.floor, time, moment);
    }

    #[inline(always)]
    pub(super) fn allocate(&mut self, time: u64, size: u64, moment: &Moment) {
        if self.allocations == 0 {
            self.first_allocation = time;
            self.at_peak = (moment.peak, 0);
            self.cycle = moment.cycle;
        } else {
            if self.live_bytes == 0 && self.is_enlarged(time, size) {
                self.forget_dip(self.max_live_bytes);
            }
            self.settle(time, moment);
            let silence = time.saturating_sub(self.last_allocation);
            if silence > self.longest_silence {
                self.longest_silence = silence;
            }
        }
        self.last_allocation = time;
        self.allocations += 1;
        self.allocated_bytes += size;
        self.live_bytes += size;
        self.floor.level = self.live_bytes;
        if (size as u32) < self.smallest {
            self.smallest = size as u32;
        }
        if size as u32 > self.largest {
            self.largest = size as u32;
        }
        if self.live_bytes > self.max_live_bytes {
            self.max_live_bytes = self.live_bytes;
            self.max_first_reached = time;
        }
    }

    /// Whether a block larger than all before takes, soon, the place of the largest one so far, which was freed: to enlarge a
    /// buffer, some free the old one first.
    #[cold]
    fn is_enlarged(&self, time: u64, size: u64) -> bool {
        let life = self.last_free.checked_sub(self.last_allocation);
        size > self.max_live_bytes
            && self.max_first_reached == self.last_allocation
            && u64::from(self.largest) == self.max_live_bytes
            && life.is_some_and(|life| time.saturating_sub(self.last_free) <= life / SOON)
    }

    /// Notes who allocates, by its place in the list of contexts, and on which core.
    #[inline(always)]
    pub(super) fn note_context(&mut self, context: u32, core: u8) {
        self.cores |= 1 << (core % 64);
        self.contexts |= 1 << context.min(u64::BITS - 1);
    }

    #[inline(always)]
    pub(super) fn free(&mut self, born: u64, time: u64, size: u64, moment: &Moment) {
        self.shrink(time, size, moment);
        let is_first = self.frees == 0;
        let allocations = self.allocations;
        self.frees += 1;
        self.last_free = time;
        let details = self.details();
        if is_first {
            details.first_free = time;
            details.at_first_free = allocations - details.reused;
        }
        details.lifetimes.add(time.saturating_sub(born));
    }

    /// A block is gone, nobody saw how: its memory was used again.
    pub(super) fn lose(&mut self, time: u64, size: u64, moment: &Moment) {
        self.shrink(time, size, moment);
        let details = self.details();
        if details.reused == 0 {
            details.first_reuse = time;
        }
        details.reused += 1;
    }

    #[inline(always)]
    fn shrink(&mut self, time: u64, size: u64, moment: &Moment) {
        self.settle(time, moment);
        self.live_bytes -= size;
        self.floor.level = self.live_bytes;
    }

    /// Blocks that ended after data had been lost while they lived.
    pub(super) fn unsure_ends(&mut self) -> &mut UnsureEnds {
        &mut self.details().unsure_ends
    }

    /// The free of a block of `size` bytes was the first half of a reallocation: since the last change there was no dip.
    pub(super) fn forget_dip(&mut self, size: u64) {
        self.floor.level = self.live_bytes + size;
    }

    /// The free of a block that had lived for `life` ticks was none.
    pub(super) fn revive(&mut self, life: u64, time: u64, size: u64, moment: &Moment) {
        self.forget_dip(size);
        self.settle(time, moment);
        self.frees -= 1;
        self.details().lifetimes.remove(life);
        self.live_bytes += size;
        self.floor.level = self.live_bytes;
        if self.live_bytes > self.max_live_bytes {
            self.max_live_bytes = self.live_bytes;
            self.max_first_reached = time;
        }
    }

    pub(super) fn bytes_at_peak(&self, peak: u64) -> u64 {
        if self.at_peak.0 < peak {
            self.live_bytes
        } else {
            self.at_peak.1
        }
    }

    /// The history up to `now`, without the blocks that live.
    pub(super) fn history(&self, now: u64, moment: &Moment) -> SiteHistory {
        let mut copy = self.clone();
        copy.settle(now, moment);
        copy.enter_window(now, moment);
        let details = *copy.details.unwrap_or_default();
        let has_frees = self.frees > 0;
        SiteHistory {
            allocations: self.allocations,
            frees: self.frees,
            allocated_bytes: self.allocated_bytes,
            largest: u64::from(self.largest),
            live_bytes: self.live_bytes,
            live_births: Vec::new(),
            live_sizes: Vec::new(),
            max_live_bytes: self.max_live_bytes,
            max_first_reached: self.max_first_reached,
            first_allocation: self.first_allocation.min(now),
            last_allocation: self.last_allocation,
            failing_since: (details.failing_since > self.last_allocation)
                .then_some(details.failing_since),
            longest_silence: self.longest_silence,
            first_free: has_frees.then_some(details.first_free),
            last_free: has_frees.then_some(self.last_free),
            at_first_free: if has_frees { details.at_first_free } else { 0 },
            lifetimes: details.lifetimes,
            floors: details.floors.values().to_vec(),
            cycles: details.cycles.cycles,
            cycle_steps: details.cycles.steps(moment.whole_cycles()),
            reused: details.reused,
            first_reuse: (details.reused > 0).then_some(details.first_reuse),
            unsure_ends: details.unsure_ends,
            unreturned: Lifetimes::default(),
            older_frees: OlderFrees::default(),
            early_frees: Vec::new(),
        }
    }
}
