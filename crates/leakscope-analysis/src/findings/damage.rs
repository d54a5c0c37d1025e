//! What lost data can explain.
//!
//! A block that lived when data were lost may have been freed there. Where the target counted the lost
//! packets, at most that many blocks were; where it did not, all of them may have been.

use std::collections::VecDeque;

use super::{Confidence, Finding, SiteHistory, Span, Verdict, Word, undamaged};

/// Lowers or withdraws what lost data can explain.
///
/// An accusation stands, less sure, if it would be made without the blocks that may have been freed:
/// whether these are the oldest or the youngest that can have been. (Where no free was seen at all, they
/// are the oldest: a site that frees only in gaps has no reason to spare those.)
pub(super) fn weigh(mut finding: Finding, history: &SiteHistory, span: &Span) -> Finding {
    let removed = removed(history, span, End::Oldest).len() as u64;
    if removed == 0 {
        return finding;
    }
    let ends: &[End] = match history.frees {
        0 => &[End::Oldest],
        _ => &[End::Oldest, End::Youngest],
    };
    let stands = finding.verdict.is_leak()
        && ends.iter().all(|&end| {
            let rest = without(history, span, &self::removed(history, span, end));
            undamaged(&rest, span).verdict.is_leak()
        });
    match finding.verdict {
        Verdict::Unclassified => uncertain(removed, history),
        verdict if verdict.is_leak() && !stands => uncertain(removed, history),
        verdict => {
            finding.confidence = finding.confidence.lowered();
            if verdict.is_leak() {
                finding.reason.extend([
                    Word::Text("; even if "),
                    Word::Count(removed),
                    Word::Text(" of them were freed where data were lost"),
                ]);
            }
            finding
        }
    }
}

fn uncertain(removed: u64, history: &SiteHistory) -> Finding {
    Finding {
        verdict: Verdict::Uncertain,
        confidence: Confidence::Low,
        reason: vec![
            Word::Count(removed),
            Word::Text(" of "),
            Word::Count(history.live_births.len() as u64),
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

/// The history as it would be without the blocks that were born at `removed`. Sizes of single blocks are
/// not known: each counts as large as the mean.
fn without(history: &SiteHistory, span: &Span, removed: &[u64]) -> SiteHistory {
    let mut rest = history.clone();
    let mut gone = removed.iter().copied().peekable();
    rest.live_births
        .retain(|&birth| gone.next_if_eq(&birth).is_none());
    let blocks = removed.len() as u64;
    let bytes = |blocks: u64| {
        let share = u128::from(history.live_bytes) * u128::from(blocks);
        (share / (history.live_births.len() as u128).max(1)) as u64
    };
    rest.allocations = history.allocations.saturating_sub(blocks);
    rest.live_bytes = history.live_bytes.saturating_sub(bytes(blocks));
    rest.cycles.grown = history.cycles.grown.saturating_sub(blocks);
    rest.cycles.net_bytes = history
        .cycles
        .net_bytes
        .saturating_sub_unsigned(bytes(blocks));
    for (window, floor) in rest.floors.iter_mut().enumerate() {
        let start = (window as u64)
            .saturating_mul(span.window)
            .saturating_add(span.start);
        let born_before = removed.partition_point(|&birth| birth < start) as u64;
        *floor = floor.saturating_sub(bytes(born_before));
    }
    rest
}
