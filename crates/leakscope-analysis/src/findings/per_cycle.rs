//! A leak that the user's own marks show: each cycle leaves something behind.

use super::case::Case;
use super::rhythm::Rhythm;
use super::{Confidence, Finding, Verdict, Word};

/// Whole cycles needed after the first two. With three, a site that is as often up as down grows in all
/// of them in one of eight cases; the other conditions have to exclude that.
const LEAST_CYCLES: u64 = 3;

/// This share of the cycles must have grown, in fifths: a cycle may clean up after an earlier one.
const GROWN_FIFTHS: u64 = 4;

/// With this many cycles the verdict is sure.
const MANY_CYCLES: u64 = 5;

/// Answers for sites that grew in nearly every cycle that the user marked.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    let cycles = case.history.cycles;
    let whole = case.span.cycles;
    let grown = cycles.grown.min(whole);
    let leaks = whole >= LEAST_CYCLES
        && grown.saturating_mul(5) >= whole.saturating_mul(GROWN_FIFTHS)
        && cycles.net_bytes > 0
        && stays(case, grown);
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

/// Whether what the cycles left behind is still there: a block for each cycle that grew, or one block
/// that is as large as all of them together. What merely happens to live when a cycle ends is neither.
fn stays(case: &Case<'_>, grown: u64) -> bool {
    let births = case.births();
    let left = case
        .history
        .live_births
        .partition_point(|&birth| birth < case.span.cycles_to) as u64;
    let blocks = left >= grown && Rhythm::new(births, case.length(), case.to).is_spread();
    let floors = case.floors().bytes;
    let enlarged = match floors {
        [first, .., last] => {
            let rise = last.saturating_sub(*first);
            rise.saturating_mul(2) >= case.history.cycles.net_bytes.unsigned_abs()
        }
        _ => false,
    };
    blocks || enlarged
}
