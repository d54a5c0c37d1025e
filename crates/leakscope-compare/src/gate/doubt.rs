//! Why nothing can be claimed of a report, or nothing beside what fails.

use leakscope_report::units::counted;
use leakscope_report::{Conclusion, Report, Standing};

use super::Gate;
use crate::doubt::Doubt;
use crate::{data, filter, program};

/// What to do about a recording that saw too little.
const AGAIN: &str = "a gate that saw nothing is no success: record again, longer and without loss";

/// What to do about a recording that lacks what was not to be recorded, if sums are limited …
const ALL: &str =
    "record without a filter: --max-growth, --max-outstanding and --max-peak are about all blocks";

/// … if leaks are asked for …
const FILTER: &str = "record without a filter; or --allow-filtered judges by what was recorded";

/// … and if the baseline is of other blocks.
const ANOTHER_BASELINE: &str =
    "write a baseline of its own for each filter (--baseline FILE --write-baseline)";

/// Adds the reasons.
pub(super) fn doubt(gate: &Gate, report: &Report, reasons: &mut Vec<Doubt>) {
    if report.conclusion == Conclusion::NothingKnown {
        reasons.push(Doubt::new(&*report.headline, AGAIN));
        return;
    }
    reasons.extend(data::part(report));
    let leaks = report
        .call_sites
        .iter()
        .filter(|site| site.standing == Standing::Leak);
    if leaks.count() as u64 != report.totals.leaks {
        reasons.push(Doubt::new(
            "it contradicts itself: the sum of leaks is not that of its call sites",
            "save the report anew, from its recording",
        ));
    }
    reasons.extend(program::doubts(report));
    reasons.extend(data::doubts(report));
    doubt_filter(gate, report, reasons);
    let doubtful = report.totals.doubtful_frees;
    if doubtful > 0 {
        let what = format!(
            "{} may be double or wrong: what became of the blocks before is not known for sure",
            counted(doubtful, "free")
        );
        reasons.push(Doubt::new(what, AGAIN));
    }
    if !report.trace.has_history {
        doubt_dump(gate, report, reasons);
    } else if report.is_uncertain() {
        reasons.push(if report.conclusion == Conclusion::Uncertain {
            Doubt::new(&*report.headline, AGAIN)
        } else {
            let what = "there may be more leaks than were found: not all call sites can be judged";
            Doubt {
                is_of_more: true,
                ..Doubt::new(what, AGAIN)
            }
        });
    }
}

/// A leak of blocks that were not to be recorded does not show, nor are they in any sum; and what grew so fast in a part is not
/// what a baseline knows of another.
fn doubt_filter(gate: &Gate, report: &Report, reasons: &mut Vec<Doubt>) {
    if gate.limits.are_of_sums() {
        reasons.extend(filter::doubt(report, ALL));
    } else if !gate.allow_filtered {
        reasons.extend(filter::doubt(report, FILTER));
    }
    let Some((file, baseline)) = &gate.baseline else {
        return;
    };
    if !baseline.is_of_filter_of(report) {
        let what = format!(
            "`{file}` is of recordings with another filter: whether a known leak grows faster cannot be told"
        );
        reasons.push(Doubt {
            is_of_more: true,
            ..Doubt::new(what, ANOTHER_BASELINE)
        });
    }
}

/// A dump has no history: it is judged by what it may hold.
fn doubt_dump(gate: &Gate, report: &Report, reasons: &mut Vec<Doubt>) {
    let limits = &gate.limits;
    let is_asked = limits.max_outstanding.is_some() || gate.baseline.is_some();
    if !is_asked && report.totals.outstanding_blocks > 0 {
        reasons.push(Doubt::new(
            "a dump has no history: --max-outstanding or --baseline says what it may hold",
            "say what the dump may hold, with --max-outstanding SIZE or --baseline FILE; or record over time",
        ));
    }
    let asks = [
        (limits.max_peak.is_some(), "--max-peak", "no peak"),
        (limits.max_growth.is_some(), "--max-growth", "no growth"),
    ];
    for (_, option, what) in asks.into_iter().filter(|ask| ask.0) {
        reasons.push(Doubt::new(
            format!("a dump has {what}: {option} cannot be answered"),
            "--max-outstanding is a limit for dumps; or record over time",
        ));
    }
}
