//! Why nothing can be claimed of a recording, or not all.

use std::borrow::Cow;

use leakscope_report::Report;
use leakscope_report::document::problem::Problem;
use serde::{Serialize, Serializer};

/// A reason why nothing can be claimed. In JSON, it is its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// In a sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Cow<'static, str>,
    /// Whether the leaks that were found are leaks all the same: there may only be more.
    pub is_of_more: bool,
}

impl Doubt {
    /// A reason, and what to do about it.
    pub fn new(message: impl Into<String>, hint: &'static str) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
            is_of_more: false,
        }
    }

    /// The problems of a report that are called so. `hint` is for those that have none.
    pub(crate) fn of_problems(
        report: &Report,
        codes: &[&str],
        hint: &'static str,
    ) -> impl Iterator<Item = Self> {
        let problems = report.problems.iter();
        let named = problems.filter(|problem| codes.contains(&&*problem.code));
        named.map(move |problem| Self::of_problem(problem, hint))
    }

    /// A problem. `hint` is for one that has none.
    pub(crate) fn of_problem(problem: &Problem, hint: &'static str) -> Self {
        Self {
            message: problem.message.clone(),
            hint: problem.hint.clone().unwrap_or(hint.into()),
            is_of_more: false,
        }
    }
}

impl Serialize for Doubt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.message)
    }
}
