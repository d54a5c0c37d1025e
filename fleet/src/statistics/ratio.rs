//! By how much rates differ: the ratio of means, and its interval by choosing devices anew (bootstrap).

use fastrand::Rng;

use super::{Stratum, chance, mean};

/// How often devices are chosen.
const ROUNDS: usize = 2000;

/// Two mean rates, and how they compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Of the version before.
    pub old: f64,
    /// Of the version that is asked about.
    pub new: f64,
    /// New to old; infinite where there was nothing before.
    pub ratio: f64,
    /// The ends of its interval.
    pub interval: (f64, f64),
}

impl Ratio {
    fn new((old, new): (f64, f64), chosen: impl FnMut() -> (f64, f64)) -> Self {
        let chosen = std::iter::repeat_with(chosen);
        Self {
            old,
            new,
            ratio: quotient((old, new)),
            interval: middle(chosen.map(quotient)),
        }
    }
}

/// Of mean rates within strata, weighted as the new devices are spread over them. `None` without strata, each of which
/// has old and new devices.
pub fn of_strata(strata: &[Stratum]) -> Option<Ratio> {
    let all: usize = strata.iter().map(|stratum| stratum.new.len()).sum();
    let means = |mean_of: &mut dyn FnMut(&[f64]) -> f64| {
        strata.iter().fold((0.0, 0.0), |(old, new), stratum| {
            let weight = stratum.new.len() as f64 / all as f64;
            let (old_here, new_here) = (mean_of(&stratum.old), mean_of(&stratum.new));
            (old + weight * old_here, new + weight * new_here)
        })
    };
    let mut chance = chance();
    let mut of_chosen = |rates: &[f64]| mean_of_chosen(&mut chance, rates);
    (all > 0).then(|| Ratio::new(means(&mut mean), || means(&mut of_chosen)))
}

/// Of rates (old, new) on the same devices. `None` without devices.
pub fn of_pairs(pairs: &[(f64, f64)]) -> Option<Ratio> {
    let count = pairs.len();
    let means = |pair_of: &mut dyn FnMut(usize) -> usize| {
        let chosen = (0..count).map(|place| pairs[pair_of(place)]);
        let (old, new) = chosen.fold((0.0, 0.0), |sums, pair| (sums.0 + pair.0, sums.1 + pair.1));
        (old / count as f64, new / count as f64)
    };
    let mut chance = chance();
    let mut chosen = |_| chance.usize(..count);
    (count > 0).then(|| Ratio::new(means(&mut |place| place), || means(&mut chosen)))
}

/// The interval of a mean over devices; of one device, nothing is known of it.
pub fn mean_interval(values: &[f64]) -> (f64, f64) {
    if values.len() < 2 {
        return (0.0, f64::INFINITY);
    }
    let mut chance = chance();
    middle(std::iter::repeat_with(|| {
        mean_of_chosen(&mut chance, values)
    }))
}

/// The mean of as many values as there are, each chosen among all.
fn mean_of_chosen(chance: &mut Rng, values: &[f64]) -> f64 {
    let chosen = values.iter().map(|_| values[chance.usize(..values.len())]);
    chosen.sum::<f64>() / values.len() as f64
}

fn quotient((old, new): (f64, f64)) -> f64 {
    if new == 0.0 && old == 0.0 {
        1.0
    } else {
        new / old
    }
}

/// The ends of the middle 95 of 100.
fn middle(chosen: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut all: Vec<f64> = chosen.take(ROUNDS).collect();
    all.sort_by(f64::total_cmp);
    let beyond = ROUNDS / 40;
    (all[beyond], all[ROUNDS - 1 - beyond])
}
