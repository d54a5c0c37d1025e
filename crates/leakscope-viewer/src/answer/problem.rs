//! What is wrong with the data.

use leakscope_analysis::problem::{self, ProblemKind};
use leakscope_report::advice::hint;
use leakscope_report::sanitise;
use leakscope_report::units::Clock;
use leakscope_report::words::phrase;
use serde::Serialize;

/// Something that is wrong.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Problem {
    code: &'static str,
    message: String,
    hint: Option<&'static str>,
    count: u64,
    time: Option<u64>,
    grave: bool,
}

impl Problem {
    pub(super) fn new(problem: &problem::Problem, clock: Clock) -> Self {
        let message = phrase(&problem.kind.message(problem.count), clock);
        Self {
            code: problem.kind.code(),
            message: sanitise(&message).into_owned(),
            hint: hint(&problem.kind),
            count: problem.count,
            time: problem.time,
            grave: is_grave(&problem.kind),
        }
    }
}

/// Whether it can change the answer.
fn is_grave(kind: &ProblemKind) -> bool {
    !matches!(
        kind,
        ProblemKind::BeforeStart { .. }
            | ProblemKind::NoHistory
            | ProblemKind::Cut { .. }
            | ProblemKind::UnnamedModuleEvents { .. }
            | ProblemKind::HeapModuleGuessed { .. }
            | ProblemKind::Restart
            | ProblemKind::Paused
            | ProblemKind::ClocksDiffer
            | ProblemKind::TooMany
    )
}
