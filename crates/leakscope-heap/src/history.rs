//! How much is free, and how large a block can be had, over time: one level a window, in constant space.

use crate::pool::Pool;

/// More windows than this are joined in pairs.
const MOST: usize = 32;

/// How a region is at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// When, in ticks.
    pub time: u64,
    /// Bytes of holes.
    pub free: u64,
    /// The most bytes that one allocation can get.
    pub largest: u64,
    /// How many holes there are.
    pub holes: u64,
}

impl Level {
    /// A region as it is.
    pub(crate) fn of(pool: &Pool, time: u64) -> Self {
        Self {
            time,
            free: pool.space().free_bytes(),
            largest: pool.largest_request(),
            holes: pool.space().holes(),
        }
    }
}

/// The calmest level of each window of time, when most was free: what is in use for a while does not count.
#[derive(Clone, Debug)]
pub struct History {
    start: u64,
    width: u64,
    windows: Vec<Level>,
    last: Level,
    worst: Option<Level>,
    allocations: u64,
    /// The bytes that those asked for.
    asked: u64,
    /// The largest two of what was asked for.
    largest_asked: [u64; 2],
}

impl Default for History {
    fn default() -> Self {
        Self {
            start: 0,
            width: 1,
            windows: Vec::new(),
            last: Level::default(),
            worst: None,
            allocations: 0,
            asked: 0,
            largest_asked: [0; 2],
        }
    }
}

impl History {
    pub(crate) fn note(&mut self, level: Level) {
        if self.windows.is_empty() {
            self.start = level.time;
            self.last = level;
        }
        let since = level.time.saturating_sub(self.start);
        while since / self.width >= MOST as u64 {
            self.join();
        }
        let window = (since / self.width) as usize;
        while self.windows.len() <= window {
            self.windows.push(self.last);
        }
        let calmest = &mut self.windows[window];
        if level.free >= calmest.free {
            *calmest = level;
        }
        if self.worst.is_none_or(|worst| level.largest < worst.largest) {
            self.worst = Some(level);
        }
        self.last = level;
    }

    pub(crate) fn allocated(&mut self, size: u64) {
        self.allocations += 1;
        self.asked = self.asked.saturating_add(size);
        self.wanted(size);
    }

    /// A block of this size was asked for, perhaps in vain.
    pub(crate) fn wanted(&mut self, size: u64) {
        let [first, second] = self.largest_asked;
        self.largest_asked = [first.max(size), second.max(first.min(size))];
    }

    /// The most bytes that two allocations asked for each: what is wanted once may not be wanted again.
    pub(crate) fn wanted_again(&self) -> u64 {
        self.largest_asked[1]
    }

    /// How many bytes an allocation asks for, in the mean.
    pub(crate) fn mean_size(&self) -> f64 {
        self.asked as f64 / self.allocations.max(1) as f64
    }

    fn join(&mut self) {
        let calmer = |pair: &[Level]| pair.iter().copied().max_by_key(|level| level.free);
        self.windows = self.windows.chunks(2).filter_map(calmer).collect();
        self.width *= 2;
    }

    /// The calmest level of each window, in order of time.
    pub fn windows(&self) -> &[Level] {
        &self.windows
    }

    /// When the least could be had.
    pub fn worst(&self) -> Option<Level> {
        self.worst
    }
}
