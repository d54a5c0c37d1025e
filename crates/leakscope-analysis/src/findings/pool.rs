//! Blocks of many call sites that nobody can tell apart: what all of them do together is no habit of one.

use super::{Confidence, Finding, SiteHistory, Verdict, Word};

/// The finding on such blocks: they are never accused.
pub(crate) fn of_many_sites(finding: Finding, history: &SiteHistory) -> Finding {
    if !finding.verdict.is_leak() {
        return finding;
    }
    Finding {
        verdict: Verdict::Uncertain,
        confidence: Confidence::Low,
        reason: vec![
            Word::Count(history.live_births.len() as u64),
            Word::Text(" of "),
            Word::Count(history.allocations),
            Word::Text(
                " blocks outstanding, of many call sites that are not told apart: which of them leak, if any does, is \
                 not known",
            ),
        ],
    }
}
