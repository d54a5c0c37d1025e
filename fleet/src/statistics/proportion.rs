//! Shares of devices.

use super::NORMAL;

/// The interval of a share, when `count` of `all` were seen (Wilson); everything, if nothing was watched.
pub fn wilson(count: u64, all: u64) -> (f64, f64) {
    if all == 0 {
        return (0.0, 1.0);
    }
    let all = all as f64;
    let share = count as f64 / all;
    let square = NORMAL * NORMAL;
    let middle = share + square / (2.0 * all);
    let width = NORMAL * (share * (1.0 - share) / all + square / (4.0 * all * all)).sqrt();
    let whole = 1.0 + square / all;
    let low = ((middle - width) / whole).max(0.0);
    let high = ((middle + width) / whole).min(1.0);
    (low, high)
}

/// The rate that can be excluded when nothing was seen in so much watching: the rule of three.
pub fn rule_of_three(exposure: f64) -> f64 {
    3.0 / exposure
}
