//! Nothing is outstanding, and blocks were freed while the program worked.

use super::case::Case;
use super::{Confidence, Finding, Verdict, Word, late_release};

/// Answers for sites without live blocks, but those whose blocks were held until the end.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    if case.outstanding() > 0 || late_release::holds(case) {
        return None;
    }
    Some(Finding {
        verdict: Verdict::AllFreed,
        confidence: Confidence::High,
        reason: match case.history.allocations {
            1 => vec![Word::Text("the only block was freed")],
            blocks => vec![
                Word::Text("all "),
                Word::Count(blocks),
                Word::Text(" blocks were freed"),
            ],
        },
    })
}
