//! What lost data can explain.
//!
//! An accusation stands, less sure, if its rule holds although blocks may have been freed unseen (`loss`). Or
//! if it would be made in the worst case, too: that all lost packets were frees of this site's blocks. With few
//! losses, that proves more.

use std::collections::VecDeque;

use super::case::Case;
use super::loss::Loss;
use super::{Confidence, CycleSteps, Finding, Reason, SiteHistory, Span, Verdict, Word, decide};

/// The verdict on a case; lowered or withdrawn, if lost data can explain what speaks for it.
pub(super) fn weigh(case: &Case<'_>) -> Finding {
    let finding = decide(case);
    let Some(loss) = &case.loss else {
        return finding;
    };
    if finding.verdict.is_leak() {
        return stands(finding, explain(case, loss));
    }
    let as_seen = decide(&Case::without_loss(case.history, case.span));
    if as_seen.verdict.is_leak() && stands_at_worst(case) {
        let freed = removed(case.history, case.span, End::Oldest).len() as u64;
        return stands(as_seen, at_worst(freed));
    }
    match as_seen.verdict {
        Verdict::Unclassified => uncertain(case, loss),
        verdict if verdict.is_leak() => uncertain(case, loss),
        _ => Finding {
            confidence: finding.confidence.lowered(),
            ..finding
        },
    }
}

/// The accusation, one step less sure.
fn stands(mut finding: Finding, although: Reason) -> Finding {
    finding.confidence = finding.confidence.lowered();
    finding.reason.extend(although);
    finding
}

/// The accusation, if what cores did is missing: they may have freed what seems to live.
pub(super) fn without_cores(finding: Finding, cores: &[u8]) -> Finding {
    let mut although = Vec::new();
    for (index, &core) in cores.iter().enumerate() {
        although.push(Word::Text(match index {
            0 if cores.len() == 1 => "; what core ",
            0 => "; what cores ",
            _ if index + 1 == cores.len() => " and ",
            _ => ", ",
        }));
        although.push(Word::Count(core.into()));
    }
    although.push(Word::Text(" freed is missing"));
    stands(finding, although)
}

/// How many lost packets can have been frees of the site's blocks.
fn explain(case: &Case<'_>, loss: &Loss<'_>) -> Reason {
    let lost = loss.lost();
    match loss.suspects(case.span.window).len() as u64 {
        0 => vec![
            Word::Text("; "),
            Word::Count(lost),
            Word::one_or(lost, " lost packet does", " lost packets do"),
            Word::Text(" not explain it: no address of these blocks was used again"),
        ],
        frees => vec![
            Word::Text("; even if "),
            Word::Count(frees),
            Word::Text(" of "),
            Word::Count(lost),
            Word::one_or(lost, " lost packet", " lost packets"),
            Word::one_or(frees, " was its free", " were its frees"),
        ],
    }
}

fn at_worst(freed: u64) -> Reason {
    vec![
        Word::Text("; even if "),
        Word::Count(freed),
        Word::Text(" of them were freed where data were lost"),
    ]
}

/// Whether the accusation would be made without the blocks that can have been freed in gaps: whether these
/// are the oldest or the youngest. (Where no free was seen at all, they are the oldest: a site that frees only
/// in gaps has no reason to spare those.) Which blocks were freed is not known, so each counts as large as the mean.
fn stands_at_worst(case: &Case<'_>) -> bool {
    let span = case.span;
    let mut history = case.history.clone();
    let mean = history.live_bytes / (history.live_births.len() as u64).max(1);
    history.live_sizes = vec![mean; history.live_births.len()];
    let ends: &[End] = match history.frees {
        0 => &[End::Oldest],
        _ => &[End::Oldest, End::Youngest],
    };
    ends.iter().all(|&end| {
        let rest = without(&history, span, &removed(&history, span, end));
        decide(&Case::without_loss(&rest, span)).verdict.is_leak()
    })
}

fn uncertain(case: &Case<'_>, loss: &Loss<'_>) -> Finding {
    Finding {
        verdict: Verdict::Uncertain,
        confidence: Confidence::Low,
        reason: vec![
            Word::Count(loss.unsure()),
            Word::Text(" of "),
            Word::Count(case.outstanding()),
            Word::Text(
                " outstanding blocks lived when data were lost, and may have been freed there",
            ),
        ],
    }
}

/// Which of the blocks that can have been freed in a gap are taken to have been.
#[derive(Clone, Copy)]
enum End {
    Oldest,
    Youngest,
}

/// The births of as many blocks as can have been freed in gaps, in order of time.
fn removed(history: &SiteHistory, span: &Span, end: End) -> Vec<u64> {
    let mut births = history.live_births.iter().copied().peekable();
    let mut alive = VecDeque::new();
    let mut removed = Vec::new();
    for gap in &span.gaps {
        while let Some(birth) = births.next_if(|&birth| birth < gap.to) {
            alive.push_back(birth);
        }
        let lost = gap.lost.unwrap_or(u64::MAX);
        for _ in 0..lost.min(alive.len() as u64) {
            removed.extend(match end {
                End::Oldest => alive.pop_front(),
                End::Youngest => alive.pop_back(),
            });
        }
    }
    removed.sort_unstable();
    removed
}

/// The history as it would be without the blocks that were born at `removed`, in order.
pub(super) fn without(history: &SiteHistory, span: &Span, removed: &[u64]) -> SiteHistory {
    let mut rest = history.clone();
    rest.live_births.clear();
    rest.live_sizes.clear();
    let mut gone = removed.iter().peekable();
    // The bytes that were removed up to each of `removed`.
    let mut bytes = Vec::with_capacity(removed.len());
    let mut sum = 0_u64;
    for (index, &birth) in history.live_births.iter().enumerate() {
        let size = history.live_sizes.get(index).copied().unwrap_or(0);
        if gone.next_if_eq(&&birth).is_some() {
            sum = sum.saturating_add(size);
            bytes.push(sum);
        } else {
            rest.live_births.push(birth);
            rest.live_sizes.push(size);
        }
    }
    let blocks = bytes.len() as u64;
    rest.allocations = history.allocations.saturating_sub(blocks);
    rest.live_bytes = history.live_bytes.saturating_sub(sum);
    rest.cycles.grown = history.cycles.grown.saturating_sub(blocks);
    if blocks > 0 {
        // In which of them these began is not known.
        rest.cycle_steps = CycleSteps::default();
    }
    rest.cycles.net_bytes = history.cycles.net_bytes.saturating_sub_unsigned(sum);
    for (window, floor) in rest.floors.iter_mut().enumerate() {
        let start = (window as u64)
            .saturating_mul(span.window)
            .saturating_add(span.start);
        let born_before = removed.partition_point(|&birth| birth < start);
        let removed_before = born_before.checked_sub(1).and_then(|last| bytes.get(last));
        *floor = floor.saturating_sub(removed_before.copied().unwrap_or(0));
    }
    rest
}
