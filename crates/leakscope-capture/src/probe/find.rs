//! Which debug probe is meant.

use super::error::ProbeError;

/// A debug probe that is connected to this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What selects it: `0483:374b:066DFF`.
    pub selector: String,
    /// What it calls itself.
    pub name: String,
    /// Whether the system lets us use it.
    pub is_accessible: bool,
}

impl Found {
    /// The one that is meant: the one in `found` that `matching` has, or the only one if nothing was selected.
    ///
    /// `found` are all of them, and `matching` the numbers of those that fit `selector`.
    pub fn choose(
        found: &[Self],
        matching: &[usize],
        selector: Option<&str>,
    ) -> Result<usize, ProbeError> {
        let describe = |numbers: &[usize]| numbers.iter().map(|&at| found[at].describe()).collect();
        let all: Vec<usize> = (0..found.len()).collect();
        match (matching, selector) {
            ([], Some(selector)) => Err(ProbeError::NotThere {
                selector: selector.to_owned(),
                others: describe(&all),
            }),
            ([], None) => Err(ProbeError::NoProbe),
            (&[at], _) if !found[at].is_accessible => {
                Err(ProbeError::NoPermission(found[at].describe()))
            }
            (&[at], _) => Ok(at),
            (several, _) => Err(ProbeError::Several(describe(several))),
        }
    }

    /// Its selector, and its name.
    pub fn describe(&self) -> String {
        format!("{} ({})", self.selector, self.name)
    }
}
