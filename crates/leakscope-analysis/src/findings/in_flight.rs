//! What is outstanding only because the trace ended just then.

use super::case::Case;
use super::rise::Rise;
use super::{Confidence, Finding, Verdict, Word};

/// All live blocks are younger than the age that this share of the freed ones did not exceed, in percent.
const USUAL: u64 = 95;

/// With this many freed blocks their lifetimes are known well.
const MANY_FREED: u64 = 20;

/// With fewer than this many, they are hardly known.
const FEW_FREED: u64 = 5;

/// Answers for sites whose live blocks are all as young as blocks that get freed.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    let oldest = *case.history.live_births.first()?;
    let age = case.span.end.saturating_sub(oldest);
    let usual = case.history.lifetimes.percentile(USUAL)?;
    let freed = case.history.lifetimes.count();
    let keeps_rising = Rise::of(case.floors().bytes, 0.0).is_some_and(|rise| rise.keeps_rising());
    (age <= usual && !case.is_growing_block()).then(|| Finding {
        verdict: Verdict::InFlight,
        confidence: if keeps_rising {
            // A queue that is filled faster than it is emptied looks so, too.
            Confidence::Low
        } else if freed >= MANY_FREED {
            Confidence::High
        } else if freed >= FEW_FREED {
            Confidence::Medium
        } else {
            Confidence::Low
        },
        reason: vec![
            Word::Count(case.outstanding()),
            Word::one_or(case.outstanding(), " block", " blocks"),
            Word::Text(", the oldest "),
            Word::Duration(age),
            Word::Text(" old; "),
            Word::Percent(USUAL as u32),
            Word::Text(" of "),
            Word::Count(freed),
            Word::Text(" freed blocks lived up to "),
            Word::Duration(usual),
        ],
    })
}
