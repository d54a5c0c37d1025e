//! What a trace says of leaks as a whole.

use leakscope_analysis::outcome::{CallSite, Outcome};
use leakscope_analysis::problem::ProblemKind;

/// What a trace says of leaks as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    pub fn of(outcome: &Outcome) -> Self {
        let unnamed = has(outcome, |kind| matches!(kind, ProblemKind::NoHeapEvents));
        if unnamed || outcome.totals.heap_events == 0 {
            Self::NothingKnown
        } else if leaks(outcome).next().is_some() {
            Self::Leak
        } else {
            Self::NoLeakSeen
        }
    }

    /// The name that programs read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leak => "leak",
            Self::NoLeakSeen => "no-leak-seen",
            Self::NothingKnown => "nothing-known",
        }
    }
}

/// The call sites that leak, the worst first.
pub(crate) fn leaks(outcome: &Outcome) -> impl Iterator<Item = &CallSite> {
    let sites = outcome.call_sites.iter();
    sites.filter(|site| site.finding.verdict.is_leak())
}

/// Whether this was not recorded over time: a dump of a record buffer.
pub(crate) fn is_dump(outcome: &Outcome) -> bool {
    has(outcome, |kind| matches!(kind, ProblemKind::NoHistory))
}

pub(crate) fn has(outcome: &Outcome, matches: impl Fn(&ProblemKind) -> bool) -> bool {
    outcome
        .problems
        .iter()
        .any(|problem| matches(&problem.kind))
}
