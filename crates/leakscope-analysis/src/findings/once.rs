//! What a program allocates when it starts and keeps: tasks, queues, drivers.

use super::case::Case;
use super::{Confidence, Finding, Verdict, Word};

/// Answers for sites that allocated during start-up only, or a single block.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    let history = case.history;
    let at_start = history.last_allocation <= case.from && case.length() > 0.0;
    if !at_start && history.allocations != 1 {
        return None;
    }
    let reason = match (history.allocations, at_start) {
        (1, true) => vec![
            Word::Text("a single block, allocated at "),
            Word::Moment(history.first_allocation),
            Word::Text(", during start-up"),
        ],
        (1, false) => vec![
            Word::Text("a single block, allocated at "),
            Word::Moment(history.first_allocation),
        ],
        (blocks, _) => vec![
            Word::Count(blocks),
            Word::Text(" blocks, all allocated during start-up, the last at "),
            Word::Moment(history.last_allocation),
        ],
    };
    Some(Finding {
        verdict: Verdict::Once,
        confidence: if at_start {
            Confidence::High
        } else {
            Confidence::Medium
        },
        reason,
    })
}
