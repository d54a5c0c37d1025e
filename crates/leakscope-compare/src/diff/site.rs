//! What became of one call site, on both sides or on one.

use std::cmp::Ordering;

use leakscope_report::NamedFrame;
use leakscope_report::document::call_site::CallSite;
use serde::Serialize;

use super::basis::Basis;
use super::comparison::{Method, compare};
use super::evidence::{Evidence, Per, State};
use super::matching::{Match, Pair};
use super::statistics::{LEVEL, discoveries};
use super::status::Status;

/// What is said where a side knows better.
const FULL_BEFORE: &str = "the recording before is much longer, and shows it full, with as much: what fills up looks like a leak until \
                           it is full";
const FULL_AFTER: &str = "the recording after is much longer, and shows it full, with as much: what fills up looks like a leak until it \
                          is full";

const MAY_BE_FREED: &str = "blocks of it may be freed, for the dump does not tell: mode HEAP_TRACE_LEAKS avoids this doubt";

/// A call site, on both sides or on one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Site {
    /// What became of it.
    pub status: Status,
    /// How it was recognised.
    #[serde(rename = "match")]
    pub matched: Match,
    /// Its identity: after, or else before.
    pub identity: String,
    /// Its call stack there, the innermost frame first.
    pub frames: Vec<NamedFrame>,
    /// Before the change.
    pub before: OfSide,
    /// After it.
    pub after: OfSide,
    /// Why nothing is told of a call site that leaks on one side, in a sentence without a full stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
    /// How much more it is after: growth in bytes per unit (beside a leak, what is unclassified counts by what it left), or
    /// bytes outstanding.
    pub difference_bytes: f64,
    /// What growth was compared by; `None` if nothing was tested.
    pub method: Option<Method>,
    /// The probability that chance explains the difference.
    pub p: Option<f64>,
    /// Whether there is more after, or less, if there is a difference.
    #[serde(skip)]
    change: Option<Ordering>,
    /// The level at which it would be a discovery among all that was tested.
    pub level: Option<f64>,
    /// Growth after is at least so many times what it was …
    pub ratio_low: Option<f64>,
    /// … and at most so many times, in 95 of 100 cases; `None` if there is no bound.
    pub ratio_high: Option<f64>,
}

/// A call site on one side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfSide {
    /// What the recordings say of it.
    pub state: State,
    /// The verdicts, each once.
    pub verdicts: Vec<String>,
    /// How much it was watched, in the unit of comparison.
    pub exposure: Option<f64>,
    /// Blocks that it left behind in that; `None` of cycles, of which bytes alone are known.
    pub left_blocks: Option<f64>,
    /// Their bytes.
    pub left_bytes: Option<f64>,
    /// Growth in bytes per unit; 0 of what does not leak.
    pub growth_bytes: Option<f64>,
    /// The most blocks that it left per unit, in 95 of 100 cases, where it left none: the rule of three.
    pub at_most_blocks: Option<f64>,
    /// Bytes outstanding at the end of each recording, or at each moment.
    pub outstanding_bytes: Vec<u64>,
    /// Blocks outstanding.
    pub outstanding_blocks: Vec<u64>,
    /// The most bytes that lived at once in any recording.
    pub peak_bytes: u64,
    /// Blocks allocated, in all of them.
    pub allocations: u64,
}

impl Site {
    /// Not yet judged by what all tests say together: `level` is that of the test alone.
    pub(super) fn of(
        pair: &Pair<'_>,
        (before, after): &(Evidence, Evidence),
        basis: Basis,
        per: Option<Per>,
    ) -> Self {
        let of_runs = |runs: &[Vec<&'_ CallSite>]| -> Vec<String> {
            let verdicts = runs.iter().flatten().map(|site| site.verdict.to_string());
            let mut verdicts: Vec<String> = verdicts.collect();
            verdicts.sort();
            verdicts.dedup();
            verdicts
        };
        let shown = pair.after.iter().chain(&pair.before).flatten().next();
        let leaks = before.state == State::Leak || after.state == State::Leak;
        let note = if basis != Basis::Growth {
            None
        } else if before.knows_better_than(after) {
            Some(FULL_BEFORE)
        } else if after.knows_better_than(before) {
            Some(FULL_AFTER)
        } else {
            None
        };
        let tested = per
            .filter(|_| leaks && note.is_none())
            .and_then(|per| compare(before, after, per));
        let ratio = tested.map(|(_, tested)| tested.ratio);
        let method = tested.map(|(method, _)| method);
        let leaves = |side: &Evidence| match side.state {
            State::Leak => side.rate(true),
            State::Unclassified if leaks => side.rate(method == Some(Method::Levels)),
            _ => 0.0,
        };
        let growth = per.map(|_| leaves(after) - leaves(before));
        let (held_before, held_after) = (before.outstanding(), after.outstanding());
        let side = |evidence: &Evidence, runs| OfSide::of(evidence, of_runs(runs), per);
        let (before, after) = (side(before, &pair.before), side(after, &pair.after));
        let status = match basis {
            Basis::Growth => Status::Same,
            Basis::Outstanding => Status::of_outstanding(&held_before, &held_after),
            Basis::Moments => Status::of_moments(&[&*held_before, &held_after].concat()),
        };
        let is_doubtful = |&(least, most): &(u64, u64)| least < most;
        let note = note.or_else(|| {
            let may_be_freed = held_before.iter().chain(&held_after).any(is_doubtful);
            (status == Status::CannotTell && may_be_freed).then_some(MAY_BE_FREED)
        });
        let difference_bytes = growth.unwrap_or_else(|| {
            let last = |side: &OfSide| {
                side.outstanding_bytes
                    .last()
                    .map_or(0.0, |&last| last as f64)
            };
            last(&after) - last(&before)
        });
        Self {
            status,
            matched: pair.matched,
            identity: shown.map_or_else(String::new, |site| site.identity.stack.clone()),
            frames: shown.map_or_else(Vec::new, |site| site.frames.clone()),
            note,
            difference_bytes,
            method,
            p: tested.map(|(_, tested)| tested.p),
            change: tested.map(|(_, tested)| tested.change),
            level: None,
            ratio_low: ratio.map(|(low, _)| low).filter(|low| low.is_finite()),
            ratio_high: ratio.map(|(_, high)| high).filter(|high| high.is_finite()),
            before,
            after,
        }
    }

    /// Whether it leaks on a side.
    pub fn leaks(&self) -> bool {
        self.before.state == State::Leak || self.after.state == State::Leak
    }

    /// Whether more or less was left after, as far as that is proved: equal if chance may be all; `None` if nothing was
    /// tested.
    pub(super) fn change(&self) -> Option<Ordering> {
        let is_proved = self.level? <= LEVEL;
        self.change
            .map(|change| if is_proved { change } else { Ordering::Equal })
    }

    /// Whether anything of it was outstanding.
    pub(super) fn is_there(&self) -> bool {
        let sides = [&self.before, &self.after];
        let mut blocks = sides.iter().flat_map(|side| &side.outstanding_blocks);
        blocks.any(|&blocks| blocks > 0)
    }
}

/// What was tested is judged together: of many tests, some say by chance that there is a difference.
pub(super) fn judge(sites: &mut [Site]) {
    let tested: Vec<f64> = sites.iter().filter_map(|site| site.p).collect();
    let mut levels = discoveries(&tested).into_iter();
    for site in sites {
        site.level = site.p.and_then(|_| levels.next());
        if site.before.growth_bytes.is_some() {
            let (before, after) = (site.before.state, site.after.state);
            site.status = match site.note {
                Some(_) => Status::CannotTell,
                None => Status::of_growth(before, after, site.change()),
            };
        }
    }
}

impl OfSide {
    fn of(evidence: &Evidence, verdicts: Vec<String>, per: Option<Per>) -> Self {
        let runs = evidence.runs.iter();
        let exposure = per.map(|_| evidence.sum(|run| run.exposure));
        let blocks = || evidence.runs.iter().map(|run| run.blocks).sum();
        let left_blocks = per.and_then(|_| blocks());
        Self {
            state: evidence.state,
            verdicts,
            exposure,
            left_blocks,
            left_bytes: per.map(|_| evidence.sum(|run| run.bytes)),
            growth_bytes: per.map(|_| match evidence.state {
                State::Leak => evidence.rate(true),
                _ => 0.0,
            }),
            at_most_blocks: (exposure.zip(left_blocks))
                .filter(|&(exposure, blocks)| blocks == 0.0 && exposure > 0.0)
                .map(|(exposure, _)| -LEVEL.ln() / exposure),
            outstanding_bytes: runs.clone().map(|run| run.outstanding_bytes).collect(),
            outstanding_blocks: runs.clone().map(|run| run.outstanding_blocks).collect(),
            peak_bytes: runs.clone().map(|run| run.peak_bytes).max().unwrap_or(0),
            allocations: runs.map(|run| run.allocations).sum(),
        }
    }
}
