//! What can be typed behind `heap`.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use leakscope_heap::Allocator;

use super::{Lists, ReportFormat, Symbols, Trace, quantity};

/// Show the heap's map: how much is free, in how many holes, who splits it, and why an allocation failed.
///
/// Addresses and sizes are in every recording; what lies between blocks follows from how the allocator works. All allocators
/// that are known are tried, and the one that predicts most addresses is believed: below 95 %, holes are estimates. The
/// recording tells where the heap is, or the program (--elf), ESP-IDF's console (--boot-log) or you (--heap-region);
/// docs/heap.md says more.
#[derive(Debug, Args)]
pub(crate) struct Heap {
    #[command(flatten)]
    pub(crate) trace: Trace,
    #[command(flatten)]
    pub(crate) symbols: Symbols,
    #[command(flatten)]
    pub(crate) bounds: HeapBounds,
    /// The device's memory when the recording ended (docs/memory.md): a core dump, or raw memory from an address on
    /// (ram.bin@0x20000000), several times. Where it has the allocator's own map, that is shown, beside what is different.
    #[arg(long, value_name = "IMAGE", conflicts_with = "at")]
    pub(crate) image: Vec<String>,
    /// At this moment, and not at the end: 10 (seconds since the recording began), 100ms, 2min, 1h.
    #[arg(long, value_name = "TIME", value_parser = quantity::time)]
    pub(crate) at: Option<Duration>,
    /// Say whether an allocation of this many bytes would succeed: 4096, 64KiB.
    #[arg(long, value_name = "SIZE", value_parser = quantity::size)]
    pub(crate) fits: Option<u64>,
    /// Try this allocator alone.
    #[arg(long, value_name = "NAME", value_parser = allocator_ids())]
    pub(crate) allocator: Option<String>,
    /// Text for people, or one JSON document (schema: docs/heap-json.md).
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) lists: Lists,
}

/// Where the heap is.
#[derive(Debug, Default, Args)]
pub(crate) struct HeapBounds {
    /// Memory that the heap has, where the recording does not tell: 0x3fc80000+320KiB, as often as needed.
    #[arg(long, value_name = "START+SIZE", value_parser = quantity::range)]
    pub(crate) heap_region: Vec<Range<u64>>,
    /// A log of ESP-IDF's console, which lists the heaps when the device starts (`heap_init: At …`).
    #[arg(long, value_name = "FILE")]
    pub(crate) boot_log: Option<PathBuf>,
}

fn allocator_ids() -> Vec<&'static str> {
    let mut ids: Vec<_> = Allocator::ALL
        .iter()
        .map(|allocator| allocator.id)
        .collect();
    ids.dedup();
    ids
}
