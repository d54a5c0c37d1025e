//! The order in which findings are shown.

use std::cmp::Ordering;

use super::{Growth, Verdict};

/// What decides where a finding stands: sorting by it puts the worst first.
///
/// Leaks come first, then what may be one, then the rest. Within a group the faster growth comes first,
/// then more outstanding bytes, then the earlier first allocation.
#[derive(Clone, Copy, Debug)]
pub struct Rank {
    /// What was said of the call site.
    pub verdict: Verdict,
    /// How fast it grows.
    pub growth: Growth,
    /// The bytes of its blocks that were not freed.
    pub outstanding_bytes: u64,
    /// Its first allocation.
    pub first_allocation: u64,
}

impl Rank {
    /// The group of a verdict, the worst is 0.
    const fn group(self) -> u8 {
        match self.verdict {
            Verdict::LeakSteady
            | Verdict::LeakGrowing
            | Verdict::LeakPerCycle
            | Verdict::LeakSurvivors => 0,
            Verdict::Lost => 1,
            Verdict::Uncertain => 2,
            Verdict::Unclassified => 3,
            Verdict::LateRelease => 4,
            Verdict::InFlight => 5,
            Verdict::Bounded => 6,
            Verdict::Once => 7,
            Verdict::AllFreed => 8,
        }
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        self.group()
            .cmp(&other.group())
            .then_with(|| compare_rates(other.growth, self.growth))
            .then_with(|| other.outstanding_bytes.cmp(&self.outstanding_bytes))
            .then_with(|| self.first_allocation.cmp(&other.first_allocation))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rank {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Rank {}

/// Exact: 64 bits times 64 bits fit into 128.
fn compare_rates(a: Growth, b: Growth) -> Ordering {
    let scaled = |bytes: i64, ticks: u64| i128::from(bytes) * i128::from(ticks.max(1));
    scaled(a.bytes, b.ticks).cmp(&scaled(b.bytes, a.ticks))
}
