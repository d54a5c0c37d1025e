//! What is wrong with the data.

use std::io;

use super::layout::{Line, Page, Paint};
use super::{View, short_name};
use crate::document::problem::{Problem, Severity};
use crate::units::count;
use crate::words::unbroken;

pub(super) fn write(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let problems = &view.report.problems;
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
        let text = Line::new()
            .plain(unbroken(&problem.message))
            .dim(format!("  {}", place(view, problem)));
        let sign = match problem.severity {
            Severity::Grave => Line::new().paint(Paint::Warning, "! "),
            Severity::Note => "- ".into(),
        };
        page.paragraph(0, sign, &text)?;
        // What helps against several problems is said after the last of them.
        let mut later = problems.iter().skip(index + 1);
        if let Some(hint) = &problem.hint
            && !later.any(|later| later.hint.as_ref() == Some(hint))
        {
            page.paragraph(2, Line::new().dim("hint: "), &hint.as_ref().into())?;
        }
    }
    Ok(())
}

/// "[overflow: first at byte 12,345 of core1.svdat, 0.104 s]"
fn place(view: &View<'_>, problem: &Problem) -> String {
    let code = &problem.code;
    let mut place = Vec::new();
    if let Some(offset) = problem.offset {
        let input = match &problem.input {
            Some(name) if view.report.trace.inputs.len() > 1 => {
                format!(" of {}", short_name(name))
            }
            _ => String::new(),
        };
        place.push(format!("byte {}{input}", count(offset)).replace(' ', "\u{A0}"));
    }
    if let Some(time) = problem.time_ticks {
        place.push(view.clock.moment(time).replace(' ', "\u{A0}"));
    }
    match place.as_slice() {
        [] => format!("[{code}]"),
        place if problem.count > 1 => format!("[{code}: first at {}]", place.join(", ")),
        place => format!("[{code}: {}]", place.join(", ")),
    }
}
