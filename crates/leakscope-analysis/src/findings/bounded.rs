//! Something that fills up and then stays: a cache, a pool, a table of fixed size.

use super::case::Case;
use super::rise::Rise;
use super::{Confidence, Finding, Reason, Verdict, Word, rise};

/// A site that has not allocated for this share of the stretch, and longer than ever before, is done.
const SILENCE: f64 = 0.2;

/// As above, and surer. Who leaks in one mode of the program is silent in others, too.
const LONG_SILENCE: f64 = 0.4;

/// A maximum that was first reached within this share of the stretch was reached early.
const EARLY: f64 = 0.6;

/// The floor has not risen since this share of the windows: a level is reached.
const LEVEL: f64 = 0.75;

/// A maximum after this share of the stretch is a rise and no level, even if the floors are level.
const LATE: f64 = 0.9;

/// A floor of this share of the maximum, all through the last third: blocks are held, not passed on.
const HELD: f64 = 0.5;

/// With so many blocks that took others' places, a site is taken to be full, and with fewer it may be.
const MANY_REPLACED: u64 = 8;

/// Answers for sites that hold a level and exchange the blocks in it: a full cache, a ring.
pub(super) fn check_level(case: &Case<'_>) -> Option<Finding> {
    if let Some(since) = case.is_full_since() {
        return Some(finding(full(case, since)));
    }
    let floors = case.floors().bytes;
    let lowest = floors[floors.len() * 2 / 3..].iter().min()?;
    let held = *lowest as f64 >= HELD * case.history.max_live_bytes as f64;
    if !held || may_double(case) {
        return None;
    }
    early_maximum(case)
        .or_else(|| level_floor(case))
        .map(finding)
}

/// Answers for sites that no longer grow.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    if may_double(case) {
        return None;
    }
    silent(case).or_else(|| level_floor(case)).map(finding)
}

fn finding((confidence, reason): (Confidence, Reason)) -> Finding {
    Finding {
        verdict: Verdict::Bounded,
        confidence,
        reason,
    }
}

/// Whether the site holds an array that may grow by doubling: the next time is not due before as much
/// time has passed as all the times before took.
fn may_double(case: &Case<'_>) -> bool {
    let history = case.history;
    let since = case.to.saturating_sub(history.last_allocation);
    let before = history
        .last_allocation
        .saturating_sub(history.first_allocation);
    case.is_growing_block() && since < before
}

fn silent(case: &Case<'_>) -> Option<(Confidence, Reason)> {
    let history = case.history;
    let silence = case.to.saturating_sub(history.last_allocation);
    let share = silence as f64 / case.length().max(1.0);
    (share > SILENCE && silence > history.longest_silence).then(|| {
        let confidence = if share >= LONG_SILENCE {
            Confidence::Medium
        } else {
            Confidence::Low
        };
        let reason = vec![
            Word::Count(case.outstanding()),
            Word::one_or(case.outstanding(), " block", " blocks"),
            Word::Text(", no allocation since "),
            Word::Moment(history.last_allocation),
        ];
        (confidence, reason)
    })
}

fn full(case: &Case<'_>, since: u64) -> (Confidence, Reason) {
    let frees = case.history.frees;
    let confidence = if frees >= MANY_REPLACED {
        Confidence::Medium
    } else {
        Confidence::Low
    };
    let reason = vec![
        Word::Text("full since "),
        Word::Moment(since),
        Word::Text(": "),
        Word::Count(frees),
        Word::Text(" blocks from before were freed, and as many allocated in their places"),
    ];
    (confidence, reason)
}

fn early_maximum(case: &Case<'_>) -> Option<(Confidence, Reason)> {
    let history = case.history;
    (case.position(history.max_first_reached) <= EARLY).then(|| {
        let reason = vec![
            Word::Text("stopped growing at "),
            Word::Moment(history.max_first_reached),
            Word::Text(", with "),
            Word::Bytes(history.max_live_bytes),
            Word::Text("; now "),
            Word::Bytes(history.live_bytes),
        ];
        let floors = case.floors().bytes;
        let confidence = if rises_again(case) || rise::lows_rise(floors, case.scatter()) {
            // What is freed in bulk now and then makes the highest level come early, and hides what stays each time.
            Confidence::Low
        } else if history.frees < case.outstanding() {
            // Silence, more or less.
            Confidence::Medium
        } else {
            Confidence::High
        };
        (confidence, reason)
    })
}

/// Whether the floor has risen to the end since it was highest: what was released then hides that.
fn rises_again(case: &Case<'_>) -> bool {
    let floors = case.floors();
    let highest = case.history.max_first_reached.saturating_sub(floors.start);
    let since = usize::try_from(highest / floors.window + 1).unwrap_or(usize::MAX);
    let since = floors.bytes.get(since..).unwrap_or_default();
    Rise::of(since, 0.0).is_some_and(|rise| rise.keeps_rising())
}

fn level_floor(case: &Case<'_>) -> Option<(Confidence, Reason)> {
    let floors = case.floors();
    let (&last, &highest) = (floors.bytes.last()?, floors.bytes.iter().max()?);
    let third = floors.bytes[floors.bytes.len() / 3];
    let reached = floors.bytes.iter().position(|&floor| floor == highest)?;
    let level = reached as f64 <= LEVEL * (floors.bytes.len() - 1) as f64;
    let risen = case.position(case.history.max_first_reached) > LATE;
    ((last <= third || level) && !risen).then(|| {
        let reason = vec![
            Word::Text("the lowest level is "),
            Word::Bytes(last),
            Word::Text(" and was "),
            Word::Bytes(highest),
            Word::Text(" at "),
            Word::Moment(floors.begin(reached)),
        ];
        (Confidence::Medium, reason)
    })
}

/// Of a call site that holds so many blocks since before a pause of the recording, and no more of them so many ticks after it.
pub(crate) fn carried(blocks: u64, ticks: u64) -> Finding {
    Finding {
        verdict: Verdict::Bounded,
        confidence: Confidence::Medium,
        reason: vec![
            Word::Count(blocks),
            Word::one_or(blocks, " block", " blocks"),
            Word::Text(" from before the recording paused, and no more in the "),
            Word::Duration(ticks),
            Word::Text(" after that"),
        ],
    }
}
