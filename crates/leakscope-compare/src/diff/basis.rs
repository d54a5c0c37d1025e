//! What of the recordings is compared.

use serde::Serialize;

/// What was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// How fast call sites grow.
    Growth,
    /// What was outstanding when each recording ended: a side has no history.
    Outstanding,
    /// What was outstanding at successive moments of one recording.
    Moments,
}
