//! The answer in one sentence, and what limits it.

use std::io;

use leakscope_analysis::findings::Verdict;
use leakscope_analysis::outcome::{CallSite, Outcome};
use leakscope_analysis::problem::ProblemKind;

use super::layout::{Line, Page, Paint};
use super::{Report, enumeration};
use crate::conclusion::{Conclusion, has, is_dump, leaks};
use crate::units::{bytes, counted, duration_of_seconds, rate_per_second};

/// Before all else, if it is so: nothing can be said.
pub(super) fn write_if_mute(report: &Report<'_, '_>, page: &mut Page<'_>) -> io::Result<()> {
    if Conclusion::of(report.outcome) != Conclusion::NothingKnown {
        return Ok(());
    }
    let unnamed = has(report.outcome, |kind| {
        matches!(kind, ProblemKind::NoHeapEvents)
    });
    let why = match (unnamed, report.outcome.totals.events) {
        (true, _) => "no heap event could be named in this trace",
        (false, 0) => "this trace is empty",
        (false, _) => "this trace has no heap events",
    };
    let first = Line::new().paint(Paint::Warning, "Nothing can be said about leaks: ");
    page.paragraph(0, Line::new(), &first.plain(why))?;
    page.blank()
}

pub(super) fn write(report: &Report<'_, '_>, page: &mut Page<'_>) -> io::Result<()> {
    match Conclusion::of(report.outcome) {
        Conclusion::NothingKnown => return Ok(()),
        Conclusion::NoLeakSeen => no_leak(report, page)?,
        Conclusion::Leak => leaks_found(report, page)?,
    }
    other_faults(report.outcome, page)
}

/// What else the program did wrong: it stands further down, behind what may be a long list.
fn other_faults(outcome: &Outcome, page: &mut Page<'_>) -> io::Result<()> {
    let totals = &outcome.totals;
    let failed = totals
        .failed_allocations
        .saturating_sub(totals.failed_and_retried);
    let faults: Vec<String> = [
        (failed, "failed allocation"),
        (totals.double_frees, "double free"),
        (totals.wrong_frees, "wrong free"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, name)| counted(number, name).replace(' ', "\u{A0}"))
    .collect();
    if faults.is_empty() {
        return Ok(());
    }
    let text = format!("{} (see below)", enumeration(&faults));
    let first = Line::new().paint(Paint::Warning, "Also wrong: ");
    page.paragraph(0, Line::new(), &first.plain(text))
}

fn leaks_found(report: &Report<'_, '_>, page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    let leaks: Vec<&CallSite> = leaks(report.outcome).collect();
    let blocks: u64 = leaks.iter().map(|site| site.outstanding_blocks).sum();
    let size: u64 = leaks.iter().map(|site| site.outstanding_bytes).sum();
    let rates: Option<Vec<f64>> = leaks
        .iter()
        .map(|site| {
            report
                .clock
                .bytes_per_second(site.growth.bytes, site.growth.ticks)
        })
        .collect();
    let rate = rates
        .map(|rates| rates.iter().sum::<f64>())
        .filter(|&rate| rate > 0.0);
    let together = if leaks.len() > 1 { " together" } else { "" };
    let growth = match rate {
        Some(rate) => format!(
            ", growing by {}{together}",
            rate_per_second(rate).replace(' ', "\u{A0}")
        ),
        None => String::new(),
    };
    let blocks = counted(blocks, "block").replace(' ', "\u{A0}");
    let size = bytes(size).replace(' ', "\u{A0}");
    let sentence = format!(": {blocks}, {size} outstanding{growth}");
    let heading = counted(leaks.len() as u64, "leak");
    page.paragraph(
        0,
        Line::new(),
        &Line::new().paint(Paint::Leak, heading).strong(sentence),
    )?;
    match rate {
        Some(rate) => {
            let until = exhaustion(report.outcome, rate).unwrap_or_else(|| lasting(rate));
            page.paragraph(0, Line::new(), &until.into())
        }
        None => Ok(()),
    }
}

/// How long memory lasts at this rate, where nobody knows how much is left.
fn lasting(bytes_per_second: f64) -> String {
    const EXAMPLE: f64 = 100.0 * 1024.0;
    let time = duration_of_seconds(EXAMPLE / bytes_per_second).replace(' ', "\u{A0}");
    format!("At this rate 100\u{A0}KiB of free heap last {time}.")
}

/// When the heap is used up at this rate, if there is one heap and its size is known.
fn exhaustion(outcome: &Outcome, bytes_per_second: f64) -> Option<String> {
    let [heap] = outcome.heaps.as_slice() else {
        return None;
    };
    let size = heap.size?;
    let left = size.checked_sub(heap.outstanding_bytes)?;
    let time = duration_of_seconds(left as f64 / bytes_per_second);
    let size = bytes(size);
    Some(format!(
        "At this rate the heap of {size} is used up in {time} after the end of the trace, or earlier."
    ))
}

fn no_leak(report: &Report<'_, '_>, page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    if is_dump(report.outcome) {
        return no_history(report, page);
    }
    let heading = Line::new().paint(Paint::Good, "No leak seen");
    page.paragraph(
        0,
        Line::new(),
        &heading.plain(", as far as this trace can tell:"),
    )?;
    for limit in limits(report) {
        page.paragraph(0, "- ".into(), &limit.into())?;
    }
    Ok(())
}

/// A dump accuses nobody: it says where to look.
fn no_history(report: &Report<'_, '_>, page: &mut Page<'_>) -> io::Result<()> {
    let totals = &report.outcome.totals;
    let first = Line::new().paint(Paint::Warning, "Leak or not, a dump cannot tell");
    let text = match totals.outstanding_blocks {
        0 => ": every block in it was freed.",
        _ => {
            ": look first at call sites that hold many blocks, and compare with a later dump, or record a \
             trace."
        }
    };
    page.paragraph(0, Line::new(), &first.plain(text))
}

/// What a trace without a leak does not prove.
fn limits(report: &Report<'_, '_>) -> Vec<String> {
    let outcome = report.outcome;
    let length = report.clock.duration(outcome.totals.end);
    let mut limits = vec![format!(
        "it covers {length}: what leaves fewer than 3 blocks behind in that time does not show"
    )];
    let sites = |verdict| {
        let sites = outcome.call_sites.iter();
        sites.filter(|site| site.finding.verdict == verdict).count() as u64
    };
    match sites(Verdict::Uncertain) {
        0 if is_damaged(outcome) => {
            limits.push("data were lost: what happened there is not known".to_owned());
        }
        0 => {}
        uncertain => limits.push(format!(
            "data were lost, and could hide leaks of {}",
            counted(uncertain, "call site")
        )),
    }
    match sites(Verdict::Unclassified) {
        0 => {}
        unclassified => limits.push(format!(
            "no pattern fits {}: a longer trace may tell",
            counted(unclassified, "call site")
        )),
    }
    if has(outcome, |kind| matches!(kind, ProblemKind::NoCallStacks)) {
        limits.push("without call stacks, small leaks hide among other allocations".to_owned());
    }
    if has(outcome, |kind| matches!(kind, ProblemKind::ClockStands)) {
        limits.push("without a clock, growth over time cannot be seen".to_owned());
    }
    limits
}

fn is_damaged(outcome: &Outcome) -> bool {
    has(outcome, |kind| {
        matches!(
            kind,
            ProblemKind::Overflow { .. }
                | ProblemKind::Skipped { .. }
                | ProblemKind::AllocationLost
                | ProblemKind::FreeLost
                | ProblemKind::UnreadablePacket { .. }
        )
    })
}
