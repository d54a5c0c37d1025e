//! How long devices last: the product-limit estimate (Kaplan and Meier), and whether two groups differ (log-rank).
//!
//! Who is watched from some time after the start only does not count before (left truncation), and who is watched no
//! longer does not count after (censoring).

use super::{NORMAL, normal_tails};

/// One stretch of watching, in seconds since the start of the device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spell {
    /// From when on.
    pub from: f64,
    /// Up to when.
    pub to: f64,
    /// Whether it failed then.
    pub failed: bool,
}

/// A step of the curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// When, in seconds since the start.
    pub time: f64,
    /// The share that lasts longer.
    pub share: f64,
    /// The ends of its interval (Greenwood, by the logarithm of the logarithm).
    pub interval: (f64, f64),
}

/// The curve: a step for each time of a failure.
pub fn kaplan_meier(spells: &[Spell]) -> Vec<Step> {
    let (mut share, mut scatter) = (1.0_f64, 0.0_f64);
    let steps = times(spells).into_iter().map(|time| {
        let (at_risk, failed) = at(spells, time);
        let (all, gone) = (at_risk as f64, failed as f64);
        share *= 1.0 - gone / all;
        scatter += gone / (all * (all - gone));
        let interval = if share > 0.0 && share < 1.0 {
            let width = NORMAL * scatter.sqrt() / share.ln();
            (share.powf((-width).exp()), share.powf(width.exp()))
        } else {
            (share, share)
        };
        Step {
            time,
            share,
            interval,
        }
    });
    steps.collect()
}

/// The probability of such a difference between two groups, if they last equally long.
pub fn log_rank(one: &[Spell], other: &[Spell]) -> f64 {
    let both = [one, other].concat();
    let (mut difference, mut variance) = (0.0, 0.0);
    for time in times(&both) {
        let (all, failed) = at(&both, time);
        let (of_one, failed_of_one) = at(one, time);
        let (all, failed) = (all as f64, failed as f64);
        let share = of_one as f64 / all;
        difference += failed_of_one as f64 - failed * share;
        if all > 1.0 {
            variance += failed * share * (1.0 - share) * (all - failed) / (all - 1.0);
        }
    }
    if variance > 0.0 {
        normal_tails(difference / f64::sqrt(variance))
    } else {
        1.0
    }
}

/// When something failed, each time once.
fn times(spells: &[Spell]) -> Vec<f64> {
    let failed = spells
        .iter()
        .filter(|spell| spell.failed && spell.to > spell.from);
    let mut times: Vec<f64> = failed.map(|spell| spell.to).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    times
}

/// Watched just before a time, and failed then.
#[allow(clippy::float_cmp, reason = "it is one of these times")]
fn at(spells: &[Spell], time: f64) -> (u64, u64) {
    let watched = spells
        .iter()
        .filter(|spell| spell.from < time && time <= spell.to);
    let failed = |spell: &&Spell| spell.failed && spell.to == time;
    (
        watched.clone().count() as u64,
        watched.filter(failed).count() as u64,
    )
}
