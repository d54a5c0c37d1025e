//! Whether rates differ on the same devices: Wilcoxon's signed ranks.

use super::normal_tails;

/// Up to this many differences, all signs are counted out.
const EXACT: usize = 50;

/// The fewest pairs that can be significant at all: 2 of 2⁶ signs are 3 in 100.
pub const FEWEST: usize = 6;

/// The probability of such differences if their signs are chance. Differences of 0 are left out; equal ones share ranks.
#[allow(clippy::float_cmp, reason = "ties are equal to the last bit")]
pub fn signed_ranks(differences: &[f64]) -> f64 {
    let mut differences: Vec<f64> = differences
        .iter()
        .copied()
        .filter(|&difference| difference != 0.0)
        .collect();
    if differences.is_empty() {
        return 1.0;
    }
    differences.sort_by(|one, other| one.abs().total_cmp(&other.abs()));
    // Twice the ranks, so that shared ones are whole numbers.
    let mut ranks: Vec<usize> = Vec::with_capacity(differences.len());
    let mut ties = 0.0;
    for equal in differences.chunk_by(|one, other| one.abs() == other.abs()) {
        let before = ranks.len();
        ranks.extend(equal.iter().map(|_| 2 * before + equal.len() + 1));
        let count = equal.len() as f64;
        ties += count.powi(3) - count;
    }
    let signed = differences.iter().zip(&ranks);
    let positive: usize = signed
        .filter(|(difference, _)| **difference > 0.0)
        .map(|(_, rank)| rank)
        .sum();
    let count = ranks.len() as f64;
    if ranks.len() > EXACT {
        let middle = count * (count + 1.0) / 4.0;
        let variance = count * (count + 1.0) * (2.0 * count + 1.0) / 24.0 - ties / 48.0;
        return normal_tails((positive as f64 / 2.0 - middle) / variance.sqrt());
    }
    let most: usize = ranks.iter().sum();
    let mut share = vec![0.0; most + 1];
    share[0] = 1.0;
    for rank in ranks {
        for sum in (0..=most).rev() {
            let with = if sum >= rank { share[sum - rank] } else { 0.0 };
            share[sum] = f64::midpoint(share[sum], with);
        }
    }
    let below: f64 = share[..=positive].iter().sum();
    let above: f64 = share[positive..].iter().sum();
    (2.0 * below.min(above)).min(1.0)
}
