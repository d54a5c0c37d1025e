//! What is made of verdicts: the one place that says whether a call site is a leak. Rules that excuse leaks, and baselines of
//! known ones, are of a check, in `leakscope-compare`.

use leakscope_analysis::findings::{Confidence, Verdict};
use serde::{Deserialize, Serialize};

/// What a call site counts as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It leaks.
    Leak,
    /// It leaks, and the rule of this name excuses that.
    Suppressed(String),
    /// It leaks, and did so when the baseline of this name was made.
    Known(String),
    /// It may leak or not: not all was seen, or no pattern fits.
    Unknown,
    /// It does not leak, as far as the trace can tell.
    Fine,
}

impl Standing {
    /// Its name, without that of a rule or a baseline.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Leak => "leak",
            Self::Suppressed(_) => "suppressed",
            Self::Known(_) => "known",
            Self::Unknown => "unknown",
            Self::Fine => "fine",
        }
    }
}

/// What a call site with this verdict counts as. A few lost blocks are no leak yet: a program may keep a pointer in a form
/// that nobody knows.
pub(crate) fn standing(verdict: Verdict, confidence: Confidence) -> Standing {
    match verdict {
        verdict if verdict.is_leak() => Standing::Leak,
        Verdict::Lost if confidence == Confidence::High => Standing::Leak,
        Verdict::Uncertain | Verdict::Unclassified | Verdict::Lost => Standing::Unknown,
        _ => Standing::Fine,
    }
}

/// Whether a call site with this verdict can count as a leak, if it is sure enough: what fails a check, and what a rule can
/// excuse.
pub fn can_be_leak(verdict: Verdict) -> bool {
    standing(verdict, Confidence::High) == Standing::Leak
}
