//! Whether rates differ between devices of two versions: which version a device has is permuted within its stratum, so that
//! hardware which leaks more explains nothing.

use super::random::Random;
use super::{Stratum, mean};

/// The most permutations that are drawn …
const MOST: u32 = 20_000;

/// … and no more than it takes until so many are as extreme (Besag and Clifford).
const ENOUGH: u32 = 20;

/// The probability of such a difference, if a device's rate has nothing to do with its version.
pub fn stratified(strata: &[Stratum]) -> f64 {
    let strata: Vec<(Vec<f64>, usize)> = strata
        .iter()
        .filter(|stratum| !stratum.old.is_empty() && !stratum.new.is_empty())
        .map(|stratum| ([&*stratum.new, &*stratum.old].concat(), stratum.new.len()))
        .collect();
    let expected: f64 = strata
        .iter()
        .map(|(rates, new)| mean(rates) * *new as f64)
        .sum();
    let distance = |strata: &[(Vec<f64>, usize)]| {
        let sums = strata
            .iter()
            .map(|(rates, new)| rates[..*new].iter().sum::<f64>());
        (sums.sum::<f64>() - expected).abs()
    };
    // What differs by rounding is equal.
    let observed = distance(&strata) - expected.abs() * 1e-12;
    if observed <= 0.0 {
        return 1.0;
    }
    let mut random = Random::new();
    let mut permuted = strata;
    let mut extreme = 0;
    for count in 1..=MOST {
        for (rates, new) in &mut permuted {
            random.choose(rates, *new);
        }
        extreme += u32::from(distance(&permuted) >= observed);
        if extreme == ENOUGH {
            return f64::from(extreme) / f64::from(count);
        }
    }
    f64::from(extreme + 1) / f64::from(MOST + 1)
}
