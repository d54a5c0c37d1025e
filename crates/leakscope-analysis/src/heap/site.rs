//! The life of one call site, kept in constant space and brought up to date with every event.

use crate::findings::{Cycles, Lifetimes, SiteHistory};

/// What is kept of a call site. See [`SiteHistory`] for the meaning of the fields with its names.
///
/// What every event touches stands first, in as few cache lines as will hold it.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Site {
    pub(super) live_bytes: u64,
    pub(super) live_blocks: u64,
    pub(super) allocations: u64,
    pub(super) frees: u64,
    pub(super) allocated_bytes: u64,
    max_live_bytes: u64,
    max_first_reached: u64,
    pub(super) last_allocation: u64,

    longest_silence: u64,
    last_free: u64,
    /// The last peak of the whole heap that the site has heard of, and the bytes that lived then.
    at_peak: (u64, u64),
    floor: Floor,
    pub(super) smallest: u32,
    pub(super) largest: u32,

    cycles: CycleCount,
    /// Bit n: the context with index n allocated here; the last bit stands for all from there on.
    pub(super) contexts: u64,
    pub(super) cores: u64,

    lifetimes: Lifetimes,
    floors: Floors,
    first_free: u64,
    pub(super) first_allocation: u64,
    pub(super) reallocations: u64,
    pub(super) failed: u64,
}

impl Site {
    pub(super) fn new() -> Self {
        Self {
            live_bytes: 0,
            live_blocks: 0,
            allocations: 0,
            frees: 0,
            allocated_bytes: 0,
            max_live_bytes: 0,
            max_first_reached: 0,
            last_allocation: 0,
            longest_silence: 0,
            last_free: 0,
            at_peak: (0, 0),
            floor: Floor::default(),
            smallest: u32::MAX,
            largest: 0,
            cycles: CycleCount::default(),
            contexts: 0,
            cores: 0,
            lifetimes: Lifetimes::default(),
            floors: Floors::default(),
            first_free: 0,
            first_allocation: u64::MAX,
            reallocations: 0,
            failed: 0,
        }
    }

    /// Before the live bytes change: what they were is still true of everything since the last change.
    #[inline(always)]
    fn settle(&mut self, time: u64, moment: &Moment) {
        if self.at_peak.0 < moment.peak {
            self.at_peak = (moment.peak, self.live_bytes);
        }
        self.cycles.settle(moment.cycle, self.live_bytes);
        self.floor.lowest = self.floor.lowest.min(self.floor.level);
        if time >= self.floor.until {
            self.enter_window(time, moment);
        }
    }

    #[cold]
    fn enter_window(&mut self, time: u64, moment: &Moment) {
        self.floor = self.floors.enter_window(&self.floor, time, moment);
    }

    #[inline(always)]
    pub(super) fn allocate(&mut self, time: u64, size: u64, moment: &Moment) {
        self.settle(time, moment);
        if self.allocations == 0 {
            self.first_allocation = time;
        } else {
            let silence = time.saturating_sub(self.last_allocation);
            self.longest_silence = self.longest_silence.max(silence);
        }
        self.last_allocation = time;
        self.allocations += 1;
        self.allocated_bytes += size;
        self.live_blocks += 1;
        self.live_bytes += size;
        self.floor.level = self.live_bytes;
        self.smallest = self.smallest.min(size as u32);
        self.largest = self.largest.max(size as u32);
        if self.live_bytes > self.max_live_bytes {
            self.max_live_bytes = self.live_bytes;
            self.max_first_reached = time;
        }
    }

    /// Notes who allocates, by its place in the list of contexts, and on which core.
    #[inline(always)]
    pub(super) fn note_context(&mut self, context: u32, core: u8) {
        self.cores |= 1 << (core % 64);
        self.contexts |= 1 << context.min(u64::BITS - 1);
    }

    #[inline(always)]
    pub(super) fn free(&mut self, born: u64, time: u64, size: u64, moment: &Moment) {
        self.lose(time, size, moment);
        if self.frees == 0 {
            self.first_free = time;
        }
        self.frees += 1;
        self.last_free = time;
        self.lifetimes.add(time.saturating_sub(born));
    }

    /// A block is gone, nobody saw how.
    #[inline(always)]
    pub(super) fn lose(&mut self, time: u64, size: u64, moment: &Moment) {
        self.settle(time, moment);
        self.live_blocks -= 1;
        self.live_bytes -= size;
        self.floor.level = self.live_bytes;
    }

    /// The last free, of `size` bytes, was the first half of a reallocation: there was no dip.
    pub(super) fn forget_dip(&mut self, size: u64) {
        self.floor.level = self.live_bytes + size;
    }

    /// The last free, of a block that had lived for `life` ticks, was none.
    pub(super) fn revive(&mut self, life: u64, time: u64, size: u64, moment: &Moment) {
        self.forget_dip(size);
        self.settle(time, moment);
        self.frees -= 1;
        self.lifetimes.remove(life);
        self.live_blocks += 1;
        self.live_bytes += size;
    }

    pub(super) fn bytes_at_peak(&self, peak: u64) -> u64 {
        if self.at_peak.0 < peak {
            self.live_bytes
        } else {
            self.at_peak.1
        }
    }

    /// The history up to `now`, without [`SiteHistory::live_births`].
    pub(super) fn history(&self, now: u64, moment: &Moment) -> SiteHistory {
        let mut copy = self.clone();
        copy.settle(now, moment);
        copy.enter_window(now, moment);
        let has_frees = self.frees > 0;
        SiteHistory {
            allocations: self.allocations,
            frees: self.frees,
            allocated_bytes: self.allocated_bytes,
            largest: u64::from(self.largest),
            live_bytes: self.live_bytes,
            live_births: Vec::new(),
            max_live_bytes: self.max_live_bytes,
            max_first_reached: self.max_first_reached,
            first_allocation: self.first_allocation.min(now),
            last_allocation: self.last_allocation,
            longest_silence: self.longest_silence,
            first_free: has_frees.then_some(self.first_free),
            last_free: has_frees.then_some(self.last_free),
            lifetimes: self.lifetimes,
            floors: copy.floors.values[..=copy.floors.window].to_vec(),
            cycles: copy.cycles.cycles,
        }
    }
}

/// What all sites share at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moment {
    /// When the session began.
    pub(super) start: u64,
    /// A window is 2 to this power ticks long; it grows so that the trace has at most
    /// [`WINDOWS`] of them.
    pub(super) window_shift: u32,
    /// Until when that is so.
    pub(super) full_at: u64,
    /// How many peaks of the whole heap there were.
    pub(super) peak: u64,
    /// How many cycles the user has marked.
    pub(super) cycle: u64,
}

impl Moment {
    /// Makes windows so long that they reach up to `time`.
    #[cold]
    pub(super) fn widen_windows(&mut self, time: u64) {
        while time.saturating_sub(self.start) >> self.window_shift >= WINDOWS as u64 {
            self.window_shift += 1;
        }
        self.full_at = self.end_of_window(WINDOWS - 1, self.window_shift);
    }

    /// The first moment behind a window.
    fn end_of_window(&self, window: usize, shift: u32) -> u64 {
        let length = (window as u64 + 1).checked_mul(1 << shift);
        self.start.saturating_add(length.unwrap_or(u64::MAX))
    }
}

/// The most windows that a trace is divided into.
pub(super) const WINDOWS: usize = 32;

/// The window that the last event fell into.
#[derive(Clone, Debug, Default)]
#[repr(C)]
struct Floor {
    /// The live bytes since the last change. It counts when the next one comes, because until then the
    /// last may turn out to be one half of a reallocation.
    level: u64,
    /// The lowest level so far.
    lowest: u64,
    /// Where the window ends; earlier if windows have grown since.
    until: u64,
}

/// The lowest number of live bytes in each window.
#[derive(Clone, Debug, Default)]
struct Floors {
    window: usize,
    shift: u32,
    values: [u64; WINDOWS],
}

impl Floors {
    /// Goes on to the window of `time`: since the last change the level was the same.
    fn enter_window(&mut self, floor: &Floor, time: u64, moment: &Moment) -> Floor {
        self.values[self.window] = floor.lowest;
        while self.shift < moment.window_shift {
            self.merge_pairs();
        }
        let since_start = time.saturating_sub(moment.start);
        let window = ((since_start >> self.shift) as usize).min(WINDOWS - 1);
        while self.window < window {
            self.window += 1;
            self.values[self.window] = floor.level;
        }
        Floor {
            level: floor.level,
            lowest: self.values[self.window],
            until: moment.end_of_window(self.window, self.shift),
        }
    }

    fn merge_pairs(&mut self) {
        for pair in 0..=self.window / 2 {
            let first = self.values[2 * pair];
            let second = match 2 * pair + 1 {
                index if index <= self.window => self.values[index],
                _ => first,
            };
            self.values[pair] = first.min(second);
        }
        self.window /= 2;
        self.shift += 1;
    }
}

/// What the marked cycles left behind.
#[derive(Clone, Debug, Default)]
#[repr(C)]
struct CycleCount {
    current: u64,
    live_at_start: u64,
    live_after_warm_up: u64,
    cycles: Cycles,
}

/// The first cycles, in which caches fill and lazy things come to be.
pub(super) const WARM_UP_CYCLES: u64 = 2;

impl CycleCount {
    /// Brings the count up to cycle `now`: nothing has changed since the last event.
    #[inline(always)]
    fn settle(&mut self, now: u64, live: u64) {
        if self.current == now {
            return;
        }
        // Cycle 0 is the time before the first mark; what came before a cycle's end is `live`.
        if self.current > WARM_UP_CYCLES && live > self.live_at_start {
            self.cycles.grown += 1;
        }
        if self.current <= WARM_UP_CYCLES {
            self.live_after_warm_up = live;
        }
        self.cycles.net_bytes = live as i64 - self.live_after_warm_up as i64;
        self.live_at_start = live;
        self.current = now;
    }
}
