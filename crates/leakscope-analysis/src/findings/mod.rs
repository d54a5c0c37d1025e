//! From what is known of a call site to a verdict on it.
//!
//! A block that is not freed when the trace ends is *outstanding*: that is a fact, and all that a trace
//! can know. Whether its call site leaks is a *verdict*, and wants evidence over time. Each rule is a
//! file: it checks one pattern and says what it saw; [`judge`] asks them in order and lets the first
//! that answers decide. Then `damage` weighs whether lost data could explain the answer, and `older` whether blocks from
//! before the recording could.
//!
//! ```
//! use leakscope_analysis::findings::{SiteHistory, Span, Verdict, judge};
//!
//! // 50 blocks of 16 bytes, one every 20 ticks, none of them freed.
//! let births: Vec<u64> = (0..50).map(|n| n * 20).collect();
//! let history = SiteHistory {
//!     allocations: 50,
//!     allocated_bytes: 800,
//!     live_bytes: 800,
//!     last_allocation: 980,
//!     live_births: births,
//!     ..SiteHistory::default()
//! };
//! let span = Span { end: 1000, warm_up_end: 50, last_heap_event: 990, ..Span::default() };
//! assert_eq!(judge(&history, &span).verdict, Verdict::LeakSteady);
//! ```
//!
//! Terms: the *observed* stretch is what is left of the trace without its start-up and without a
//! silence of the whole heap at its end (`case`); a *floor* is the lowest number of live bytes in a
//! window of time; *births* are the times at which the blocks that live now were allocated.
mod all_freed;
mod beginning;
mod bounded;
mod case;
mod damage;
mod early;
mod evidence;
mod growing;
mod growth;
mod history;
mod idle;
mod in_flight;
mod late_release;
mod left;
mod loss;
mod losses;
mod older;
mod once;
mod over_pieces;
mod per_cycle;
mod pool;
mod pooled;
mod rank;
mod rhythm;
mod rise;
mod spared;
mod steady;
mod survivors;
pub mod theil_sen;
mod too_short;
mod unclassified;
mod unended;
mod unsure_ends;

pub use beginning::{Phase, Phases};
pub(crate) use bounded::carried;
pub use evidence::{Confidence, Finding, Reason, Verdict, Word};
pub use growth::{Growth, growth};
pub use history::{
    CycleSteps, Cycles, Gap, Lifetimes, MissingCores, OlderFrees, SiteHistory, Span, Unseen,
};
pub(crate) use in_flight::between_pauses as in_flight_between_pauses;
pub use left::{Left, left};
pub(crate) use loss::first_gap;
pub use losses::{LossCounts, Losses};
pub(crate) use over_pieces::{Rising, Stayed};
pub(crate) use pool::of_many_sites;
pub use rank::Rank;
pub use rise::Rise;
pub(crate) use unended::{UnendedMoves, unended};
pub use unsure_ends::UnsureEnds;

use case::Case;
pub(crate) use case::is_short;

/// What one rule says of a call site, if it is the one to say something.
type Rule = fn(&Case<'_>) -> Option<Finding>;

/// What is certain, asked first.
const CERTAIN: [Rule; 3] = [all_freed::check, late_release::check, once::check];

/// What accuses, the most specific first.
///
/// These come before the excuses because each of them demands growth over the whole trace, while an excuse
/// looks at the end of it only: the backlog of a queue that grows without bound is "in flight" at each moment.
const ACCUSING: [Rule; 7] = [
    per_cycle::check,
    steady::check,
    survivors::check_few,
    growing::check,
    survivors::check,
    spared::check,
    per_cycle::check_at_times,
];

/// What excuses.
const EXCUSING: [Rule; 4] = [
    bounded::check_level,
    in_flight::check,
    bounded::check,
    idle::check,
];

/// What is to be said of a call site, how sure it is, and why.
///
/// Any history gets an answer, also one that contradicts itself.
pub fn judge(history: &SiteHistory, span: &Span) -> Finding {
    let case = Case::new(history, span);
    let finding = early::weigh(&case, older::weigh(&case, damage::weigh(&case)));
    if span.missing.cores.is_empty() || !finding.verdict.is_leak() {
        return finding;
    }
    damage::without_cores(finding, &span.missing.cores)
}

/// The verdict on a case.
fn decide(case: &Case<'_>) -> Finding {
    ask(&CERTAIN, case)
        .or_else(|| accuse(case))
        .or_else(|| ask(&EXCUSING, case))
        .unwrap_or_else(|| unclassified::explain(case))
}

fn accuse(case: &Case<'_>) -> Option<Finding> {
    let finding = ask(&ACCUSING, case)?;
    match finding.verdict {
        Verdict::LeakPerCycle => Some(finding),
        _ if !case.was_in_use() => None,
        _ if case.is_full_since().is_some() => None,
        _ if case.is_too_short() => Some(too_short::explain(case)),
        _ => Some(case.accusation(finding)),
    }
}

fn ask(rules: &[Rule], case: &Case<'_>) -> Option<Finding> {
    rules.iter().find_map(|rule| rule(case))
}
