//! What was read.

use std::io;

use super::layout::{Line, Page};
use super::{View, cores, short_name};
use crate::conclusion::Conclusion;
use crate::units::{bytes_with_unit, count, counted};

/// The width of the labels' column.
const LABELS: usize = 12;

pub(super) fn write(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    labelled(page, "Target", &target(view))?;
    labelled(page, "Recorded", &recorded(view))?;
    if view.report.conclusion != Conclusion::NothingKnown {
        labelled(page, "Heap", &heap(view))?;
        labelled(page, "At the end", &at_the_end(view))?;
    }
    if view.report.sessions.len() > 1 {
        labelled(page, "Sessions", &sessions(view))?;
    }
    Ok(())
}

fn labelled(page: &mut Page<'_>, label: &str, text: &str) -> io::Result<()> {
    let label = Line::new().dim(format!("{label:<LABELS$}"));
    page.paragraph(0, label, &text.into())
}

fn target(view: &View<'_>) -> String {
    let target = &view.report.trace;
    let named = |name: &Option<String>| name.as_deref().map(short_name);
    let mut parts: Vec<String> = [
        named(&target.application),
        named(&target.device).map(|device| format!("on {device}")),
        named(&target.operating_system),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        parts.push("unnamed".to_owned());
    }
    if !target.cores.is_empty() {
        parts.push(cores(&target.cores));
    }
    // "Application on esp32, FreeRTOS, core 0"
    parts.join(", ").replacen(", on ", " on ", 1)
}

fn recorded(view: &View<'_>) -> String {
    let totals = &view.report.totals;
    if !view.report.trace.has_history {
        return format!("a dump of {}", counted(totals.events, "record"));
    }
    let copies = match totals.copies {
        0 => String::new(),
        copies => format!(" ({} in both cores' files)", count(copies)),
    };
    unbroken(&[
        view.clock.duration(view.report.trace.length_ticks),
        counted(totals.events, "event") + &copies,
        counted(totals.log_messages, "log message"),
        counted(view.report.session_count(), "session"),
    ])
}

fn heap(view: &View<'_>) -> String {
    let totals = &view.report.totals;
    let mut parts = vec![
        counted(totals.allocations, "allocation"),
        counted(totals.frees, "free"),
    ];
    let occasional = [
        (totals.reallocations, "reallocation", "reallocations"),
        (
            totals.failed_allocations,
            "failed allocation",
            "failed allocations",
        ),
        (totals.double_frees, "double free", "double frees"),
        (totals.wrong_frees, "wrong free", "wrong frees"),
        (totals.doubtful_frees, "doubtful free", "doubtful frees"),
        (
            totals.frees_of_older_blocks,
            "free of an older block",
            "frees of older blocks",
        ),
        (totals.frees_of_null, "free of NULL", "frees of NULL"),
    ];
    for (number, one, several) in occasional {
        match number {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            number => parts.push(format!("{} {several}", count(number))),
        }
    }
    let events = counted(totals.heap_events, "event").replace(' ', "\u{A0}");
    format!("{events}: {}", unbroken(&parts))
}

fn at_the_end(view: &View<'_>) -> String {
    let totals = &view.report.totals;
    let peak = bytes_with_unit(totals.peak_bytes);
    let outstanding = bytes_with_unit(totals.outstanding_bytes);
    let mut parts = vec![
        counted(totals.outstanding_blocks, "block"),
        format!("{outstanding} outstanding"),
    ];
    // The peak is of one session, and may be less.
    if view.report.sessions.len() > 1 {
        let sessions = view.report.session_count();
        parts.push(format!("in {} sessions together", count(sessions)));
    }
    match totals.peak_bytes {
        _ if !view.report.trace.has_history => {}
        0 => parts.push("nothing at any time".to_owned()),
        _ => parts.push(format!(
            "at most {peak} at {}",
            view.clock.moment(view.report.peak.time_ticks)
        )),
    }
    unbroken(&parts)
}

fn sessions(view: &View<'_>) -> String {
    let all = &view.report.sessions;
    let mut parts: Vec<String> = all
        .iter()
        .take(view.shown(all.len()))
        .enumerate()
        .map(|(index, session)| {
            let number = index + 1;
            let from = view
                .clock
                .moment(session.start_ticks)
                .replace(' ', "\u{A0}");
            let how = if session.after_reset {
                " after a reset"
            } else {
                ""
            };
            let left = counted(session.outstanding_blocks, "block");
            format!("{number} from {from}{how} ({left} outstanding)")
        })
        .collect();
    let hidden = view.report.session_count() - parts.len() as u64;
    if hidden > 0 {
        parts.push(format!("{} more", count(hidden)));
    }
    parts.join(", ")
}

/// Parts between which lines may be broken, but not within.
fn unbroken(parts: &[String]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .map(|part| part.replace(' ', "\u{A0}"))
        .collect();
    parts.join(", ")
}
