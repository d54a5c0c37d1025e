//! Blocks that are freed, but only when the program or the recording ends.

use super::case::Case;
use super::{Confidence, Finding, Verdict, Word};

/// Most of the blocks must have lived for this share of the trace: what is allocated and freed within its
/// last moments is ordinary work.
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
    let least_life = (LEAST_LIFE * case.whole_length()) as u64;
    !case.freed_before_shutdown()
        && history.frees > 0
        && history.frees >= case.outstanding()
        && history.lifetimes.reaching(least_life).saturating_mul(2) > history.frees
}
