//! What the rules look at: the life of one call site, and of the trace around it.

use super::{Losses, UnsureEnds};

/// The life of one call site up to now. Times are ticks since the trace began, sizes bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteHistory {
    /// Blocks allocated here.
    pub allocations: u64,
    /// Those of them that were freed.
    pub frees: u64,
    /// Their bytes, freed or not.
    pub allocated_bytes: u64,
    /// The size of the largest of them.
    pub largest: u64,
    /// The sum of the sizes of the blocks that live now.
    pub live_bytes: u64,
    /// When each block that lives now was allocated, earliest first.
    pub live_births: Vec<u64>,
    /// The sizes of the same blocks, in the same order.
    pub live_sizes: Vec<u64>,
    /// The most bytes that lived at once.
    pub max_live_bytes: u64,
    /// When that was first so.
    pub max_first_reached: u64,
    /// The first allocation.
    pub first_allocation: u64,
    /// The last allocation.
    pub last_allocation: u64,
    /// Since when every allocation has failed, if the last one did.
    pub failing_since: Option<u64>,
    /// The longest time between two successive allocations; 0 with fewer than two.
    pub longest_silence: u64,
    /// The first free of a block of this site.
    pub first_free: Option<u64>,
    /// The last one.
    pub last_free: Option<u64>,
    /// How many blocks lived when the first one was freed, that one included; 0 if none was.
    pub at_first_free: u64,
    /// How long the freed blocks lived.
    pub lifetimes: Lifetimes,
    /// The lowest number of live bytes in each of up to 32 windows of [`Span::window`] ticks, from
    /// [`Span::start`] to the window that holds the end of the trace (the last one is partly in the
    /// future). A reallocation is one change: the moment between its free and its allocation is no floor. Neither is the
    /// time between the free of the largest block so far, if it was alone, and a larger one soon after it.
    pub floors: Vec<u64>,
    /// What was left behind by the cycles that the user marked.
    pub cycles: Cycles,
    /// The same, one by one.
    pub cycle_steps: CycleSteps,
    /// Blocks whose memory was used again while they seemed to live: their frees were lost.
    pub reused: u64,
    /// When the first of them turned out to have ended.
    pub first_reuse: Option<u64>,
    /// Of the blocks that ended, those in whose lives data were lost.
    pub unsure_ends: UnsureEnds,
    /// How old the freed blocks would be now whose memory was not used again: if nobody had seen their frees, they
    /// would seem to live. Empty if nothing was lost.
    pub unreturned: Lifetimes,
    /// Frees of blocks that were allocated before the recording began, perhaps here.
    pub older_frees: OlderFrees,
    /// When those blocks of `live_births` were allocated that may be freed already: what is known of the order of cores allows that.
    pub early_frees: Vec<u64>,
}

/// A histogram of lifetimes: bucket *n* counts those of 2ⁿ⁻¹ to 2ⁿ - 1 ticks, bucket 0 those of 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// The counts.
    pub buckets: [u32; Self::BUCKETS],
}

impl Lifetimes {
    /// Enough for 2⁴⁷ ticks, ten days at 160 MHz; what lives longer is in the last bucket.
    pub const BUCKETS: usize = 48;

    /// Counts one more block that lived for `ticks`.
    #[inline]
    pub fn add(&mut self, ticks: u64) {
        let bucket = &mut self.buckets[Self::class(ticks)];
        *bucket = bucket.saturating_add(1);
    }

    /// The bucket of a lifetime.
    #[inline]
    pub(crate) fn class(ticks: u64) -> usize {
        let bucket = (u64::BITS - ticks.leading_zeros()) as usize;
        bucket.min(Self::BUCKETS - 1)
    }

    /// Takes back [`Lifetimes::add`].
    pub fn remove(&mut self, ticks: u64) {
        let bucket = &mut self.buckets[Self::class(ticks)];
        *bucket = bucket.saturating_sub(1);
    }

    /// Counts those of another, too.
    pub(crate) fn join(&mut self, other: &Self) {
        for (bucket, more) in self.buckets.iter_mut().zip(other.buckets) {
            *bucket = bucket.saturating_add(more);
        }
    }

    /// Takes back [`Lifetimes::join`].
    pub(crate) fn take_out(&mut self, other: &Self) {
        for (bucket, fewer) in self.buckets.iter_mut().zip(other.buckets) {
            *bucket = bucket.saturating_sub(fewer);
        }
    }

    /// How many blocks were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|&count| u64::from(count)).sum()
    }

    /// How many blocks lived for `ticks` or longer, and those that share a bucket with `ticks`.
    pub fn reaching(&self, ticks: u64) -> u64 {
        let bucket = (u64::BITS - ticks.leading_zeros()) as usize;
        let reaching = self.buckets.iter().skip(bucket.min(Self::BUCKETS - 1));
        reaching.map(|&count| u64::from(count)).sum()
    }

    /// A lifetime that at least `percent` of the blocks did not exceed: the upper end of the bucket in
    /// which that one lies. `None` if no block was freed.
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let count = self.count();
        let wanted = (count * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (bucket, &blocks) in self.buckets.iter().enumerate() {
            seen += u64::from(blocks);
            if count > 0 && seen >= wanted {
                return Some((1 << bucket) - 1);
            }
        }
        None
    }
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            buckets: [0; Self::BUCKETS],
        }
    }
}

/// What a site left behind in the cycles that the user marked. The first two cycles are warm-up and do
/// not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cycles {
    /// Cycles at whose end more bytes lived than at their start.
    pub grown: u64,
    /// Bytes alive at the end of the last whole cycle, less those at the end of the second.
    pub net_bytes: i64,
}

/// Bytes that a site gained in successive groups of whole cycles after the first two; at most 32 groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CycleSteps {
    /// In each group.
    pub bytes: Vec<i64>,
    /// Cycles of a group: a power of 2, or 0 if there was no whole cycle.
    pub cycles: u64,
}

/// The trace around the site.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    /// The last moment of the trace (of its session).
    pub end: u64,
    /// Its first moment: 0, or later for a session that is not the first.
    pub start: u64,
    /// When the program had started up: 5 % of the way, or when each core had been idle once.
    pub warm_up_end: u64,
    /// When the target was told to stop recording, if it was.
    pub stopped: Option<u64>,
    /// Ticks of one window of [`SiteHistory::floors`].
    pub window: u64,
    /// The last allocation or free of any call site: what happens after it is no evidence.
    pub last_heap_event: u64,
    /// Whole cycles that the user marked, after the first two.
    pub cycles: u64,
    /// When the second of all marked cycles ended; 0 while `cycles` is 0.
    pub cycles_from: u64,
    /// When the last whole cycle ended; 0 while `cycles` is 0.
    pub cycles_to: u64,
    /// Ticks of a second; 0 if they are not known.
    pub second: u64,
    /// Moments at which a block of any call site was freed, in order: some of them, spread evenly.
    pub frees: Vec<u64>,
    /// Blocks whose allocation was lost.
    pub unseen: Unseen,
    /// Where data were lost, in order of time: of beginnings and of ends.
    pub gaps: Vec<Gap>,
    /// What that did to the heap's history; `None` if nothing was lost.
    pub losses: Option<Losses>,
    /// Cores whose data are missing, or end early: they may have freed anything.
    pub missing: MissingCores,
}

/// Cores of which nobody knows what they did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingCores {
    /// Their numbers.
    pub cores: Vec<u8>,
    /// Since when that is so of the first of them: the gaps from then on are that.
    pub since: u64,
}

impl MissingCores {
    /// Whether what was lost there is what they did.
    pub(super) fn are_gap(&self, gap: &Gap) -> bool {
        !self.cores.is_empty() && gap.from >= self.since
    }
}

/// Frees of blocks that nobody saw begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OlderFrees {
    /// Moments of some of them, in order of time, and how many frees each of these stands for.
    pub moments: Vec<(u64, u64)>,
    /// The last of all; 0 without any.
    pub last: u64,
    /// Whether some may have been of blocks that the device left out.
    pub may_be_others: bool,
}

impl OlderFrees {
    /// Both.
    pub(crate) fn and(mut self, mut other: Self) -> Self {
        self.moments.append(&mut other.moments);
        self.moments.sort_unstable();
        self.last = self.last.max(other.last);
        self.may_be_others |= other.may_be_others;
        self
    }

    /// How many there were from this moment on.
    pub(super) fn since(&self, from: u64) -> u64 {
        let before = self.moments.partition_point(|&(moment, _)| moment < from);
        let frees = self.moments[before..].iter().map(|&(_, frees)| frees);
        frees.fold(0, u64::saturating_add)
    }

    /// The longest time without one, up to the last, in a trace that begins at `start`.
    pub(super) fn longest_pause(&self, start: u64) -> u64 {
        let moments = || self.moments.iter().map(|&(moment, _)| moment);
        let begins = std::iter::once(start).chain(moments());
        let pauses = begins.zip(moments().chain([self.last]));
        pauses
            .map(|(begin, end)| end.saturating_sub(begin))
            .max()
            .unwrap_or(0)
    }
}

/// Blocks whose allocation was lost, known by their frees: each of them lived from the last loss before its free on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unseen {
    /// The most of them that lived at once for sure, and for longer than a window of [`SiteHistory::floors`].
    pub blocks: u64,
    /// From when on these lived.
    pub since: u64,
    /// Blocks of all call sites that were freed after as long a life, all of which was seen.
    pub seen: u64,
}

impl Unseen {
    /// How many of the blocks should have been a site's of whose blocks so many were freed after as long a life: as many as
    /// is its share. Without any such block, all of them may have been.
    pub(super) fn of_site(&self, seen: u64) -> f64 {
        let share = match self.seen {
            0 => 1.0,
            all => seen as f64 / all as f64,
        };
        self.blocks as f64 * share
    }
}

/// A stretch of time in which packets were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The last moment before it.
    pub from: u64,
    /// The first moment after it.
    pub to: u64,
    /// How many packets were lost, where the target counted them.
    pub lost: Option<u64>,
}
