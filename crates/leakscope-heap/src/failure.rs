//! Why an allocation failed.

use crate::pool::Pool;

/// An allocation that failed, and the heap at that moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Failure {
    /// When, in ticks.
    pub time: u64,
    /// The bytes that were asked for.
    pub size: u64,
    /// Why it failed.
    pub reason: Reason,
    /// The region that comes nearest, by its place.
    pub region: usize,
    /// Bytes of holes there.
    pub free: u64,
    /// How many holes there were.
    pub holes: u64,
    /// The most bytes that an allocation could have got there.
    pub largest: u64,
    /// The length of the largest hole there.
    pub largest_hole: u64,
    /// From 0, too little memory, to 1, fragmentation (Linux' fragmentation index): 1 − (1 + free / size) / holes. `None` if the
    /// request fits, or there are no holes.
    pub index: Option<f64>,
}

/// Why an allocation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It would fail in an empty heap.
    TooLarge,
    /// Less is free than it needs.
    Full,
    /// Enough is free, but no hole is large enough.
    Fragmented,
    /// A hole is large enough, but the allocator does not look at it.
    Overlooked,
    /// The map has room for it: another kind of memory was asked for, or the map is wrong.
    Unexplained,
}

impl Reason {
    /// The name that programs read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::Full => "full",
            Self::Fragmented => "fragmented",
            Self::Overlooked => "overlooked",
            Self::Unexplained => "unexplained",
        }
    }

    /// Why a request fails in a region.
    fn of(size: u64, pool: &Pool) -> Self {
        let space = pool.space();
        let length = pool.needs(size);
        if pool.place_of(size).is_some() {
            Self::Unexplained
        } else if size > pool.most_ever() {
            Self::TooLarge
        } else if space.free_bytes() < length {
            Self::Full
        } else if space.largest_hole() < length {
            Self::Fragmented
        } else {
            Self::Overlooked
        }
    }

    /// Of several regions, the one with the last of these reasons comes nearest.
    fn nearness(self) -> u8 {
        match self {
            Self::TooLarge => 0,
            Self::Full => 1,
            Self::Fragmented => 2,
            Self::Overlooked => 3,
            Self::Unexplained => 4,
        }
    }
}

impl Failure {
    /// How many are kept.
    pub const KEPT: usize = 100;

    /// A request that fails now in all regions, of which there is at least one.
    pub(crate) fn new(time: u64, size: u64, pools: &[Pool]) -> Self {
        let reasons = pools.iter().map(|pool| Reason::of(size, pool));
        let nearest = reasons
            .enumerate()
            .max_by_key(|&(place, reason)| (reason.nearness(), pools[place].space().free_bytes()));
        let (region, reason) = nearest.unwrap_or((0, Reason::TooLarge));
        let mut failure = Self {
            time,
            size,
            reason,
            region,
            free: 0,
            holes: 0,
            largest: 0,
            largest_hole: 0,
            index: None,
        };
        if let Some(pool) = pools.get(region) {
            let space = pool.space();
            failure.free = space.free_bytes();
            failure.holes = space.holes();
            failure.largest = pool.largest_request();
            failure.largest_hole = space.largest_hole();
            let is_short = failure.holes > 0 && reason != Reason::Unexplained;
            failure.index = is_short.then(|| {
                let requests = failure.free as f64 / size.max(1) as f64;
                (1.0 - (1.0 + requests) / failure.holes as f64).max(0.0)
            });
        }
        failure
    }
}
