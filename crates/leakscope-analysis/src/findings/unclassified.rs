//! The last resort: says what keeps the other rules from answering.

use super::case::Case;
use super::rhythm::Rhythm;
use super::{Confidence, Finding, Reason, Verdict, Word};

/// Below this number of blocks, few blocks are the reason.
const FEW_BLOCKS: usize = 3;

/// The finding for a site that fits no pattern.
pub(super) fn explain(case: &Case<'_>) -> Finding {
    Finding {
        verdict: Verdict::Unclassified,
        confidence: Confidence::Low,
        reason: obstacle(case),
    }
}

fn obstacle(case: &Case<'_>) -> Reason {
    let births = case.births();
    let rhythm = Rhythm::new(births, case.length(), case.to);
    let outstanding = Word::Count(case.outstanding());
    if births.len() < FEW_BLOCKS {
        return vec![
            outstanding,
            Word::Text(" outstanding of "),
            Word::Count(case.history.allocations),
            Word::Text(" blocks, too few after start-up to show a pattern"),
        ];
    }
    if let Some(quarters) = rhythm.fading() {
        return vec![
            outstanding,
            Word::Text(" blocks, ever fewer of them: "),
            Word::Count(quarters[0]),
            Word::Text(", "),
            Word::Count(quarters[1]),
            Word::Text(", "),
            Word::Count(quarters[2]),
            Word::Text(" and "),
            Word::Count(quarters[3]),
            Word::Text(" in the quarters of the time from "),
            Word::Moment(births[0]),
            Word::Text(" to "),
            Word::Moment(births[births.len() - 1]),
        ];
    }
    if !rhythm.is_spread() {
        return vec![
            outstanding,
            Word::Text(" blocks, allocated within "),
            Word::Duration(rhythm.spread()),
            Word::Text(" at "),
            Word::Moment(births[0]),
            Word::Text(", too short a time to show a pattern"),
        ];
    }
    vec![
        outstanding,
        Word::Text(" outstanding of "),
        Word::Count(case.history.allocations),
        Word::Text(" blocks, since "),
        Word::Moment(births[0]),
        Word::Text("; they neither keep growing nor stop"),
    ]
}
