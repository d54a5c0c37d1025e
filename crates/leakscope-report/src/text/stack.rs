//! Call stacks: a frame a line, or a stack a line.

use std::io;

use super::View;
use super::layout::{CALLED_BY, Cell, Column, Give, Line, Page, Paint, Table};
use crate::document::Address;
use crate::document::call_site::CallSite;
use crate::symbolizer::{NamedFrame, without_allocator};
use crate::units::counted;

/// Frames shown of a deep stack, unless all are wanted.
const DEPTH: usize = 8;
/// Directories shown of a long path, unless all are wanted.
const DIRECTORIES: usize = 2;

/// The stack of a call site, a frame a line.
pub(super) fn write(
    view: &View<'_>,
    page: &mut Page<'_>,
    indent: usize,
    site: &CallSite,
) -> io::Result<()> {
    let (frames, allocator) = (&site.frames, &site.allocator_frames);
    let all = view.options.all;
    if frames.is_empty() {
        return page.line(indent, &Line::new().dim("no call stack was recorded"));
    }
    if all {
        in_full(page, indent, allocator.iter().chain(frames))?;
        return cut_off(page, indent, site);
    }
    if frames.iter().all(|frame| frame.function.is_none()) {
        page.paragraph(indent, Line::new(), &chain(frames).into())?;
        return cut_off(page, indent, site);
    }
    if !allocator.is_empty() {
        let folded = counted(allocator.len() as u64, "allocator frame");
        page.line(indent, &Line::new().dim(format!("+{folded}")))?;
    }
    let mut table = Table::new([
        Column::text("", Give::Middle(20)),
        Column::text("", Give::End(30)),
    ]);
    for frame in frames.iter().take(DEPTH) {
        table.row([function(frame), Cell::dim(place(frame, last_of))]);
    }
    table.write(page, indent)?;
    match frames.len().saturating_sub(DEPTH) {
        0 => cut_off(page, indent, site),
        more => {
            let more = counted(more as u64, "frame");
            page.line(indent, &Line::new().dim(format!("+{more} further out")))
        }
    }
}

/// Says that there are frames that nobody knows.
fn cut_off(page: &mut Page<'_>, indent: usize, site: &CallSite) -> io::Result<()> {
    if !site.is_cut_off {
        return Ok(());
    }
    page.line(
        indent,
        &Line::new().dim("… and further out, beyond what is known of the stack"),
    )
}

/// With addresses and whole paths, so that each can be copied and clicked on, however long.
fn in_full<'f>(
    page: &mut Page<'_>,
    indent: usize,
    frames: impl Iterator<Item = &'f NamedFrame>,
) -> io::Result<()> {
    let mut table = Table::new([
        Column::text("", Give::Never),
        Column::text("", Give::Never),
        Column::text("", Give::Never),
    ]);
    for frame in frames {
        let function = match frame.function {
            Some(_) => function(frame),
            None => Cell::default(),
        };
        let path = place(frame, str::to_owned);
        table.row([
            Cell::dim(frame.address.to_string()),
            function,
            Cell::dim(path),
        ]);
    }
    table.write(page, indent)
}

/// A stack in one line, the innermost function first, without the allocator's: "f:24 ← app_main:66". A
/// function and a line say where it is; the callers tell apart what the innermost function cannot.
pub(super) fn one_line(frames: &[NamedFrame]) -> String {
    chain(without_allocator(frames))
}

/// What two stacks that are the same have in common.
pub(super) fn addresses(frames: &[NamedFrame]) -> Vec<Address> {
    frames.iter().map(|frame| frame.address).collect()
}

fn chain(frames: &[NamedFrame]) -> String {
    if frames.is_empty() {
        return "no call stack was recorded".to_owned();
    }
    let links: Vec<String> = frames
        .iter()
        .map(|frame| match (name(frame), frame.line) {
            (name, Some(line)) => format!("{name}:{line}{}", frame.mark_of_doubt()),
            (name, None) => name + &frame.mark_of_doubt(),
        })
        .collect();
    links.join(CALLED_BY)
}

fn function(frame: &NamedFrame) -> Cell {
    Cell {
        paint: if frame.function.is_some() {
            Paint::Plain
        } else {
            Paint::Dim
        },
        text: name(frame) + &frame.marks(),
    }
}

fn name(frame: &NamedFrame) -> String {
    match &frame.function {
        Some(name) => name.to_string(),
        None => frame.address.to_string(),
    }
}

/// "…/freertos/tasks.c:812"
fn place(frame: &NamedFrame, shorten: impl Fn(&str) -> String) -> String {
    let Some(file) = &frame.file else {
        return String::new();
    };
    let path = shorten(file);
    match frame.line {
        Some(line) => format!("{path}:{line}"),
        None => path,
    }
}

/// The name of a file with the last of its directories; the whole path if that is hardly longer.
fn last_of(path: &str) -> String {
    let separators = path.rmatch_indices(['/', '\\']);
    match separators.map(|(at, _)| at).nth(DIRECTORIES) {
        Some(at) if at > 1 => format!("…{}", &path[at..]),
        _ => path.to_owned(),
    }
}
