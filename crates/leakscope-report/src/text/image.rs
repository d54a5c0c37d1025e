//! An image of memory: what it holds, who points at what, and what nothing points at.

use std::io;

use super::layout::{Line, Page};
use super::{TextOptions, memory};
use crate::document::image::{Held, Image};
use crate::sanitise::sanitise;
use crate::units::{bytes, counted};

pub(super) fn write(page: &mut Page<'_>, image: &Image, options: &TextOptions) -> io::Result<()> {
    if let Some(held) = &image.held {
        holders(page, held, options)?;
        return match &image.memory {
            Some(memory) => memory::incomplete(page, memory),
            None => Ok(()),
        };
    }
    contents(page, image)?;
    let Some(found) = &image.memory else {
        for problem in &image.problems {
            let problem = sanitise(problem);
            page.paragraph(2, Line::new().dim("problem: "), &problem.as_ref().into())?;
        }
        return Ok(());
    };
    memory::section(page, found, options)?;
    for alike in image.lost.iter().take(options.shown(image.lost.len())) {
        let variable = match &alike.variable {
            Some(name) => format!(" ({})", sanitise(name)),
            None => String::new(),
        };
        let words = format!(
            "nothing points at {} of {}, which begin with {}{variable}",
            counted(alike.blocks, "block"),
            bytes(alike.block_bytes),
            alike.first_word
        );
        page.paragraph(2, Line::new(), &words.as_str().into())?;
    }
    options.hidden(page, image.lost.len(), "kind")
}

/// What the image holds.
fn contents(page: &mut Page<'_>, image: &Image) -> io::Result<()> {
    let segments = counted(image.segments.len() as u64, "segment");
    let span = match (image.segments.first(), image.segments.last()) {
        (Some(first), Some(last)) => {
            let end = last.start.0 + last.length_bytes;
            format!(", {:#x} to {end:#x}", first.start.0)
        }
        _ => String::new(),
    };
    let whole = format!("{} of memory in {segments}{span}", bytes(image.bytes));
    page.paragraph(0, Line::new(), &whole.as_str().into())?;
    for thread in &image.threads {
        let stack = match thread.stack_pointer {
            Some(pointer) => format!(", stack pointer {:#x}", pointer.0),
            None => String::new(),
        };
        let registers = counted(thread.registers, "register");
        let words = format!("thread {:#x}: {registers}{stack}", thread.id.0);
        page.paragraph(2, Line::new(), &words.as_str().into())?;
    }
    if let Some(trace) = &image.trace {
        let halted = image.halted_ms.unwrap_or_default();
        let words = format!(
            "made at the end of {}, for which the device stood still for {halted:.1} ms",
            sanitise(trace)
        );
        page.paragraph(2, Line::new(), &words.as_str().into())?;
    }
    Ok(())
}

/// What points at one block.
fn holders(page: &mut Page<'_>, held: &Held, options: &TextOptions) -> io::Result<()> {
    page.paragraph(0, Line::new(), &sanitise(&held.block).as_ref().into())?;
    if let Some(way) = &held.way {
        let way = sanitise(way);
        page.paragraph(0, Line::new().dim("shortest way: "), &way.as_ref().into())?;
    }
    if held.holders.is_empty() {
        page.paragraph(0, Line::new(), &"nothing in the image points at it".into())?;
    }
    for holder in held.holders.iter().take(options.shown(held.holders.len())) {
        page.paragraph(2, Line::new(), &sanitise(holder).as_ref().into())?;
    }
    options.hidden(page, held.holders.len(), "holder")
}
