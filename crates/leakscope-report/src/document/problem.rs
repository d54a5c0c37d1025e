//! What is wrong with the data.

use std::borrow::Cow;

use leakscope_analysis::problem::{self, ProblemKind};
use serde::{Deserialize, Serialize};

use super::Facts;
use crate::advice::hint;
use crate::words::phrase;

/// Something that is wrong with the data, or that was assumed to read them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Its stable name.
    pub code: Cow<'static, str>,
    /// Whether it can change the answer.
    pub severity: Severity,
    /// What it means, in words.
    pub message: String,
    /// What to do about it.
    pub hint: Option<Cow<'static, str>>,
    /// How often it was seen.
    pub count: u64,
    /// The input it was first seen in.
    pub input: Option<String>,
    /// Where in that input it was first seen, in bytes from its start.
    pub offset: Option<u64>,
    /// When it was first seen, in seconds.
    pub time_s: Option<f64>,
    /// When it was first seen, in ticks.
    pub time_ticks: Option<u64>,
}

/// How much a problem matters, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It can change the answer.
    Grave,
    /// It is good to know.
    Note,
}

impl Severity {
    fn of(kind: &ProblemKind) -> Self {
        match kind {
            ProblemKind::BeforeStart { .. }
            | ProblemKind::NoHistory
            | ProblemKind::Cut { .. }
            | ProblemKind::UnnamedModuleEvents { .. }
            | ProblemKind::HeapModuleGuessed { .. }
            | ProblemKind::Restart
            | ProblemKind::PerhapsRestart
            | ProblemKind::Paused
            | ProblemKind::ClocksDiffer
            | ProblemKind::ElfUnchecked
            | ProblemKind::NoDebugInfo {
                has_functions: true,
            }
            | ProblemKind::SeveralDumps { .. }
            | ProblemKind::TooMany => Self::Note,
            _ => Self::Grave,
        }
    }
}

impl Problem {
    pub(super) fn new(facts: &Facts<'_>, inputs: &[String], problem: &problem::Problem) -> Self {
        Self {
            code: problem.kind.code().into(),
            severity: Severity::of(&problem.kind),
            message: phrase(&problem.kind.message(problem.count), facts.clock),
            hint: hint(&problem.kind, inputs.len()).map(Cow::Borrowed),
            count: problem.count,
            input: inputs.get(problem.input).cloned(),
            offset: problem.offset,
            time_s: problem.time.and_then(|ticks| facts.seconds(ticks)),
            time_ticks: problem.time,
        }
    }
}
