//! What is wrong with the data.

use std::io;

use leakscope_analysis::problem::Problem;

use super::layout::{Line, Page, Paint};
use super::{Report, short_name};
use crate::advice::hint;
use crate::units::count;
use crate::words::unbroken_phrase;

pub(super) fn write(report: &Report<'_, '_>, page: &mut Page<'_>) -> io::Result<()> {
    let problems = &report.outcome.problems;
    if problems.is_empty() {
        return Ok(());
    }
    page.blank()?;
    let heading = match problems.len() {
        1 => "A problem with the data".to_owned(),
        several => format!("{several} problems with the data"),
    };
    page.line(0, &Line::new().paint(Paint::Warning, heading))?;
    for (index, problem) in problems.iter().enumerate() {
        let message = unbroken_phrase(&problem.kind.message(problem.count), report.clock);
        let text = Line::new()
            .plain(message)
            .dim(format!("  {}", place(report, problem)));
        page.paragraph(0, Line::new().paint(Paint::Warning, "! "), &text)?;
        // What helps against several problems is said after the last of them.
        let later = || {
            problems
                .iter()
                .skip(index + 1)
                .map(|later| hint(&later.kind))
        };
        if let Some(hint) = hint(&problem.kind)
            && !later().any(|later| later == Some(hint))
        {
            page.paragraph(2, Line::new().dim("hint: "), &hint.into())?;
        }
    }
    Ok(())
}

/// "[overflow: first at byte 12,345 of core1.svdat, 0.104 s]"
fn place(report: &Report<'_, '_>, problem: &Problem) -> String {
    let code = problem.kind.code();
    let mut place = Vec::new();
    if let Some(offset) = problem.offset {
        let input = match report.options.inputs.get(problem.input) {
            Some(name) if report.options.inputs.len() > 1 => format!(" of {}", short_name(name)),
            _ => String::new(),
        };
        place.push(format!("byte {}{input}", count(offset)).replace(' ', "\u{A0}"));
    }
    if let Some(time) = problem.time {
        place.push(report.clock.moment(time).replace(' ', "\u{A0}"));
    }
    match place.as_slice() {
        [] => format!("[{code}]"),
        place if problem.count > 1 => format!("[{code}: first at {}]", place.join(", ")),
        place => format!("[{code}: {}]", place.join(", ")),
    }
}
