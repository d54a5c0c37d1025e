//! What can be claimed of many devices. A value is a device's, never a block's or a recording's.
//!
//! - [`proportion`]: on how many of so many devices; [`exact`]: whether that differs, within strata.
//! - [`paired`] and [`permutation`]: whether rates differ, on the same devices or within strata; [`ratio`]: by how much.
//! - [`survival`]: how long devices last; [`slope`]: whether something grows along something else.
//!
//! All tests are two-sided, all intervals hold in 95 of 100 cases.
pub mod exact;
pub mod paired;
pub mod permutation;
pub mod proportion;
pub mod ratio;
pub mod slope;
pub mod survival;

use fastrand::Rng;
pub use leakscope_compare::diff::{LEVEL, discoveries};
use statrs::function::erf::erfc;

/// Beyond which a normal variable lies in 5 of 100 cases.
pub(crate) const NORMAL: f64 = 1.959_963_984_540_054;

/// The probability that a normal variable lies as far from its mean or farther, in standard deviations.
pub(crate) fn normal_tails(distance: f64) -> f64 {
    erfc(distance.abs() / std::f64::consts::SQRT_2)
}

/// Numbers as if by chance, the same each time: an answer must not change when it is asked for again.
pub(crate) fn chance() -> Rng {
    Rng::with_seed(0x6c65_616b_7363_6f70)
}

/// The middle of values, the mean of two where there are two; `None` of none. Sorts them.
pub fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

/// The mean; 0 of none.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Old and new devices of one product and hardware, a rate each: what may be compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stratum {
    /// Of the version before.
    pub old: Vec<f64>,
    /// Of the version that is asked about.
    pub new: Vec<f64>,
}

/// One of many things that were tested.
pub(crate) struct Tested<T> {
    pub(crate) of: T,
    /// The probability that it is chance.
    pub(crate) p: f64,
    /// The same, as so many were tested.
    pub(crate) q: f64,
}

impl<T> Tested<T> {
    /// Whether something may be claimed.
    pub(crate) fn holds(&self) -> bool {
        self.q <= LEVEL
    }
}

/// Things with their probabilities, the least probable first.
pub(crate) fn tested<T>(things: impl Iterator<Item = (T, f64)>) -> Vec<Tested<T>> {
    let (things, p): (Vec<T>, Vec<f64>) = things.unzip();
    let levels = p.iter().zip(discoveries(&p));
    let tested = things.into_iter().zip(levels);
    let mut tested: Vec<_> = tested.map(|(of, (&p, q))| Tested { of, p, q }).collect();
    tested.sort_by(|one, other| one.p.total_cmp(&other.p));
    tested
}
