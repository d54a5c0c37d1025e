//! The map of a heap: what is free, who splits it, what failed, and whether an allocation would.

use std::io;

use super::layout::{Column, Give, Line, Page, Paint, Table};
use super::{TextOptions, View, enumeration};
use crate::document::Address;
use crate::document::heap_map::{Cell, Fits, HeapMap, Region};
use crate::sanitise::sanitise;
use crate::units::{Clock, bytes, count, counted};

/// About how many moments of a region's history are shown.
const MOMENTS: usize = 8;

/// What a report takes from the map.
pub(super) fn write_note(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let Some(note) = &view.report.heap_map else {
        return Ok(());
    };
    for sentence in &note.sentences {
        let first = Line::new().paint(Paint::Warning, "Heap: ");
        page.paragraph(
            0,
            first,
            &format!("{}.", sanitise(sentence)).as_str().into(),
        )?;
    }
    Ok(())
}

pub(super) fn section(
    page: &mut Page<'_>,
    map: &HeapMap,
    clock: Clock,
    options: &TextOptions,
) -> io::Result<()> {
    let others = match &*map.may_be {
        [] => String::new(),
        [one] => format!(", as {one} does"),
        some => format!(", as {} do", enumeration(some)),
    };
    if !map.is_known() {
        let elsewhere = match map.outside {
            0 => String::new(),
            outside => format!("; {} were allocated elsewhere", counted(outside, "block")),
        };
        let fits = map.fits.as_ref().map_or_else(String::new, |fits| {
            format!("; whether {} fit cannot be told", bytes(fits.size_bytes))
        });
        let words = format!(
            "at {}. {}{elsewhere}{fits}",
            clock.moment(map.time_ticks),
            sanitise(&map.sentences.join(". "))
        );
        return page.paragraph(0, Line::new().strong("Heap "), &words.as_str().into());
    }
    let explains = format!(
        "at {}. {} predicts {} of {} addresses ({}){others}",
        clock.moment(map.time_ticks),
        map.allocator,
        count(map.predicted),
        count(map.addresses),
        share(map.predicted, map.addresses)
    );
    page.paragraph(0, Line::new().strong("Heap "), &explains.as_str().into())?;
    if map.is_estimate {
        let sure = leakscope_heap::SURE;
        let is_since_a_pause = map.predicted as f64 >= sure * map.addresses as f64;
        let note = format!(
            "{}: what is free, and in which holes, is an estimate",
            if is_since_a_pause {
                "too few addresses were predicted since the recording went on".to_owned()
            } else {
                format!(
                    "fewer than {:.0} % of the addresses were predicted",
                    sure * 100.0
                )
            }
        );
        page.paragraph(
            0,
            Line::new().paint(Paint::Warning, "estimate: "),
            &note.into(),
        )?;
    }
    if let Some(check) = &map.image {
        let of = |number: Option<u64>| bytes(number.unwrap_or(0));
        let note = format!(
            "{} free, {} the largest; the regions below are as it has them. Without it, the map had {} and {}",
            of(check.told_free_bytes),
            of(check.told_largest_bytes),
            bytes(check.free_bytes),
            bytes(check.largest_bytes)
        );
        let first = Line::new().strong("image of memory: ");
        page.paragraph(0, first, &note.as_str().into())?;
    }
    for problem in &map.problems[..options.shown(map.problems.len())] {
        let first = Line::new().paint(Paint::Warning, "problem: ");
        page.paragraph(0, first, &sanitise(problem).as_ref().into())?;
    }
    options.hidden(page, map.problems.len(), "problem")?;
    if map.outside > 0 {
        let note = format!(
            "{} were allocated outside of these regions",
            counted(map.outside, "block")
        );
        page.paragraph(0, Line::new(), &note.as_str().into())?;
    }
    for sentence in &map.sentences {
        page.paragraph(
            0,
            Line::new(),
            &format!("{}.", sanitise(sentence)).as_str().into(),
        )?;
    }
    regions(page, map)?;
    if let Some(fits) = &map.fits {
        whether_fits(page, map, fits)?;
    }
    for region in &map.regions {
        pins(page, map, region, clock)?;
        history(page, map, region, clock)?;
    }
    failures(page, map, clock, options)?;
    checks(page, map, clock, options)
}

fn regions(page: &mut Page<'_>, map: &HeapMap) -> io::Result<()> {
    page.blank()?;
    let mut table = Table::new([
        Column::text("region", Give::End(20)),
        Column::number("free"),
        Column::number("largest"),
        Column::number("holes"),
        Column::number("split"),
        Column::number("blocks"),
        Column::number("asked for").that_may_go(1),
        Column::number("with headers").that_may_go(2),
        Column::number("unknown"),
    ]);
    for region in &map.regions {
        table.row([
            name(region).into(),
            count(region.free_bytes).into(),
            count(region.largest_bytes).into(),
            count(region.holes).into(),
            format!("{:.0} %", region.fragmentation_percent).into(),
            count(region.blocks).into(),
            count(region.asked_bytes).into(),
            count(region.block_bytes).into(),
            count(region.unknown_bytes).into(),
        ]);
    }
    table.write(page, 2)?;
    page.blank()?;
    for region in &map.regions {
        let picture: String = region.cells.iter().map(shade).collect();
        let line = format!("▕{picture}▏ {}", of_several(map, region));
        page.line(2, &Line::new().plain(line.trim_end()))?;
    }
    let legend = "█ used  ▓ ▒ ░ ever less  · free  ? unknown, or the allocator's own";
    page.line(2, &Line::new().dim(legend))?;
    let assumed = map.regions.iter().filter(|region| region.assumed_bytes > 0);
    for region in assumed {
        let note = format!(
            "{} of what is free in {} were not seen in use: that these are free is an assumption",
            bytes(region.assumed_bytes),
            name(region)
        );
        page.paragraph(2, Line::new(), &Line::new().dim(note))?;
    }
    Ok(())
}

fn whether_fits(page: &mut Page<'_>, map: &HeapMap, fits: &Fits) -> io::Result<()> {
    page.blank()?;
    let size = bytes(fits.size_bytes);
    for (place, region) in map.regions.iter().enumerate() {
        let unusable = fits.unusable_shares.get(place).copied().unwrap_or(0.0);
        let is_unknown = fits.unknown.get(place).copied().unwrap_or(false);
        let answer = match fits.addresses.get(place).copied().flatten() {
            Some(address) => format!("{size} fit into {}, at {address}", name(region)),
            None if is_unknown => format!(
                "whether {size} fit into {} cannot be told: no known hole is large enough, and the use of {} is unknown",
                name(region),
                bytes(region.unknown_bytes)
            ),
            None => format!(
                "{size} do not fit into {}: {} are free, {:.0} % of that in holes that are too small",
                name(region),
                bytes(region.free_bytes),
                100.0 * unusable
            ),
        };
        page.paragraph(0, Line::new(), &answer.as_str().into())?;
    }
    Ok(())
}

fn pins(page: &mut Page<'_>, map: &HeapMap, region: &Region, clock: Clock) -> io::Result<()> {
    if region.pins.is_empty() {
        return Ok(());
    }
    page.heading("Who splits free memory", &of_several(map, region))?;
    let mut table = Table::new([
        Column::number("blocks"),
        Column::number("bytes"),
        Column::number("oldest"),
        Column::number("largest hole"),
        Column::number("without them"),
        Column::text("call site", Give::Middle(16)),
    ]);
    for pin in &region.pins {
        table.row([
            count(pin.blocks).into(),
            count(pin.bytes).into(),
            clock.moment(pin.oldest_ticks).into(),
            count(pin.largest_before_bytes).into(),
            count(pin.largest_after_bytes).into(),
            sanitise(&pin.name).into_owned().into(),
        ]);
    }
    table.write(page, 2)
}

fn history(page: &mut Page<'_>, map: &HeapMap, region: &Region, clock: Clock) -> io::Result<()> {
    // How an estimate changes says more of the estimate than of the heap.
    if region.history.len() < 2 || map.is_estimate {
        return Ok(());
    }
    page.heading("Over time", &of_several(map, region))?;
    let mut table = Table::new([
        Column::number("at"),
        Column::number("free"),
        Column::number("largest"),
        Column::number("holes"),
    ]);
    let step = region.history.len().div_ceil(MOMENTS);
    let last = region.history.len() - 1;
    let shown = (0..last).step_by(step).chain([last]);
    for level in shown.filter_map(|place| region.history.get(place)) {
        table.row([
            clock.moment(level.time_ticks).into(),
            count(level.free_bytes).into(),
            count(level.largest_bytes).into(),
            count(level.holes).into(),
        ]);
    }
    table.write(page, 2)
}

fn failures(
    page: &mut Page<'_>,
    map: &HeapMap,
    clock: Clock,
    options: &TextOptions,
) -> io::Result<()> {
    if map.failures.is_empty() {
        return Ok(());
    }
    page.heading(
        "Failed allocations",
        &count(map.failures.len() as u64 + map.more_failures),
    )?;
    for failure in map.failures.iter().take(options.shown(map.failures.len())) {
        let first = format!("{}  ", clock.moment(failure.time_ticks));
        page.paragraph(
            2,
            Line::new().plain(first),
            &sanitise(&failure.sentence).as_ref().into(),
        )?;
    }
    options.hidden(page, map.failures.len(), "failed allocation")
}

/// What the device said of its heap itself, and how far from that the map is.
fn checks(
    page: &mut Page<'_>,
    map: &HeapMap,
    clock: Clock,
    options: &TextOptions,
) -> io::Result<()> {
    if map.checks.is_empty() {
        return Ok(());
    }
    page.heading(
        "As the device says",
        &count(map.checks.len() as u64 + map.more_checks),
    )?;
    let mut table = Table::new([
        Column::number("at"),
        Column::number("free"),
        Column::number("in the map"),
        Column::number("largest"),
        Column::number("in the map"),
    ]);
    let beside = |told: Option<u64>, mapped: u64| match told {
        Some(told) if told == mapped => "the same".to_owned(),
        Some(told) if told < mapped => format!("+{}", count(mapped - told)),
        Some(told) => format!("−{}", count(told - mapped)),
        None => count(mapped),
    };
    for check in map.checks.iter().take(options.shown(map.checks.len())) {
        table.row([
            clock.moment(check.time_ticks).into(),
            check.told_free_bytes.map_or(String::new(), count).into(),
            beside(check.told_free_bytes, check.free_bytes).into(),
            check.told_largest_bytes.map_or(String::new(), count).into(),
            beside(check.told_largest_bytes, check.largest_bytes).into(),
        ]);
    }
    table.write(page, 2)?;
    options.hidden(page, map.checks.len(), "further moment")
}

/// How much of a cell is in use.
fn shade(cell: &Cell) -> char {
    let used = cell
        .bytes
        .saturating_sub(cell.free_bytes)
        .saturating_sub(cell.unknown_bytes);
    match (4 * used).div_ceil(cell.bytes.max(1)) {
        _ if 2 * cell.unknown_bytes > cell.bytes => '?',
        0 => '·',
        1 => '░',
        2 => '▒',
        3 => '▓',
        _ => '█',
    }
}

/// A part of a whole in percent, rounded down: only all is 100 %.
fn share(part: u64, whole: u64) -> String {
    let percent = u128::from(part) * 100 / u128::from(whole.max(1));
    format!("{percent}\u{a0}%")
}

/// "0x20000000 ucHeap"
fn name(region: &Region) -> String {
    let Address(start) = region.start;
    match &region.name {
        Some(name) => format!("{start:#010x} {}", sanitise(name)),
        None => format!("{start:#010x}"),
    }
}

/// Which region, if there are several.
fn of_several(map: &HeapMap, region: &Region) -> String {
    if map.regions.len() > 1 {
        name(region)
    } else {
        String::new()
    }
}
