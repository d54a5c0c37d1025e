//! A habit that was seen for too short a time: a program that starts up has such habits, too.

use super::case::Case;
use super::{Confidence, Finding, Verdict, Word};

/// The finding for a site that would be called a leak in a longer recording.
pub(super) fn explain(case: &Case<'_>) -> Finding {
    Finding {
        verdict: Verdict::Unclassified,
        confidence: Confidence::Low,
        reason: vec![
            Word::Count(case.outstanding()),
            Word::Text(" of "),
            Word::Count(case.history.allocations),
            Word::Text(" blocks outstanding; "),
            Word::Duration(case.to.saturating_sub(case.span.start)),
            Word::Text(" are too short a time to tell a leak from a program that starts up"),
        ],
    }
}
