//! What blocks can explain that nobody saw begin: those from before the recording, and those whose allocation was lost.
//!
//! A cache that is full frees an old block for each new one. In a recording that begins while it is full, nobody has seen
//! the old ones begin: what only takes their places seems to be more and more. So an accusation stands if it would be made
//! without as many blocks as may have taken such places, or of the time in which no older block was freed any more. Where
//! data were lost, it is the same as where a recording begins.

use super::case::Case;
use super::damage::{self, without};
use super::{Confidence, CycleSteps, Cycles, Finding, SiteHistory, Verdict, Word};

/// Blocks that come and go independently make a level scatter: by the square root of twice the number that came (and as
/// many went), times this and more than that.
const CHANCE: f64 = 2.0;

/// With fewer to be expected, none is.
const LEAST: f64 = 0.5;

/// No older block is freed any more, if there was no such free for so many times the longest pause between two.
const STOPPED: u64 = 2;

/// Blocks that nobody saw begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// From before the recording, or from a pause of it.
    BeforeRecording,
    /// From before the recording, or left out by the device.
    Other,
    Lost,
}

/// The accusation; less sure or withdrawn, if blocks that nobody saw begin can explain it.
pub(super) fn weigh(case: &Case<'_>, finding: Finding) -> Finding {
    let (span, history) = (case.span, case.history);
    let older = history.older_frees.since(case.from) as f64;
    let lost = span.unseen.of_site(history.lifetimes.reaching(span.window));
    let source = if history.older_frees.may_be_others {
        Source::Other
    } else {
        Source::BeforeRecording
    };
    let finding = replaced(case, finding, source, older, case.from);
    replaced(case, finding, Source::Lost, lost, span.unseen.since)
}

/// The accusation, if `freed` blocks of this source may have been the site's, and others took their places after `from`.
fn replaced(case: &Case<'_>, finding: Finding, source: Source, freed: f64, from: u64) -> Finding {
    if freed < LEAST || !finding.verdict.is_leak() {
        return finding;
    }
    let replacing = (freed + CHANCE * freed.sqrt()).ceil();
    let freed = freed.ceil() as u64;
    let births = &case.history.live_births;
    let births = &births[births.partition_point(|&birth| birth < from)..];
    let replacing = &births[..births.len().min(replacing as usize)];
    let rest = without(case.history, case.span, replacing);
    let without_them = damage::weigh(&Case::new(&rest, case.span));
    if without_them.verdict.is_leak() {
        return stands(
            finding,
            without_them.confidence,
            source,
            freed,
            replacing.len(),
        );
    }
    match late(case).filter(|_| source != Source::Lost) {
        Some(from) => goes_on(finding, from, source),
        None => uncertain(case, source, freed),
    }
}

fn stands(
    mut finding: Finding,
    at_most: Confidence,
    source: Source,
    freed: u64,
    replacing: usize,
) -> Finding {
    finding.confidence = finding.confidence.min(at_most);
    finding.reason.extend([
        Word::Text("; even if "),
        Word::Count(replacing as u64),
        Word::Text(match source {
            Source::BeforeRecording => " of them took the places of older blocks, of which ",
            Source::Other => " of them took the places of older blocks, of which perhaps ",
            Source::Lost => {
                " of them took the places of blocks whose allocation was lost, of which "
            }
        }),
        Word::Count(freed),
        Word::one_or(freed, " was freed", " were freed"),
    ]);
    finding
}

/// Since when the site leaks for sure, if it does so in the time in which no older block was freed any more.
fn late(case: &Case<'_>) -> Option<u64> {
    let older = &case.history.older_frees;
    let from = older.last.max(case.from);
    let pause = older.longest_pause(case.span.start);
    let has_stopped = case.to.saturating_sub(from) > pause.saturating_mul(STOPPED);
    if !has_stopped {
        return None;
    }
    // Which cycles lie in this time is not known.
    let history = SiteHistory {
        cycles: Cycles::default(),
        cycle_steps: CycleSteps::default(),
        ..case.history.clone()
    };
    let case = Case {
        from,
        ..Case::new(&history, case.span)
    };
    let Finding {
        verdict,
        confidence,
        ..
    } = damage::weigh(&case);
    (verdict.is_leak() && confidence == Confidence::High).then_some(from)
}

/// The accusation, one step less sure: it holds for a part of the time.
fn goes_on(mut finding: Finding, from: u64, source: Source) -> Finding {
    finding.confidence = finding.confidence.lowered();
    finding.reason.extend([
        Word::Text("; it goes on after "),
        Word::Moment(from),
        Word::Text(match source {
            Source::Other => {
                ", when a block that perhaps nobody saw begin was freed for the last time"
            }
            _ => ", when a block that nobody saw begin was freed for the last time",
        }),
    ]);
    finding
}

fn uncertain(case: &Case<'_>, source: Source, freed: u64) -> Finding {
    Finding {
        verdict: Verdict::Uncertain,
        confidence: Confidence::Low,
        reason: vec![
            Word::Count(case.outstanding()),
            Word::Text(" of "),
            Word::Count(case.history.allocations),
            Word::Text(" blocks outstanding, while "),
            Word::Count(freed),
            Word::one_or(freed, " block", " blocks"),
            Word::Text(match source {
                Source::BeforeRecording => {
                    " that nobody saw begin were freed: these may only have taken their places"
                }
                Source::Other => {
                    " that perhaps nobody saw begin were freed: these may only have taken their places"
                }
                Source::Lost => {
                    " whose allocation was lost were freed: these may only have taken their places"
                }
            }),
        ],
    }
}
