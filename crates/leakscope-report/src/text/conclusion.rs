//! The answer in one sentence, and what limits it.

use std::io;

use super::layout::{Line, Page, Paint};
use super::{View, enumeration};
use crate::conclusion::Conclusion;
use crate::words::unbroken;

/// Before all else, if it is so: nothing can be said.
pub(super) fn write_if_mute(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    if view.report.conclusion != Conclusion::NothingKnown {
        return Ok(());
    }
    headline(view, page)?;
    page.blank()
}

pub(super) fn write(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    if view.report.conclusion == Conclusion::NothingKnown {
        return Ok(());
    }
    page.blank()?;
    headline(view, page)?;
    for limit in &view.report.limits {
        page.paragraph(0, "- ".into(), &unbroken(limit).into())?;
    }
    outlook(view, page)?;
    also_wrong(view, page)
}

/// What kind of answer it is, and then the rest of the sentence.
fn headline(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let report = view.report;
    let (kind, paint, rest) = match report.conclusion {
        Conclusion::Leak => (Paint::Leak, Paint::Strong, ':'),
        Conclusion::NoLeakSeen if report.trace.has_history => (Paint::Good, Paint::Plain, ','),
        Conclusion::NoLeakSeen | Conclusion::Uncertain | Conclusion::NothingKnown => {
            (Paint::Warning, Paint::Plain, ':')
        }
    };
    let sentence = unbroken(&report.headline);
    let (said, more) = sentence.split_at(sentence.find(rest).unwrap_or(sentence.len()));
    let end = match report.conclusion {
        _ if !report.limits.is_empty() => ":",
        Conclusion::NoLeakSeen | Conclusion::Uncertain => ".",
        Conclusion::Leak | Conclusion::NothingKnown => "",
    };
    let line = Line::new().paint(kind, said).paint(paint, more).plain(end);
    page.paragraph(0, Line::new(), &line)
}

/// What becomes of the heap if leaks go on.
fn outlook(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    match &view.report.outlook {
        Some(outlook) => page.paragraph(0, Line::new(), &unbroken(&format!("{outlook}.")).into()),
        None => Ok(()),
    }
}

/// What else the program did wrong: it stands further down, behind what may be a long list.
fn also_wrong(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let faults = view.report.also_wrong.iter();
    let faults: Vec<String> = faults.map(|fault| fault.replace(' ', "\u{A0}")).collect();
    if faults.is_empty() {
        return Ok(());
    }
    let text = format!("{} (see below)", enumeration(&faults));
    let first = Line::new().paint(Paint::Warning, "Also wrong: ");
    page.paragraph(0, Line::new(), &first.plain(text))
}
