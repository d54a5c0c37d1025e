//! What a trace says of leaks as a whole.

use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::problem::ProblemKind;
use serde::{Deserialize, Serialize};

use crate::document::totals::Totals;

/// What a trace says of leaks as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// At least one call site leaks.
    Leak,
    /// No call site was found to leak. That is not to say that none does.
    NoLeakSeen,
    /// Nothing can be said: there are no heap events, or none could be named.
    NothingKnown,
}

impl Conclusion {
    /// From all that is known.
    pub(crate) fn of(outcome: &Outcome, totals: &Totals) -> Self {
        let unnamed = has(outcome, |kind| matches!(kind, ProblemKind::NoHeapEvents));
        if unnamed || totals.heap_events == 0 {
            Self::NothingKnown
        } else if totals.leaks > 0 {
            Self::Leak
        } else {
            Self::NoLeakSeen
        }
    }
}

pub(crate) fn has(outcome: &Outcome, matches: impl Fn(&ProblemKind) -> bool) -> bool {
    outcome
        .problems
        .iter()
        .any(|problem| matches(&problem.kind))
}
