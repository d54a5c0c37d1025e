//! Why nothing can be claimed of a report in which nothing fails.

use leakscope_report::{Conclusion, Report, Standing};

use super::Gate;
use crate::program;

/// Problems of a dump that mean that it holds more than was read.
const TORN: [&str; 4] = [
    "dump-cut-off",
    "dump-interrupted",
    "dump-sums-differ",
    "records-evicted",
];

/// Adds the reasons, a sentence each.
pub(super) fn doubt(gate: &Gate, report: &Report, reasons: &mut Vec<String>) {
    if report.conclusion == Conclusion::NothingKnown {
        reasons.push(report.headline.clone());
        return;
    }
    if let Some(part) = &report.part {
        reasons.push(format!("it is a report on a part of a recording: {part}"));
    }
    let leaks = report
        .call_sites
        .iter()
        .filter(|site| site.standing == Standing::Leak);
    if leaks.count() as u64 != report.totals.leaks {
        reasons.push(
            "it contradicts itself: the sum of leaks is not that of its call sites".to_owned(),
        );
    }
    reasons.extend(program::doubts(report));
    if !report.trace.has_history {
        doubt_dump(gate, report, reasons);
    } else if report.is_uncertain() {
        reasons.push(if report.conclusion == Conclusion::Uncertain {
            report.headline.clone()
        } else {
            "there may be more leaks than were found: data were lost where it matters".to_owned()
        });
    }
}

/// A dump has no history: it is judged by what it may hold, and holds what was read only if it is whole.
fn doubt_dump(gate: &Gate, report: &Report, reasons: &mut Vec<String>) {
    let limits = &gate.limits;
    let is_asked = limits.max_outstanding.is_some() || gate.baseline.is_some();
    if !is_asked && report.totals.outstanding_blocks > 0 {
        let what = "a dump has no history: --max-outstanding or --baseline says what it may hold";
        reasons.push(what.to_owned());
    }
    let asks = [
        (limits.max_peak.is_some(), "--max-peak", "no peak"),
        (limits.max_growth.is_some(), "--max-growth", "no growth"),
    ];
    for (_, option, what) in asks.into_iter().filter(|ask| ask.0) {
        reasons.push(format!("a dump has {what}: {option} cannot be answered"));
    }
    let torn = report
        .problems
        .iter()
        .filter(|problem| TORN.contains(&&*problem.code));
    reasons.extend(torn.map(|problem| problem.message.clone()));
}
