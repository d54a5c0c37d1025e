//! A leak behind ordinary use: blocks are freed, and yet the lowest level rises and does not come back.

use super::case::Case;
use super::rise::Rise;
use super::{Confidence, Finding, Verdict, Word};

/// With this many windows the verdict is sure.
const MANY_WINDOWS: usize = 16;

/// Answers for sites whose floor rises to the end of the observed stretch.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    let floors = case.floors();
    let rise = Rise::of(floors.bytes)?;
    if !case.freed_before_shutdown() || !rise.is_lasting(case.scatter()) {
        return None;
    }
    Some(Finding {
        verdict: Verdict::LeakGrowing,
        confidence: if floors.bytes.len() >= MANY_WINDOWS {
            Confidence::High
        } else {
            Confidence::Medium
        },
        reason: vec![
            Word::Text("the lowest level rose from "),
            Word::Bytes(floors.bytes.first().copied().unwrap_or_default()),
            Word::Text(" to "),
            Word::Bytes(floors.bytes.last().copied().unwrap_or_default()),
            Word::Text(", to a new height in "),
            Word::Count(rise.new_heights as u64),
            Word::Text(" of "),
            Word::Count(floors.bytes.len() as u64),
            Word::Text(" windows of "),
            Word::Duration(floors.window),
            Word::Text(" since "),
            Word::Moment(floors.start),
        ],
    })
}
