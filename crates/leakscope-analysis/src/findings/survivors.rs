//! A leak beside ordinary work: most blocks are freed soon, a few outlive all that were freed, and there
//! are ever more of these. An error path that forgets to free looks so.

use super::case::Case;
use super::rhythm::Rhythm;
use super::{Confidence, Finding, Lifetimes, Verdict, Word};

/// Occasions on which blocks were left that outlived the others.
const LEAST_OCCASIONS: usize = 4;

/// Of the blocks that got so old, at most one in this many may have been freed after all.
const FREED_AFTER_ALL: u64 = 20;

/// How many times over, summed over the survivors, the age has doubled without a free.
///
/// Lifetimes may be spread widely, so that "ten times the usual" proves nothing. But if their mean is
/// finite at all, a block of any age is freed before its age has doubled at least every second time (a
/// power-law tail of index 1; what lives longer than that grows without bound, freed or not). Sixteen
/// doublings without a free then have a probability below 2^-16, one in 65,536.
const DOUBLINGS: f64 = 16.0;

/// The age that tells survivors from others is at most this share of the observed stretch, so that there
/// was time to see them survive.
const LATEST_CUT: f64 = 0.5;

/// This share of the survivors was born in the first half of the stretch: a consumer that stalls near
/// the end leaves blocks that are old for their kind, but all of them are recent.
const BORN_EARLY: f64 = 0.25;

/// With this many occasions the verdict is sure.
const MANY_OCCASIONS: usize = 8;

/// Answers for sites that freed most of their blocks, and where a growing number outlives the others.
pub(super) fn check_few(case: &Case<'_>) -> Option<Finding> {
    let most_freed = case.history.frees >= case.history.allocations / 2;
    most_freed.then(|| check(case)).flatten()
}

/// Answers for all sites where a growing number of blocks outlives the others.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    if !case.freed_before_shutdown() {
        return None;
    }
    let history = case.history;
    let survivors = find(case)?;
    Some(Finding {
        verdict: Verdict::LeakSurvivors,
        confidence: if survivors.rhythm(case).occasions() >= MANY_OCCASIONS {
            Confidence::High
        } else {
            Confidence::Medium
        },
        reason: vec![
            Word::Count(survivors.births.len() as u64),
            Word::Text(" blocks outlived the others, from "),
            Word::Moment(survivors.births.first().copied().unwrap_or_default()),
            Word::Text(" to "),
            Word::Moment(survivors.births.last().copied().unwrap_or_default()),
            Word::Text("; of "),
            Word::Count(history.lifetimes.count()),
            Word::Text(" freed blocks "),
            Word::Count(survivors.freed_later),
            Word::Text(" lived longer than "),
            Word::Duration(survivors.age),
        ],
    })
}

/// The blocks that outlived the others.
pub(super) struct Survivors<'a> {
    /// When they were allocated.
    pub(super) births: &'a [u64],
    /// The age that tells them from the others, in ticks.
    age: u64,
    /// Blocks that became older than that, and were freed.
    freed_later: u64,
}

/// Looks for the lowest age beyond which blocks stay.
pub(super) fn find<'a>(case: &Case<'a>) -> Option<Survivors<'a>> {
    let buckets = &case.history.lifetimes.buckets;
    let mut freed_later = case.history.lifetimes.count();
    for (bucket, &freed) in buckets.iter().enumerate().take(Lifetimes::BUCKETS - 1) {
        freed_later -= u64::from(freed);
        let age = 1_u64 << bucket;
        if age as f64 > LATEST_CUT * case.length() {
            return None;
        }
        let births = case.births();
        let old = births.partition_point(|&birth| birth.saturating_add(age) <= case.to);
        let survivors = Survivors {
            births: &births[..old],
            age,
            freed_later,
        };
        if freed_later.saturating_mul(FREED_AFTER_ALL) <= old as u64 && survivors.stay(case) {
            return Some(survivors);
        }
    }
    None
}

impl Survivors<'_> {
    fn rhythm(&self, case: &Case<'_>) -> Rhythm<'_> {
        Rhythm::new(self.births, case.length(), case.to - self.age)
    }

    /// Whether they are there to stay, and ever more of them.
    fn stay(&self, case: &Case<'_>) -> bool {
        let early = self
            .births
            .partition_point(|&birth| case.position(birth) < 0.5);
        let rhythm = self.rhythm(case);
        rhythm.occasions() >= LEAST_OCCASIONS
            && early as f64 >= BORN_EARLY * self.births.len() as f64
            && rhythm.is_spread()
            && rhythm.goes_on()
            && rhythm.fading().is_none()
            && self.doublings(case.to) >= DOUBLINGS
    }

    /// How often the survivors' ages have doubled since they reached the age of the cut.
    fn doublings(&self, now: u64) -> f64 {
        self.births
            .iter()
            .map(|&birth| (now.saturating_sub(birth) as f64 / self.age as f64).log2())
            .sum()
    }
}
