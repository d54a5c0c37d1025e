//! What an image of memory says: of one call site, and of the whole heap.

use std::io;

use leakscope_memory::reach::Kind;

use super::layout::{Column, Give, Line, Page, Table};
use super::{TextOptions, View, enumeration};
use crate::document::call_site::CallSite;
use crate::document::memory::{Memory, Reached, Step};
use crate::sanitise::sanitise;
use crate::units::{bytes, count, counted};

pub(super) fn write(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    match &view.report.memory {
        Some(memory) => section(page, memory, view.options),
        None => Ok(()),
    }
}

/// "in memory: 25 definite, 2 reachable; held by g_sessions (sessions.c) → 2 × block of net_open"
pub(super) fn of_site(page: &mut Page<'_>, indent: usize, site: &CallSite) -> io::Result<()> {
    let Some(reached) = site.memory.as_ref().filter(|reached| reached.blocks() > 0) else {
        return Ok(());
    };
    let held = match &reached.holder {
        Some(way) => format!("; held by {}", sanitise(way)),
        None => String::new(),
    };
    let words = format!("{}{held}", kinds(reached));
    page.paragraph(
        indent,
        Line::new().dim("in memory: "),
        &words.as_str().into(),
    )
}

/// "25 definite, 2 reachable"
fn kinds(reached: &Reached) -> String {
    let some = Kind::ALL.map(|kind| (reached.of(kind).0, kind));
    let some = some.iter().filter(|(blocks, _)| *blocks > 0);
    let words: Vec<String> = some
        .map(|(blocks, kind)| format!("{} {}", count(*blocks), kind.name()))
        .collect();
    words.join(", ")
}

pub(super) fn section(
    page: &mut Page<'_>,
    memory: &Memory,
    options: &TextOptions,
) -> io::Result<()> {
    page.heading("Memory", &kinds(&memory.total))?;
    let mut table = Table::new([
        Column::number("blocks"),
        Column::number("bytes"),
        Column::text("", Give::Never),
        Column::text("", Give::End(30)),
    ]);
    for kind in Kind::ALL {
        let (blocks, size) = memory.total.of(kind);
        if blocks == 0 {
            continue;
        }
        table.row([
            count(blocks).into(),
            count(size).into(),
            kind.name().into(),
            meaning(kind).into(),
        ]);
    }
    table.write(page, 2)?;
    page.paragraph(2, Line::new(), &looked_at(memory).as_str().into())?;
    incomplete(page, memory)?;
    for problem in &memory.problems {
        page.paragraph(
            2,
            Line::new().dim("problem: "),
            &sanitise(problem).as_ref().into(),
        )?;
    }
    holders(page, memory, options)
}

/// What is missing from the image.
pub(super) fn incomplete(page: &mut Page<'_>, memory: &Memory) -> io::Result<()> {
    for missing in &memory.missing {
        let note = format!("{}; what looks lost may be held there", sanitise(missing));
        page.paragraph(2, Line::new().dim("incomplete: "), &note.as_str().into())?;
    }
    Ok(())
}

const fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::Definite => "nothing points at them",
        Kind::Indirect => "only lost blocks point at them",
        Kind::Possible => "only pointers into the middle of blocks lead there",
        Kind::Reachable => "pointers lead there",
    }
}

/// "64.0 KiB in the image. Looked at: 3,120 B of variables …"
fn looked_at(memory: &Memory) -> String {
    let parts = [
        (memory.static_bytes, "of variables and other memory"),
        (memory.stack_bytes, "of stacks"),
        (memory.block_bytes, "of blocks"),
        (
            memory.unknown_bytes,
            "of the heap of unknown use, taken to be in use",
        ),
    ];
    let some = parts.iter().filter(|(size, _)| *size > 0);
    let parts: Vec<String> = some
        .map(|(size, what)| format!("{} {what}", bytes(*size)))
        .collect();
    let chance = match memory.expected_by_chance {
        Some(expected) => format!("; about {expected:.1} would be there by chance"),
        None => String::new(),
    };
    format!(
        "{} in the image. Looked at: {}. {} at blocks{chance}.",
        bytes(memory.bytes),
        enumeration(&parts),
        counted(memory.pointers, "word").replace("word", "pointer")
    )
}

/// The ways that hold the most bytes.
fn holders(page: &mut Page<'_>, memory: &Memory, options: &TextOptions) -> io::Result<()> {
    let mut steps: Vec<&Step> = memory.holders.iter().collect();
    if steps.is_empty() {
        return Ok(());
    }
    steps.sort_by_key(|step| std::cmp::Reverse(step.bytes));
    let mut table = Table::new([
        Column::number("bytes"),
        Column::number("blocks"),
        Column::text("held by", Give::Middle(30)),
    ]);
    for step in steps.iter().take(options.shown(steps.len())) {
        table.row([
            count(step.bytes).into(),
            count(step.blocks).into(),
            sanitise(&step.way).as_ref().to_owned().into(),
        ]);
    }
    page.blank()?;
    table.write(page, 2)?;
    options.hidden(page, steps.len(), "way")
}
