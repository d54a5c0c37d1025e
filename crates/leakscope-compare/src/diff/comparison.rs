//! Whether a call site's growth differs between both sides, and what was used to say so.

use std::cmp::Ordering;

use serde::Serialize;

use super::evidence::{Evidence, Per, Run, State};
use super::statistics::{LEVEL, Tested, dispersion, least_p_of_ranks, ranks, rates, steps};

/// What both sides were compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Blocks left behind, as counts: exact binomial test, interval of Clopper and Pearson.
    Counts,
    /// Bytes gained in each cycle, by their ranks: Mann and Whitney's exact test.
    Cycles,
    /// The rate of each recording, by their ranks: the same.
    Runs,
    /// The rise of the level from window to window: Welch's test of the means.
    Levels,
}

/// Cycles on each side that a test needs.
const LEAST_CYCLES: usize = 5;

/// Windows on each side in which the rise of a level is a sample.
const LEAST_WINDOWS: usize = 8;

/// Tests whether growth differs; `None` if it cannot be tested, because a side was not watched.
pub(crate) fn compare(before: &Evidence, after: &Evidence, per: Per) -> Option<(Method, Tested)> {
    let is_watched =
        |side: &Evidence| side.sum(|run| run.exposure) > 0.0 || side.state == State::Absent;
    if !is_watched(before) || !is_watched(after) {
        return None;
    }
    if least_p_of_ranks(before.runs.len(), after.runs.len()) <= LEVEL {
        let each = |side: &Evidence| -> Vec<f64> { side.runs.iter().map(rate).collect() };
        return Some((Method::Runs, ranks(&each(before), &each(after))));
    }
    if per == Per::Cycle
        && let Some((before, after)) = cycles(before, after)
    {
        return Some((Method::Cycles, ranks(&before, &after)));
    }
    let rises = |side: &Evidence| {
        matches!(side.state, State::Leak | State::Unclassified)
            && side.runs.iter().any(|run| run.is_level)
    };
    if rises(before) || rises(after) {
        let (old, new) = (all_steps(before, after), all_steps(after, before));
        let is_enough = old.len().min(new.len()) >= LEAST_WINDOWS;
        return is_enough.then(|| (Method::Levels, steps(&old, &new)));
    }
    Some((Method::Counts, counts(before, after, per)?))
}

fn rate(run: &Run) -> f64 {
    rate_by(run, |run| run.exposure)
}

fn rate_by(run: &Run, exposure: fn(&Run) -> f64) -> f64 {
    match exposure(run) {
        exposure if exposure > 0.0 => run.bytes / exposure,
        _ => 0.0,
    }
}

/// Blocks as counts. Each session fills anew what fills up: where a side has more of them, and one was used and does not leak,
/// a difference must be one by sessions, too.
fn counts(before: &Evidence, after: &Evidence, per: Per) -> Option<Tested> {
    let by_time = counts_by(before, after, |run| run.exposure)?;
    let fills_up = |side: &Evidence| matches!(side.state, State::Fine | State::Unclassified);
    let is_told =
        per == Per::Second && (fills_up(before) || fills_up(after)) && !is_as_often(before, after);
    if !is_told {
        return Some(by_time);
    }
    let by_session = counts_by(before, after, |run| run.sessions as f64)?;
    if by_session.change != by_time.change {
        let (p, change) = (1.0, Ordering::Equal);
        return Some(Tested {
            p,
            change,
            ..by_time
        });
    }
    Some(if by_session.p > by_time.p {
        by_session
    } else {
        by_time
    })
}

/// Whether the recordings of both sides have as many sessions each.
fn is_as_often(before: &Evidence, after: &Evidence) -> bool {
    let times = |side: &Evidence, runs: usize| {
        let sessions = side.runs.iter().map(|run| run.sessions);
        sessions.sum::<u64>() * runs as u64
    };
    times(before, after.runs.len()) == times(after, before.runs.len())
}

/// One block is what weighs as one; those that come in bursts weigh less.
fn counts_by(before: &Evidence, after: &Evidence, exposure: fn(&Run) -> f64) -> Option<Tested> {
    let weight = before.weight().or(after.weight())?;
    let (old_weight, new_weight) = (weight, after.weight().unwrap_or(weight));
    let mut windows = Vec::new();
    let mut of_runs = Vec::new();
    for (side, weight) in [(before, old_weight), (after, new_weight)] {
        for run in &side.runs {
            windows.push(run.windows.iter().map(|bytes| bytes / weight).collect());
        }
        // What a run has beside the others, as if all had been watched equally long.
        let mean = side.sum(exposure) / side.runs.len() as f64;
        of_runs.push(
            (side.runs.iter())
                .map(|run| rate_by(run, exposure) * mean / weight)
                .collect(),
        );
    }
    let bursts = dispersion(&windows).max(dispersion(&of_runs));
    let count = |side: &Evidence, weight: f64, bytes: fn(&Run) -> f64| {
        let blocks = side.sum(bytes) / weight;
        (blocks / bursts, side.sum(exposure) / weight)
    };
    let least = |side, weight| count(side, weight, |run| run.bytes);
    let most = |side, weight| count(side, weight, |run| run.bytes + run.unsure_bytes);
    let (old, new) = (least(before, old_weight), least(after, new_weight));
    (old.1 > 0.0 && new.1 > 0.0).then(|| {
        let least_growth = rates(most(before, old_weight), new);
        let most_growth = rates(old, most(after, new_weight));
        let ratio = (least_growth.ratio.0, most_growth.ratio.1);
        // What differs must do so whatever lost data hide.
        match (least_growth.change, most_growth.change) {
            (Ordering::Greater, _) => Tested {
                ratio,
                ..least_growth
            },
            (_, Ordering::Less) => Tested {
                ratio,
                ..most_growth
            },
            _ => Tested {
                p: 1.0,
                change: Ordering::Equal,
                ratio,
            },
        }
    })
}

/// Bytes gained by groups of as many cycles, if there are enough of them on both sides.
fn cycles(before: &Evidence, after: &Evidence) -> Option<(Vec<f64>, Vec<f64>)> {
    let groups = |side: &Evidence| side.runs.iter().map(|run| run.cycle_group).max();
    let group = groups(before)
        .max(groups(after))
        .filter(|&group| group > 0)?;
    let of = |side: &Evidence| -> Vec<f64> {
        let runs = side.runs.iter();
        runs.flat_map(|run| match run.cycle_group {
            // Nothing was allocated there in any of the cycles.
            0 => vec![0.0; (run.exposure / group as f64) as usize],
            own => {
                let joined = run.cycles.chunks_exact((group / own) as usize);
                joined.map(|cycles| cycles.iter().sum()).collect()
            }
        })
        .collect()
    };
    let (old, new) = (of(before), of(after));
    (old.len().min(new.len()) >= LEAST_CYCLES).then_some((old, new))
}

/// The steps of a side. Where no level ever stayed above nothing, there are as many steps of nothing as on the other.
fn all_steps(side: &Evidence, other: &Evidence) -> Vec<f64> {
    let steps = |side: &Evidence| -> Vec<f64> {
        let runs = side.runs.iter();
        runs.flat_map(|run| run.steps.clone()).collect()
    };
    let own = steps(side);
    if own.is_empty() && side.state != State::Leak {
        return vec![0.0; steps(other).len()];
    }
    own
}
