//! The slope of a noisy line: Theil and Sen's estimator, the median of the slopes between all pairs.
//!
//! Nearly a third of the points may be wild without moving it, and a single jump in an otherwise level
//! line has the slope 0.

/// The slope of `values` against their index. 0 for fewer than two values.
pub fn slope(values: &[u64]) -> f64 {
    let mut slopes = Vec::with_capacity(values.len() * values.len().saturating_sub(1) / 2);
    for (first, &from) in values.iter().enumerate() {
        for (steps, &to) in values[first + 1..].iter().enumerate() {
            slopes.push((to as f64 - from as f64) / (steps + 1) as f64);
        }
    }
    let count = slopes.len();
    if count == 0 {
        return 0.0;
    }
    let (lower, &mut middle, _) = slopes.select_nth_unstable_by(count / 2, f64::total_cmp);
    match lower.iter().copied().max_by(f64::total_cmp) {
        Some(below) if count.is_multiple_of(2) => f64::midpoint(below, middle),
        _ => middle,
    }
}
