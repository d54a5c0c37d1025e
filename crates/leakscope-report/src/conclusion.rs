//! What a trace says of leaks as a whole.

use leakscope_analysis::findings::Verdict;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::problem::{ProblemKind, Silence};
use serde::{Deserialize, Serialize};

use crate::document::call_site::CallSite;
use crate::document::problem::Problem;
use crate::document::totals::Totals;
use crate::document::trace::Trace;

/// What a trace says of leaks as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// At least one call site leaks.
    Leak,
    /// No call site was found to leak. That is not to say that none does.
    NoLeakSeen,
    /// No call site was found to leak, and some may: data were lost where it matters, the recording is too
    /// short or began too late, nothing was allocated in it, a call site frees hardly any of its blocks and fits no pattern,
    /// several recordings were taken for one, or it is a dump, which has no history.
    Uncertain,
    /// Nothing can be said: there are no heap events, or none could be named.
    NothingKnown,
}

/// With a larger share of heap events that are known to be missing, the others show no pattern.
const MOST_MISSING: f64 = 0.1;

/// A call site that holds this many blocks does not merely create objects when they are first needed …
const LEAST_KEPT: u64 = 8;
/// … and if it freed at most one of this many, nobody has seen yet what becomes of them.
const KEPT_FOR_ONE: u64 = 20;

/// What a conclusion is drawn from.
#[derive(Clone, Copy)]
pub(crate) struct Grounds<'r> {
    pub(crate) trace: &'r Trace,
    pub(crate) totals: &'r Totals,
    pub(crate) call_sites: &'r [CallSite],
    pub(crate) problems: &'r [Problem],
}

impl Grounds<'_> {
    /// What follows.
    pub(crate) fn conclusion(&self) -> Conclusion {
        let unnamed = self.has_problem(ProblemKind::NoHeapEvents(Silence::Unnamed).code());
        if unnamed || self.totals.heap_events == 0 {
            Conclusion::NothingKnown
        } else if self.totals.leaks > 0 {
            Conclusion::Leak
        } else if self.is_uncertain() {
            Conclusion::Uncertain
        } else {
            Conclusion::NoLeakSeen
        }
    }

    /// Whether there may be leaks that cannot be told.
    pub(crate) fn is_uncertain(&self) -> bool {
        let is_open_dump = !self.trace.has_history && self.totals.outstanding_blocks > 0;
        self.is_too_short()
            || is_open_dump
            || self.is_mixed()
            || self.uncertain_sites() > 0
            || self.is_mostly_lost()
            || self.is_often_torn()
            || self.totals.allocations == 0
            || self.never_freed_sites() > 0
    }

    pub(crate) fn is_too_short(&self) -> bool {
        self.has_problem(ProblemKind::TooShort { ticks: 0 }.code())
    }

    /// Whether the device was told to leave blocks out.
    pub(crate) fn is_a_part(&self) -> bool {
        lacks_blocks(self.problems)
    }

    /// Whether inputs that are no one recording were read as one.
    pub(crate) fn is_mixed(&self) -> bool {
        self.has_problem(ProblemKind::SameCoreTwice { core: 0 }.code())
    }

    /// Whether anything was lost.
    pub(crate) fn has_loss(&self) -> bool {
        self.problems.iter().any(|problem| is_loss(&problem.code))
    }

    /// Whether more was lost than read: a leak would hardly have been seen.
    pub(crate) fn is_mostly_lost(&self) -> bool {
        let totals = self.totals;
        let read = (self.trace.read_bytes).saturating_sub(totals.skipped_bytes);
        totals.skipped_bytes > read || totals.dropped_packets > totals.events
    }

    /// Whether so many events of the heap are known to be missing that what is left shows no pattern.
    pub(crate) fn is_often_torn(&self) -> bool {
        let missing = [
            ProblemKind::FreeLost.code(),
            ProblemKind::AllocationLost.code(),
        ];
        let problems = self
            .problems
            .iter()
            .filter(|problem| missing.contains(&&*problem.code));
        let missing: u64 = problems.map(|problem| problem.count).sum();
        missing as f64 > MOST_MISSING * self.totals.heap_events as f64
    }

    /// How many call sites may leak, because data were lost, or came before the recording.
    pub(crate) fn uncertain_sites(&self) -> u64 {
        let verdicts = self.call_sites.iter().map(|site| &site.verdict);
        verdicts
            .filter(|verdict| *verdict == Verdict::Uncertain.name())
            .count() as u64
    }

    /// How many call sites fit no pattern and left more blocks than chance does, of which hardly any was ever freed.
    pub(crate) fn never_freed_sites(&self) -> u64 {
        let kept = |site: &&CallSite| {
            site.verdict == Verdict::Unclassified.name()
                && site.outstanding_blocks >= LEAST_KEPT
                && site.frees.saturating_mul(KEPT_FOR_ONE) <= site.allocations
        };
        self.call_sites.iter().filter(kept).count() as u64
    }

    fn has_problem(&self, code: &str) -> bool {
        self.problems.iter().any(|problem| problem.code == code)
    }
}

/// Whether the device was told to leave blocks out.
pub(crate) fn lacks_blocks(problems: &[Problem]) -> bool {
    let filtered = ProblemKind::Filtered {
        least_size: 0,
        one_in: 0,
        task: 0,
    };
    problems
        .iter()
        .any(|problem| problem.code == filtered.code())
}

/// Whether a problem is that packets are missing.
pub(crate) fn is_loss(code: &str) -> bool {
    [
        ProblemKind::Overflow { packets: 0 }.code(),
        ProblemKind::Skipped { bytes: 0 }.code(),
        ProblemKind::AllocationLost.code(),
        ProblemKind::FreeLost.code(),
        ProblemKind::UnreadablePacket { id: 0 }.code(),
        ProblemKind::CoreMissing { core: 0 }.code(),
        ProblemKind::CoreEndsEarly { core: 0, ticks: 0 }.code(),
        ProblemKind::CoreBeginsEarly { core: 0, bytes: 0 }.code(),
    ]
    .contains(&code)
}

pub(crate) fn has(outcome: &Outcome, matches: impl Fn(&ProblemKind) -> bool) -> bool {
    outcome
        .problems
        .iter()
        .any(|problem| matches(&problem.kind))
}
