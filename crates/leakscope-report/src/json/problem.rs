//! What is wrong with the data.

use leakscope_analysis::problem;
use serde::Serialize;

use super::View;
use crate::advice::hint;
use crate::words::phrase;

#[derive(Serialize)]
pub(super) struct Problem {
    code: &'static str,
    message: String,
    hint: Option<&'static str>,
    count: u64,
    input: Option<String>,
    offset: Option<u64>,
    time_s: Option<f64>,
    time_ticks: Option<u64>,
}

impl Problem {
    pub(super) fn new(view: View<'_>, inputs: &[String], problem: &problem::Problem) -> Self {
        Self {
            code: problem.kind.code(),
            message: phrase(&problem.kind.message(problem.count), view.clock),
            hint: hint(&problem.kind),
            count: problem.count,
            input: inputs.get(problem.input).cloned(),
            offset: problem.offset,
            time_s: problem.time.and_then(|ticks| view.seconds(ticks)),
            time_ticks: problem.time,
        }
    }
}
