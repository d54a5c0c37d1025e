//! Whether rates differ between devices of two versions: which version a device has is permuted within its stratum, so that
//! hardware which leaks more explains nothing.

use super::{Stratum, chance, mean};

/// The most permutations that are drawn …
const MOST: u32 = 20_000;

/// … and no more than it takes until so many are as extreme (Besag and Clifford).
const ENOUGH: u32 = 20;

/// The probability of such a difference, if a device's rate has nothing to do with its version. Each stratum has old and
/// new devices.
pub fn stratified(strata: &[Stratum]) -> f64 {
    let joined = |stratum: &Stratum| ([&*stratum.new, &*stratum.old].concat(), stratum.new.len());
    let mut strata: Vec<(Vec<f64>, usize)> = strata.iter().map(joined).collect();
    let expected = strata.iter().map(|(rates, new)| mean(rates) * *new as f64);
    let expected: f64 = expected.sum();
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
    let mut chance = chance();
    let mut extreme = 0;
    for count in 1..=MOST {
        for (rates, new) in &mut strata {
            for place in 0..*new {
                let other = chance.usize(place..rates.len());
                rates.swap(place, other);
            }
        }
        extreme += u32::from(distance(&strata) >= observed);
        if extreme == ENOUGH {
            return f64::from(extreme) / f64::from(count);
        }
    }
    f64::from(extreme + 1) / f64::from(MOST + 1)
}
