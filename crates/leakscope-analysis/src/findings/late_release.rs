//! Blocks that are freed, but only when the program or the recording ends.

use super::case::Case;
use super::{Confidence, Finding, Verdict, Word};

/// The blocks must have lived for this share of the trace: what is allocated and freed within its last
/// moments is ordinary work.
const LEAST_LIFE: f64 = 0.02;

/// Answers for sites that freed nothing before the end, and then at least half of what they held.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    if !holds(case) {
        return None;
    }
    let history = case.history;
    let mut reason = vec![
        Word::Count(history.frees),
        Word::Text(" of "),
        Word::Count(history.allocations),
        Word::Text(" blocks freed, none before "),
        Word::Moment(history.first_free.unwrap_or(case.span.end)),
        Word::Text(", at the end of the trace"),
    ];
    if case.outstanding() > 0 {
        reason.extend([
            Word::Text("; "),
            Word::Count(case.outstanding()),
            Word::Text(" not yet"),
        ]);
    }
    Some(Finding {
        verdict: Verdict::LateRelease,
        confidence: Confidence::Medium,
        reason,
    })
}

/// Whether the site's blocks were held until the end of the trace.
pub(super) fn holds(case: &Case<'_>) -> bool {
    let history = case.history;
    let Some(first_free) = history.first_free else {
        return false;
    };
    let shortest_life = first_free
        .saturating_sub(history.last_allocation)
        .max(history.lifetimes.percentile(0).unwrap_or(0));
    !case.freed_before_shutdown()
        && history.frees >= case.outstanding()
        && shortest_life as f64 >= LEAST_LIFE * case.whole_length()
}
