//! What a program left that then fell silent, where nothing shows that this was a habit.

use super::case::Case;
use super::{Confidence, Finding, Verdict, Word};

/// Answers for all sites of a program whose heap is silent for most of the trace.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    let (verdict, confidence) = if case.freed_before_shutdown() {
        (Verdict::Bounded, Confidence::Low)
    } else {
        (Verdict::Once, Confidence::Medium)
    };
    case.is_idle.then(|| Finding {
        verdict,
        confidence,
        reason: [
            Word::Count(case.outstanding()),
            Word::one_or(case.outstanding(), " block", " blocks"),
            Word::Text(", the last allocated at "),
            Word::Moment(case.history.last_allocation),
        ]
        .into_iter()
        .chain(case.why_it_ends())
        .collect(),
    })
}
