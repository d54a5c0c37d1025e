//! By how much rates differ: the ratio of means, and its interval by choosing devices anew.

use super::random::Random;
use super::{Stratum, mean};

/// How often devices are chosen.
const ROUNDS: usize = 2000;

/// New to old: the ratio of mean rates within strata, weighted as the new devices are spread over them, and its interval.
/// `None` if no stratum has both; infinite where there was nothing before.
pub fn ratio(strata: &[Stratum]) -> Option<(f64, (f64, f64))> {
    let both = |stratum: &&Stratum| !stratum.old.is_empty() && !stratum.new.is_empty();
    let strata: Vec<&Stratum> = strata.iter().filter(both).collect();
    let of = |mean_of: &mut dyn FnMut(&[f64]) -> f64| {
        let mut sums = (0.0, 0.0);
        for stratum in &strata {
            let weight = stratum.new.len() as f64;
            sums.0 += weight * mean_of(&stratum.new);
            sums.1 += weight * mean_of(&stratum.old);
        }
        quotient(sums.0, sums.1)
    };
    let observed = (!strata.is_empty()).then(|| of(&mut mean))?;
    let mut random = Random::new();
    let again = || of(&mut |rates| random.mean_of_chosen(rates));
    Some((observed, middle(std::iter::repeat_with(again))))
}

/// The same of rates (old, new) on the same devices.
pub fn paired_ratio(pairs: &[(f64, f64)]) -> Option<(f64, (f64, f64))> {
    if pairs.is_empty() {
        return None;
    }
    let sums = |pairs: &mut dyn Iterator<Item = &(f64, f64)>| {
        let (old, new) = pairs.fold((0.0, 0.0), |sums, pair| (sums.0 + pair.0, sums.1 + pair.1));
        quotient(new, old)
    };
    let observed = sums(&mut pairs.iter());
    let mut random = Random::new();
    let again = || sums(&mut pairs.iter().map(|_| &pairs[random.below(pairs.len())]));
    Some((observed, middle(std::iter::repeat_with(again))))
}

/// The interval of a mean over devices; of one device, nothing is known of it.
pub fn mean_interval(values: &[f64]) -> (f64, f64) {
    if values.len() < 2 {
        return (0.0, f64::INFINITY);
    }
    let mut random = Random::new();
    middle(std::iter::repeat_with(|| random.mean_of_chosen(values)))
}

fn quotient(new: f64, old: f64) -> f64 {
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
