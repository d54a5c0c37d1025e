//! The report as a person reads it.
//!
//! One file a section, in the order in which they are printed: what was read, what is wrong with the
//! data, the conclusion, leaks, what is outstanding but no leak, what went wrong in the program, the
//! peak, totals by task. On a screen of 100 columns and 40 lines a usual trace needs no scrolling; what is
//! left out is said, and [`TextOptions::all`] shows it.
mod anomalies;
mod conclusion;
mod failures;
mod findings;
mod header;
mod heap_map;
mod heaps;
mod image;
mod layout;
mod memory;
mod outstanding;
mod peak;
mod problems;
mod stack;
mod tasks;
mod verdict;

use std::io::{self, Write};

use crate::document::Report;
use crate::document::heap_map::HeapMap;
use crate::document::image::Image;
use crate::sanitise::sanitise;
use crate::units::{Clock, counted};
use layout::{Line, Page, middle_of};

/// How a report is to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextOptions {
    /// Columns of the terminal; less than 40 counts as 40.
    pub width: usize,
    /// Whether to write colours.
    pub colour: bool,
    /// How many entries a list has at most.
    pub top: usize,
    /// Everything: whole lists, whole stacks, addresses, and the reasons of all verdicts.
    pub all: bool,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self {
            width: 100,
            colour: false,
            top: 10,
            all: false,
        }
    }
}

/// Writes the report.
///
/// # Errors
/// Only those of `out`.
///
/// ```
/// use leakscope_report::{Report, Symbolizer, text};
/// # fn outcome() -> leakscope_analysis::outcome::Outcome {
/// #     use leakscope_analysis::outcome::{Outcome, Peak, Target, Totals};
/// #     Outcome {
/// #         target: Target::default(), totals: Totals::default(), sessions: vec![], call_sites: vec![],
/// #         tasks: vec![], contexts: vec![], heaps: vec![], peak: Peak::default(), anomalies: vec![],
/// #         failed_allocations: vec![], problems: vec![],
/// #     }
/// # }
/// let report = Report::new(&outcome(), &mut Symbolizer::new(None), &[]);
/// let mut out = Vec::new();
/// text::write(&mut out, &report, &text::TextOptions::default())?;
/// assert!(String::from_utf8_lossy(&out).starts_with("Nothing can be said about leaks"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write(out: &mut dyn Write, report: &Report, options: &TextOptions) -> io::Result<()> {
    let page = &mut Page::new(out, options.width, options.colour);
    let view = &View {
        report,
        options,
        clock: report.clock(),
    };
    conclusion::write_if_mute(view, page)?;
    header::write(view, page)?;
    problems::write(view, page)?;
    conclusion::write(view, page)?;
    heap_map::write_note(view, page)?;
    findings::write(view, page)?;
    outstanding::write(view, page)?;
    memory::write(view, page)?;
    failures::write(view, page)?;
    anomalies::write(view, page)?;
    peak::write(view, page)?;
    heaps::write(view, page)?;
    tasks::write(view, page)?;
    next_step(view, page)
}

/// Writes what an image of memory says; of one with [`held`](Image::held), only that.
///
/// # Errors
/// Only those of `out`.
pub fn write_image(out: &mut dyn Write, image: &Image, options: &TextOptions) -> io::Result<()> {
    let page = &mut Page::new(out, options.width, options.colour);
    image::write(page, image, options)
}

/// Writes the map of a heap, whose ticks `clock` knows.
///
/// # Errors
/// Only those of `out`.
pub fn write_heap_map(
    out: &mut dyn Write,
    map: &HeapMap,
    clock: Clock,
    options: &TextOptions,
) -> io::Result<()> {
    let page = &mut Page::new(out, options.width, options.colour);
    heap_map::section(page, map, clock, options)
}

/// What would make this report say more.
fn next_step(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let has_stacks = (view.report.call_sites.iter()).any(|site| !site.frames.is_empty());
    if view.report.trace.has_symbols || !has_stacks {
        return Ok(());
    }
    page.blank()?;
    let hint = "with --elf FILE, addresses become functions and lines".into();
    page.paragraph(0, Line::new().dim("hint: "), &hint)
}

/// What the sections share.
struct View<'r> {
    report: &'r Report,
    options: &'r TextOptions,
    clock: Clock,
}

impl View<'_> {
    /// How many of a list are shown.
    fn shown(&self, length: usize) -> usize {
        self.options.shown(length)
    }

    /// Says how many of a list were not shown.
    fn hidden(&self, page: &mut Page<'_>, length: usize, what: &str) -> io::Result<()> {
        self.options.hidden(page, length, what)
    }
}

impl TextOptions {
    /// How many of a list are shown.
    fn shown(&self, length: usize) -> usize {
        if self.all {
            length
        } else {
            length.min(self.top)
        }
    }

    fn hidden(&self, page: &mut Page<'_>, length: usize, what: &str) -> io::Result<()> {
        let hidden = (length - self.shown(length)) as u64;
        if hidden == 0 {
            return Ok(());
        }
        let hidden = counted(hidden, what).replacen(' ', " more ", 1);
        page.line(2, &Line::new().dim(format!("{hidden}: see --all")))
    }
}

/// A name from the device, short enough for a sentence.
fn short_name(name: &str) -> String {
    middle_of(sanitise(name).trim(), 32)
}

/// "a, b and c"
fn enumeration(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// "cores 0 and 1"
fn cores(cores: &[u8]) -> String {
    let plural = if cores.len() == 1 { "" } else { "s" };
    let numbers: Vec<String> = cores.iter().map(ToString::to_string).collect();
    format!("core{plural} {}", enumeration(&numbers))
}

/// All of them together. A report that was read back may hold any number.
fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}
