//! A leak beside what was released at once: of the blocks of a call site many are freed, others not, and after the last free
//! it goes on as evenly as if nothing had been.

use super::case::Case;
use super::rhythm::Rhythm;
use super::{Confidence, Finding, Verdict, Word};

/// Occasions on which blocks were left, before the last free and after it, at least so many each: of fewer, chance makes any
/// pace.
const LEAST_OCCASIONS: usize = 8;

/// Nothing was freed for this share of the stretch …
const WITHOUT_FREE: f64 = 0.2;

/// … in which so many frees were to be expected, had they gone on: by chance none comes but for one case in 1,000.
const FREES_MISSED: f64 = 7.0;

/// At least this share of the freed blocks was younger than the oldest that lives, when it was freed: who drops the oldest
/// keeps those that are to be dropped next.
const YOUNGER: f64 = 1.0 / 3.0;

/// The blocks before the last free are no more and no less frequent than those after it, within so many standard deviations
/// of what chance does to blocks that come independently.
const AS_OFTEN: f64 = 2.0;

/// Answers for sites whose blocks that stay come at one pace, before the last free and after it.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    let births = find(case)?;
    let last_free = case.history.last_free?;
    let spared = births.partition_point(|&birth| birth <= last_free) as u64;
    let rhythm = Rhythm::new(births, case.length(), case.to);
    let mut reason = vec![
        Word::Count(spared),
        Word::Text(" blocks outlived the last free at "),
        Word::Moment(last_free),
        Word::Text(", and "),
        Word::Count(births.len() as u64 - spared),
        Word::Text(" came since then, as often as these"),
    ];
    reason.extend(rhythm.why_unsure());
    Some(Finding {
        verdict: Verdict::LeakSurvivors,
        confidence: Confidence::Medium.min(rhythm.surest()),
        reason,
    })
}

/// The births of the blocks that stay, if they come as often before the last free as after it.
pub(super) fn find<'a>(case: &Case<'a>) -> Option<&'a [u64]> {
    let births = case.births();
    let last_free = case.history.last_free?;
    let (spared, since) = births.split_at(births.partition_point(|&birth| birth <= last_free));
    let rhythm = |births: &'a [u64]| Rhythm::new(births, case.length(), case.to);
    let all = rhythm(births);
    let stays = case.loss.is_none()
        && case.freed_before_shutdown()
        && has_stopped_freeing(case, last_free)
        && frees_younger(case, last_free)
        && rhythm(spared).occasions() >= LEAST_OCCASIONS
        && rhythm(since).occasions() >= LEAST_OCCASIONS
        && comes_evenly(case, spared, births, last_free)
        && all.goes_on()
        && all.fading().is_none();
    stays.then_some(births)
}

fn has_stopped_freeing(case: &Case<'_>, last_free: u64) -> bool {
    let since = case.to.saturating_sub(last_free) as f64;
    let before = last_free.saturating_sub(case.history.first_allocation) as f64;
    since >= WITHOUT_FREE * case.length()
        && case.history.frees as f64 * since >= FREES_MISSED * before
}

fn frees_younger(case: &Case<'_>, last_free: u64) -> bool {
    let oldest = case.history.live_births.first().copied();
    let age = last_free.saturating_sub(oldest.unwrap_or(last_free));
    let older = case.history.lifetimes.reaching(age) as f64;
    case.history.frees as f64 - older >= YOUNGER * case.history.frees as f64
}

fn comes_evenly(case: &Case<'_>, spared: &[u64], births: &[u64], last_free: u64) -> bool {
    let (spared, blocks) = (spared.len() as f64, births.len() as f64);
    let share = case.position(last_free);
    let chance = (blocks * share * (1.0 - share)).sqrt();
    (spared - blocks * share).abs() <= AS_OFTEN * chance
}
