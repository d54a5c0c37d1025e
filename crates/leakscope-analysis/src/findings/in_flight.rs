//! What is outstanding only because the trace ended just then.

use super::case::Case;
use super::rise::Rise;
use super::{Confidence, Finding, Lifetimes, Reason, Verdict, Word, rise};

/// All live blocks are younger than the age that this share of the freed ones did not exceed, in percent.
const USUAL: u64 = 95;

/// With this many freed blocks their lifetimes are known well.
const MANY_FREED: u64 = 20;

/// With fewer than this many, they are hardly known.
const FEW_FREED: u64 = 5;

/// A level that was first reached after this share of the stretch is one that the site has not yet been seen to come back from.
const LATE: f64 = 0.9;

/// Answers for sites whose live blocks are all as young as blocks that get freed.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    let oldest = *case.history.live_births.first()?;
    let age = case.span.end.saturating_sub(oldest);
    let usual = case.history.lifetimes.percentile(USUAL)?;
    let freed = case.history.lifetimes.count();
    if age > usual || case.is_growing_block() {
        return None;
    }
    let floors = case.floors().bytes;
    let lows_rise = rise::lows_rise(floors, case.scatter());
    let keeps_rising = lows_rise || Rise::of(floors, 0.0).is_some_and(|rise| rise.keeps_rising());
    let is_above_its_start = rise::is_above_its_start(floors, case.scatter());
    if keeps_rising && is_above_its_start {
        return Some(growing_queue(case, floors));
    }
    let never_so_many = case.position(case.history.max_first_reached) > LATE;
    let mut reason = explain(case.outstanding(), age, freed, usual);
    if never_so_many {
        reason.push(Word::Text("; it never held more before"));
    }
    Some(Finding {
        verdict: Verdict::InFlight,
        confidence: if keeps_rising || is_above_its_start || never_so_many {
            // A queue that is filled faster than it is emptied looks so, too.
            Confidence::Low
        } else if freed >= MANY_FREED {
            Confidence::High
        } else if freed >= FEW_FREED {
            Confidence::Medium
        } else {
            Confidence::Low
        },
        reason,
    })
}

fn explain(outstanding: u64, age: u64, freed: u64, usual: u64) -> Reason {
    vec![
        Word::Count(outstanding),
        Word::one_or(outstanding, " block", " blocks"),
        Word::Text(", the oldest "),
        Word::Duration(age),
        Word::Text(" old; "),
        Word::Percent(USUAL as u32),
        Word::Text(" of "),
        Word::Count(freed),
        Word::Text(" freed blocks lived up to "),
        Word::Duration(usual),
    ]
}

/// Of a call site that a piece of a recording accuses, in all of whose pieces so many ticks are a usual life. No piece alone saw that, so
/// it is a hint.
pub(crate) fn between_pauses(outstanding: u64, age: u64, lives: &Lifetimes, usual: u64) -> Finding {
    let mut reason = explain(outstanding, age, lives.count(), usual);
    reason.push(Word::Text(", in all pieces of the recording"));
    Finding {
        verdict: Verdict::InFlight,
        confidence: Confidence::Low,
        reason,
    }
}

/// What is filled a little faster than it is emptied: each block is freed, later and later.
fn growing_queue(case: &Case<'_>, floors: &[u64]) -> Finding {
    Finding {
        verdict: Verdict::Uncertain,
        confidence: Confidence::Low,
        reason: vec![
            Word::Count(case.outstanding()),
            Word::one_or(case.outstanding(), " block", " blocks"),
            Word::Text(
                " no older than others when they were freed, and yet ever more of them: the lowest level rose from ",
            ),
            Word::Bytes(floors.first().copied().unwrap_or_default()),
            Word::Text(" to "),
            Word::Bytes(floors.last().copied().unwrap_or_default()),
        ],
    }
}
