//! A leak beside ordinary work: most blocks are freed soon, a few outlive all that were freed, and there
//! are ever more of these. An error path that forgets to free looks so.

use std::borrow::Cow;

use super::case::Case;
use super::loss::Loss;
use super::rhythm::Rhythm;
use super::{Confidence, Finding, Lifetimes, Verdict, Word, spared};

/// Occasions on which blocks were left that outlived the others.
pub(super) const LEAST_OCCASIONS: usize = 4;

/// Of the blocks that got so old, at most one in this many may have been freed after all.
pub(super) const FREED_AFTER_ALL: u64 = 20;

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
pub(super) const BORN_EARLY: f64 = 0.25;

/// With this many occasions the verdict is sure.
const MANY_OCCASIONS: usize = 8;

/// Answers for sites that freed most of their blocks, and where a growing number outlives the others.
pub(super) fn check_few(case: &Case<'_>) -> Option<Finding> {
    let ended = case.history.frees.saturating_add(case.history.reused);
    let most_freed = ended >= case.history.allocations / 2;
    most_freed.then(|| check(case)).flatten()
}

/// Answers for all sites where a growing number of blocks outlives the others.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    if !case.freed_before_shutdown() {
        return None;
    }
    let history = case.history;
    let survivors = find(case)?;
    let rhythm = survivors.rhythm(case);
    let mut reason = vec![
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
    ];
    reason.extend(rhythm.why_unsure());
    let by_number = if rhythm.occasions() >= MANY_OCCASIONS {
        Confidence::High
    } else {
        Confidence::Medium
    };
    Some(Finding {
        verdict: Verdict::LeakSurvivors,
        confidence: by_number.min(rhythm.surest()),
        reason,
    })
}

/// When the blocks were allocated that outlived the others, also if only because the others were released.
pub(super) fn births<'a>(case: &Case<'a>) -> Option<Cow<'a, [u64]>> {
    find(case)
        .map(|survivors| survivors.births)
        .or_else(|| spared::find(case).map(Cow::Borrowed))
}

/// The blocks that outlived the others.
struct Survivors<'a> {
    /// When they were allocated.
    births: Cow<'a, [u64]>,
    /// The age that tells them from the others, in ticks.
    age: u64,
    /// Blocks that became older than that, and were freed.
    freed_later: u64,
}

/// Looks for the lowest age beyond which blocks stay.
fn find<'a>(case: &Case<'a>) -> Option<Survivors<'a>> {
    let cuts = (0..Lifetimes::BUCKETS - 1).map(|bucket| 1_u64 << bucket);
    cuts.take_while(|&age| age as f64 <= LATEST_CUT * case.length())
        .find_map(|age| match &case.loss {
            None => beyond(case, age),
            Some(loss) => beyond_for_sure(case, loss, age),
        })
}

/// The blocks that got older than `age`, if they are there to stay.
fn beyond<'a>(case: &Case<'a>, age: u64) -> Option<Survivors<'a>> {
    let births = old(case, age);
    let freed_later = case.history.lifetimes.reaching(age);
    let survivors = Survivors {
        births: Cow::Borrowed(births),
        age,
        freed_later,
    };
    let few = freed_later.saturating_mul(FREED_AFTER_ALL) <= births.len() as u64;
    (few && survivors.stay(case)).then_some(survivors)
}

/// As [`beyond`], without as many blocks as may have been freed unseen.
///
/// Each set of blocks that lived for sure for some time is a fair sample, because that does not depend on
/// their fate. Those that got as old as the cut for sure are the best one where lives are short; where they are
/// long, there are few of them, and the counts of all blocks tell more.
fn beyond_for_sure<'a>(case: &Case<'a>, loss: &Loss<'_>, age: u64) -> Option<Survivors<'a>> {
    if loss.is_no_chance(0) {
        return None;
    }
    let old = old(case, age);
    let (early, latest) = (case.births().first()?, old.last()?);
    let before = case
        .history
        .live_births
        .partition_point(|birth| birth < early);
    let class = Lifetimes::class(age);
    let unsure = loss.unsure_before(*latest);
    (0..=class).rev().find_map(|sure| {
        let later = loss.ended_later(sure, class);
        let given_up = unsure[sure].saturating_add(loss.hidden(sure, class));
        let kept = (before + old.len()).saturating_sub(given_up);
        if later * FREED_AFTER_ALL as f64 > kept as f64 || loss.is_no_chance(sure) {
            return None;
        }
        let mut births = loss.kept(*latest, given_up);
        births.retain(|birth| birth >= early);
        let survivors = Survivors {
            freed_later: later as u64,
            births: Cow::Owned(births),
            age,
        };
        let few = later * FREED_AFTER_ALL as f64 <= survivors.births.len() as f64;
        (few && survivors.stay(case)).then_some(survivors)
    })
}

/// The births of the blocks that are older than `age`, without those of start-up. If a later free of the site has spared fewer
/// than half of them, those alone: a site that releases everything at once leaves blocks of any age.
fn old<'a>(case: &Case<'a>, age: u64) -> &'a [u64] {
    let births = case.births();
    let old = &births[..births.partition_point(|&birth| birth.saturating_add(age) <= case.to)];
    let last_free = case.history.last_free.unwrap_or(case.to);
    let spared = old.partition_point(|&birth| birth <= last_free);
    if 2 * spared < old.len() {
        &old[..spared]
    } else {
        old
    }
}

impl Survivors<'_> {
    fn rhythm(&self, case: &Case<'_>) -> Rhythm<'_> {
        Rhythm::new(&self.births, case.length(), case.to - self.age)
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
