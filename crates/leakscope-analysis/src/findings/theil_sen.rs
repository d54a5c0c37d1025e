//! The slope of a noisy line: Theil and Sen's estimator, the median of the slopes between all pairs.
//!
//! Nearly a third of the points may be wild without moving it, and a single jump in an otherwise level
//! line has the slope 0.

/// The slope of `values` against their index. 0 for fewer than two values.
pub(super) fn slope(values: &[u64]) -> f64 {
    let mut slopes = Vec::with_capacity(values.len() * values.len().saturating_sub(1) / 2);
    for (first, &from) in values.iter().enumerate() {
        for (steps, &to) in values[first + 1..].iter().enumerate() {
            slopes.push((to as f64 - from as f64) / (steps + 1) as f64);
        }
    }
    slopes.sort_unstable_by(f64::total_cmp);
    match slopes.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => slopes[odd / 2],
        even => f64::midpoint(slopes[even / 2 - 1], slopes[even / 2]),
    }
}
