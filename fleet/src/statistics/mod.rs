//! What can be claimed of many devices. A value is a device's, never a block's or a recording's.
//!
//! - [`proportion`]: on how many of so many devices; [`exact`]: whether that differs, within strata.
//! - [`paired`] and [`permutation`]: whether rates differ, on the same devices or within strata; [`bootstrap`]: by how much.
//! - [`survival`]: how long devices last; [`slope`]: whether something grows along something else.
//! - `random` makes numbers that are the same each time.
//!
//! All tests are two-sided, all intervals hold in 95 of 100 cases.
pub mod bootstrap;
pub mod exact;
pub mod paired;
pub mod permutation;
pub mod proportion;
mod random;
pub mod slope;
pub mod survival;

pub use leakscope_compare::diff::{LEVEL, discoveries};

use statrs::function::erf::erfc;

/// Beyond which a normal variable lies in 5 of 100 cases.
pub(crate) const NORMAL: f64 = 1.959_963_984_540_054;

/// The probability that a normal variable lies as far from its mean or farther, in standard deviations.
pub(crate) fn normal_tails(distance: f64) -> f64 {
    erfc(distance.abs() / std::f64::consts::SQRT_2)
}

/// The middle of values, the mean of two where there are two; `None` of none.
pub fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], upper)
    } else {
        upper
    })
}

/// The mean; 0 of none.
pub(crate) fn mean(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.iter().sum::<f64>() / values.len() as f64
}

/// Old and new devices of one product and hardware, a rate each: what may be compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stratum {
    /// Of the version before.
    pub old: Vec<f64>,
    /// Of the version that is asked about.
    pub new: Vec<f64>,
}
