//! What a trace says of leaks as a whole.

use leakscope_analysis::findings::Verdict;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::problem::ProblemKind;
use serde::{Deserialize, Serialize};

use crate::document::call_site::CallSite;
use crate::document::totals::Totals;

/// What a trace says of leaks as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// At least one call site leaks.
    Leak,
    /// No call site was found to leak. That is not to say that none does.
    NoLeakSeen,
    /// No call site was found to leak, and some may: data were lost where it matters, the recording is too
    /// short, or it is a dump, which has no history.
    Uncertain,
    /// Nothing can be said: there are no heap events, or none could be named.
    NothingKnown,
}

impl Conclusion {
    /// From all that is known.
    pub(crate) fn of(outcome: &Outcome, totals: &Totals, call_sites: &[CallSite]) -> Self {
        let unnamed = has(outcome, |kind| matches!(kind, ProblemKind::NoHeapEvents));
        if unnamed || totals.heap_events == 0 {
            Self::NothingKnown
        } else if totals.leaks > 0 {
            Self::Leak
        } else if is_uncertain(outcome, totals, call_sites) {
            Self::Uncertain
        } else {
            Self::NoLeakSeen
        }
    }
}

/// Whether there may be leaks that cannot be told.
fn is_uncertain(outcome: &Outcome, totals: &Totals, call_sites: &[CallSite]) -> bool {
    let is_dump = has(outcome, |kind| matches!(kind, ProblemKind::NoHistory));
    let is_short = has(outcome, |kind| matches!(kind, ProblemKind::TooShort { .. }));
    let is_open_dump = is_dump && outcome.totals.outstanding_blocks > 0;
    is_short || is_open_dump || uncertain_sites(call_sites) > 0 || is_mostly_lost(outcome, totals)
}

/// Whether more was lost than read: a leak would hardly have been seen.
pub(crate) fn is_mostly_lost(outcome: &Outcome, totals: &Totals) -> bool {
    let read = outcome.totals.bytes.saturating_sub(totals.skipped_bytes);
    totals.skipped_bytes > read || totals.dropped_packets > totals.events
}

/// How many call sites may leak, because data were lost.
pub(crate) fn uncertain_sites(call_sites: &[CallSite]) -> u64 {
    let verdicts = call_sites.iter().map(|site| &site.verdict);
    verdicts
        .filter(|&verdict| verdict == Verdict::Uncertain.name())
        .count() as u64
}

pub(crate) fn has(outcome: &Outcome, matches: impl Fn(&ProblemKind) -> bool) -> bool {
    outcome
        .problems
        .iter()
        .any(|problem| matches(&problem.kind))
}
