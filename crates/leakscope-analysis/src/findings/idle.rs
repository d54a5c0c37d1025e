//! What a program left that then fell silent, where nothing shows that this was a habit.

use super::case::Case;
use super::{Confidence, Finding, Verdict, Word};

/// Answers for all sites of a program whose heap is silent for most of the trace.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    let (verdict, confidence) = match case.freed_before_shutdown() {
        true => (Verdict::Bounded, Confidence::Low),
        false => (Verdict::Once, Confidence::Medium),
    };
    case.is_idle.then(|| Finding {
        verdict,
        confidence,
        reason: vec![
            Word::Count(case.outstanding()),
            Word::one_or(case.outstanding(), " block", " blocks"),
            Word::Text(", the last allocated at "),
            Word::Moment(case.history.last_allocation),
            Word::Text("; the whole heap is silent after "),
            Word::Moment(case.to),
        ],
    })
}
