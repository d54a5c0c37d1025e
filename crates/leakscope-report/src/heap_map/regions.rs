//! Where heaps are: as the target, its program or its console tells.

use std::ops::Range;

use leakscope_analysis::outcome::HeapUsage;
use leakscope_heap::Region;
use leakscope_memory::image::Image;
use leakscope_symbols::Symbols;

/// Where the heap is: as the user has said, else the recording, in heaps that it tells of, else an image of memory, else the
/// program.
pub fn regions(
    said: &[Region],
    heaps: &[HeapUsage],
    image: Option<&Image>,
    symbols: Option<&Symbols>,
) -> Vec<Region> {
    let mut regions = said.to_vec();
    if regions.is_empty() {
        regions = of_target(heaps);
    }
    if let (true, Some(image), Some(symbols)) = (regions.is_empty(), image, symbols) {
        regions = apart(super::image::regions(image, symbols).into_iter().flatten());
    }
    if regions.is_empty() {
        regions = symbols.map(of_program).unwrap_or_default();
    }
    regions
}

/// That a heap of the recording is not where the user says, or else the program; without a full stop.
pub fn disagreement(
    said: &[Region],
    heaps: &[HeapUsage],
    symbols: Option<&Symbols>,
) -> Option<String> {
    let told = of_target(heaps);
    let (who, others) = match said {
        [] => ("the program has", symbols.map(of_program)?),
        said => ("you say", said.to_vec()),
    };
    let is_elsewhere = |told: &&Region| others.iter().all(|other| other.range != told.range);
    let (told, other) = (told.iter().find(is_elsewhere)?, others.first()?);
    let shown = |range: &Range<u64>| format!("{:#x}+{}", range.start, range.end - range.start);
    Some(format!(
        "the recording says that the heap is {}, and {who} {}",
        shown(&told.range),
        shown(&other.range)
    ))
}

/// Heaps whose bounds the recording tells: the leakscope recorder's heap event, and SystemView's HEAP_DEFINE.
fn of_target(heaps: &[HeapUsage]) -> Vec<Region> {
    let bounds = heaps.iter().filter_map(|heap| {
        let (base, size) = (heap.base?, heap.size?);
        Some(base..base.checked_add(size)?)
    });
    apart(bounds.map(|range| Region { range, name: None }))
}

/// Heaps by the names that their C libraries and kernels give them in a program.
fn of_program(symbols: &Symbols) -> Vec<Region> {
    /// FreeRTOS, heap_1 to heap_5.
    const ARRAYS: &[&str] = &["ucHeap"];
    /// Linker scripts of Raspberry Pi's and ARM's, newlib's examples and STM32's, and Rust's `cortex-m-rt`.
    const BOUNDS: &[(&str, &str)] = &[
        ("__HeapBase", "__HeapLimit"),
        ("_heap_start", "_heap_end"),
        ("__heap_start", "__heap_end"),
        ("__heap_start__", "__heap_end__"),
        ("_sheap", "_eheap"),
    ];
    let arrays = ARRAYS.iter().filter_map(|name| {
        let array = symbols.symbol(name)?;
        let range = array.address..array.address.checked_add(array.size)?;
        Some((range, *name))
    });
    let bounds = BOUNDS.iter().filter_map(|(first, last)| {
        let range = symbols.symbol(first)?.address..symbols.symbol(last)?.address;
        Some((range, *first))
    });
    let mut named: Vec<_> = arrays.chain(bounds).collect();
    if named.is_empty() {
        named.extend(behind_variables(symbols));
    }
    apart(named.into_iter().map(|(range, name)| Region {
        range,
        name: Some(name.to_owned()),
    }))
}

/// The heap of newlib's own `_sbrk`: what lies between the variables and the stack, by the names of linker scripts.
fn behind_variables(symbols: &Symbols) -> Option<(Range<u64>, &'static str)> {
    const STARTS: [&str; 3] = ["__end__", "_end", "end"];
    const ENDS: [&str; 6] = [
        "__heap_limit",
        "__StackLimit",
        "_estack",
        "__StackTop",
        "__stack",
        "_stack",
    ];
    let address = |name: &str| Some(symbols.symbol(name)?.address);
    let (start, name) = STARTS
        .iter()
        .find_map(|name| Some((address(name)?, *name)))?;
    let end = ENDS
        .iter()
        .filter_map(|name| address(name))
        .find(|&end| end > start)?;
    Some((start..end, name))
}

/// Heaps that ESP-IDF lists when it starts: `heap_init: At 3FC8D000 len 00053000 (332 KiB): DRAM`, in a log of its console.
pub fn in_boot_log(log: &[u8]) -> Vec<Region> {
    let text = String::from_utf8_lossy(log);
    let lines = text.lines().filter_map(|line| {
        let (_, said) = line.split_once("heap_init: At ")?;
        let (start, rest) = said.split_once(" len ")?;
        let (length, rest) = rest.split_once(' ')?;
        let (_, name) = rest.split_once("): ")?;
        let number = |digits| u64::from_str_radix(digits, 16).ok();
        let start = number(start)?;
        Some(Region {
            range: start..start.checked_add(number(length)?)?,
            name: Some(name.trim_end_matches("\u{1b}[0m").trim().to_owned()),
        })
    });
    apart(lines)
}

/// Without empty ones, and without those that overlap one before them: a device that starts again lists its heaps again.
fn apart(regions: impl Iterator<Item = Region>) -> Vec<Region> {
    let mut kept: Vec<Region> = Vec::new();
    for region in regions {
        let overlaps =
            |other: &Range<u64>| region.range.start < other.end && other.start < region.range.end;
        if !region.range.is_empty() && !kept.iter().any(|kept| overlaps(&kept.range)) {
            kept.push(region);
        }
    }
    kept.sort_by_key(|region| region.range.start);
    kept
}
