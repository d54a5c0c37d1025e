//! The report as a program reads it: `{"schema":"leakscope.report","version":1,…}`.
//!
//! Every field is documented in `docs/report-json.md`; a test holds document and output together. Fields
//! are always there: what is not known is `null`. Units are in the names, addresses are strings. The
//! text is complete, but a terminal that shows it is safe: see [`write()`].
mod anomaly;
mod call_site;
mod escape;
mod problem;
mod stack;
mod totals;
mod trace;
mod usage;

use std::io::{self, Write};

use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::Context;
use serde::{Serialize, Serializer};

use crate::conclusion::Conclusion;
use crate::symbolizer::Symbolizer;
use crate::units::Clock;

pub(crate) use escape::Escaped;
pub(crate) use stack::FrameObject;

/// The name of the schema.
pub const SCHEMA: &str = "leakscope.report";
/// Its version. It changes when a field is removed or changes its meaning, not when one is added.
pub const VERSION: u32 = 1;

/// Writes the report, and a line break.
///
/// `inputs` are the names of the inputs, in the order in which problems count them; it may be empty.
/// Control characters and those that change the direction of text are written as `\u…`, so that names
/// from a device do no harm to a terminal and nothing of them is lost.
///
/// # Errors
/// Only those of `out`.
pub fn write(
    out: &mut dyn Write,
    outcome: &Outcome,
    symbolizer: &mut Symbolizer<'_>,
    inputs: &[String],
) -> io::Result<()> {
    let view = View {
        outcome,
        clock: Clock::new(outcome.target.timestamp_hz, outcome.totals.end),
    };
    let mut call_sites = Vec::with_capacity(outcome.call_sites.len());
    for site in &outcome.call_sites {
        call_sites.push(call_site::CallSite::new(view, symbolizer, site));
    }
    let report = Report {
        schema: SCHEMA,
        version: VERSION,
        conclusion: Conclusion::of(outcome).name(),
        trace: trace::Trace::new(view, inputs),
        totals: totals::Totals::new(view),
        call_sites,
        anomalies: (outcome.anomalies.iter())
            .map(|anomaly| anomaly::Anomaly::new(view, symbolizer, anomaly))
            .collect(),
        failed_allocations: (outcome.failed_allocations.iter())
            .map(|failure| anomaly::FailedAllocation::new(view, symbolizer, failure))
            .collect(),
        peak: usage::Peak::new(view),
        contexts: (outcome.contexts.iter())
            .map(|usage| usage::Context::new(view, usage))
            .collect(),
        heaps: outcome.heaps.iter().map(usage::Heap::new).collect(),
        sessions: (outcome.sessions.iter())
            .map(|session| trace::Session::new(view, session))
            .collect(),
        tasks: outcome.tasks.iter().map(trace::Task::new).collect(),
        problems: (outcome.problems.iter())
            .map(|problem| problem::Problem::new(view, inputs, problem))
            .collect(),
    };
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Escaped::pretty());
    report.serialize(&mut serializer)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Report<'r> {
    schema: &'static str,
    version: u32,
    conclusion: &'static str,
    trace: trace::Trace<'r>,
    totals: totals::Totals,
    call_sites: Vec<call_site::CallSite>,
    anomalies: Vec<anomaly::Anomaly>,
    failed_allocations: Vec<anomaly::FailedAllocation>,
    peak: usage::Peak,
    contexts: Vec<usage::Context>,
    heaps: Vec<usage::Heap>,
    sessions: Vec<trace::Session>,
    tasks: Vec<trace::Task<'r>>,
    problems: Vec<problem::Problem>,
}

/// What the parts are made from.
#[derive(Clone, Copy)]
struct View<'r> {
    outcome: &'r Outcome,
    clock: Clock,
}

impl View<'_> {
    fn context(self, context: Context) -> String {
        self.outcome.context_name(context)
    }

    fn seconds(self, ticks: u64) -> Option<f64> {
        self.clock.seconds(ticks)
    }
}

/// An address, as a string: "0x40081f34".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address(pub(crate) u64);

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#010x}", self.0))
    }
}
