//! Whether a share of devices differs between two versions, within strata: Fisher's exact test, and of several strata the
//! exact test of a common odds ratio (Cochran, Mantel and Haenszel), which is the same of one.

use statrs::function::factorial::ln_binomial;

/// Devices of one stratum: those that show something, of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of the old version.
    pub old: (u64, u64),
    /// Of the new version.
    pub new: (u64, u64),
}

/// The probability of so uneven a distribution or a rarer one, if the versions do not differ in any stratum.
pub fn stratified(strata: &[Counts]) -> f64 {
    // The number of new devices that show it, over all strata: how probable each is.
    let mut distribution = vec![1.0];
    let mut observed = 0;
    for counts in strata {
        let (from, probabilities) = of_stratum(*counts);
        observed += (counts.new.0 - from) as usize;
        let mut sums = vec![0.0; distribution.len() + probabilities.len() - 1];
        for (place, before) in distribution.iter().enumerate() {
            for (more, probability) in probabilities.iter().enumerate() {
                sums[place + more] += before * probability;
            }
        }
        distribution = sums;
    }
    // Equal probabilities differ in their last digits.
    let limit = distribution[observed] * (1.0 + 1e-7);
    let rarer = distribution
        .iter()
        .filter(|&&probability| probability <= limit);
    rarer.sum::<f64>().min(1.0)
}

/// The least number of new devices that can show it, and the probabilities from that on (hypergeometric).
fn of_stratum(counts: Counts) -> (u64, Vec<f64>) {
    let Counts { old, new } = counts;
    let shown = old.0 + new.0;
    let all = old.1 + new.1;
    let from = shown.saturating_sub(old.1);
    let to = shown.min(new.1);
    let probability = |count: u64| {
        let ways = ln_binomial(new.1, count) + ln_binomial(old.1, shown - count);
        (ways - ln_binomial(all, shown)).exp()
    };
    (from, (from..=to).map(probability).collect())
}
