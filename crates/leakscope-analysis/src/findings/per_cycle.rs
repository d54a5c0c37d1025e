//! A leak that the user's own marks show: each cycle leaves something behind.

use super::case::Case;
use super::damage::without;
use super::rise::Rise;
use super::{Confidence, Finding, Verdict, Word};

/// Whole cycles needed after the first two. With three, a site that is as often up as down grows in all
/// of them in one of eight cases; the other conditions have to exclude that.
const LEAST_CYCLES: u64 = 3;

/// This share of the cycles must have grown, in fifths: a cycle may clean up after an earlier one.
const GROWN_FIFTHS: u64 = 4;

/// Of the blocks that lived for half of the cycles, more than this many must stay for each that was freed
/// after all: blocks that live for several cycles outnumber those before them until the first are freed.
const FREED_LATE: u64 = 4;

/// With this many cycles the verdict is sure.
const MANY_CYCLES: u64 = 5;

/// A site that was never smaller at the end of a cycle than at its start leaks if it grew in so many cycles …
const GROWN_AT_TIMES: usize = 4;

/// … and in fewer than this, it is a hint.
const GROWN_OFTEN: usize = 8;

/// Answers for sites that grew in nearly every cycle that the user marked.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    let cycles = case.history.cycles;
    let whole = case.span.cycles;
    let grown = cycles.grown.min(whole);
    let leaks = grows(case)
        && (case.loss.as_ref()).is_none_or(|loss| {
            let rest = without(case.history, case.span, &loss.suspects(case.span.window));
            !loss.is_no_chance(0) && grows(&Case::without_loss(&rest, case.span))
        });
    leaks.then(|| Finding {
        verdict: Verdict::LeakPerCycle,
        confidence: if whole >= MANY_CYCLES {
            Confidence::High
        } else {
            Confidence::Medium
        },
        reason: vec![
            Word::Text("+"),
            Word::Bytes(cycles.net_bytes.unsigned_abs() / whole),
            Word::Text(" a cycle: more in "),
            Word::Count(grown),
            Word::Text(" of "),
            Word::Count(whole),
            Word::Text(" cycles after the first two, "),
            Word::Bytes(cycles.net_bytes.unsigned_abs()),
            Word::Text(" in all"),
        ],
    })
}

/// Answers for sites that grew in some of the cycles, and shrank in none.
pub(super) fn check_at_times(case: &Case<'_>) -> Option<Finding> {
    let steps = &case.history.cycle_steps;
    let grown = grown_at_times(&steps.bytes)?;
    let leaks = case.loss.is_none()
        && case.freed_before_shutdown()
        && case.is_full_since().is_none()
        && stays(case, grown as u64);
    let net = case.history.cycles.net_bytes.unsigned_abs();
    leaks.then(|| Finding {
        verdict: Verdict::LeakPerCycle,
        confidence: if grown >= GROWN_OFTEN {
            Confidence::Medium
        } else {
            Confidence::Low
        },
        reason: vec![
            Word::Text("more in "),
            Word::Count(grown as u64),
            Word::Text(" of "),
            Word::Count(steps.bytes.len() as u64),
            Word::Text(match steps.cycles {
                1 => " cycles after the first two, and less in none, ",
                _ => " groups of cycles after the first two, and less in none, ",
            }),
            Word::Bytes(net),
            Word::Text(" in all"),
        ],
    })
}

/// In how many of these cycles a site grew, if it shrank in none and still does so: the last time is no longer ago than the
/// longest wait for one before.
fn grown_at_times(steps: &[i64]) -> Option<usize> {
    let grown: Vec<usize> = (0..steps.len()).filter(|&step| steps[step] > 0).collect();
    let waits = grown.windows(2).map(|pair| pair[1] - pair[0]);
    let since = steps.len() - grown.last()?;
    let lasts = steps.iter().all(|&bytes| bytes >= 0)
        && grown.len() >= GROWN_AT_TIMES
        && since <= waits.max()?;
    lasts.then_some(grown.len())
}

/// Whether nearly all cycles left more than they found, and that stays.
fn grows(case: &Case<'_>) -> bool {
    let cycles = case.history.cycles;
    let whole = case.span.cycles;
    let grown = cycles.grown.min(whole);
    whole >= LEAST_CYCLES
        && grown.saturating_mul(5) >= whole.saturating_mul(GROWN_FIFTHS)
        && cycles.net_bytes > 0
        && stays(case, grown)
}

/// Whether what the cycles left behind is still there, and does not merely happen to live when a cycle
/// ends.
fn stays(case: &Case<'_>, grown: u64) -> bool {
    if case.outstanding() < grown {
        block_grows(case)
    } else {
        blocks_stay(case, grown)
    }
}

/// A block for each cycle that grew, and those of the first half are not freed any more.
fn blocks_stay(case: &Case<'_>, grown: u64) -> bool {
    let span = case.span;
    let length = span.cycles_to.saturating_sub(span.cycles_from);
    let (mut left, mut old) = (0_u64, 0_u64);
    for &birth in &case.history.live_births {
        if (span.cycles_from..span.cycles_to).contains(&birth) {
            left += 1;
            old += u64::from((birth - span.cycles_from) as f64 <= 0.5 * length as f64);
        }
    }
    let freed_late = case.history.lifetimes.reaching(length / 2);
    left >= grown && freed_late.saturating_mul(FREED_LATE) <= old
}

/// A block or few that do not shrink, as large as all the cycles together have added: an array, a string.
fn block_grows(case: &Case<'_>) -> bool {
    let floors = case.floors();
    let net = case.history.cycles.net_bytes.unsigned_abs();
    let rise = Rise::of(floors.bytes, 0.0);
    rise.is_some_and(|rise| rise.never_falls()) && floors.rise().saturating_mul(2) >= net
}
