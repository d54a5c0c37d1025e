//! The map of a heap, as a program reads it and as a person does; and where regions come from.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::{Completes, Effect, KeepAll, KnownBlock, SiteId};
use leakscope_analysis::outcome::{Block, HeapUsage};
use leakscope_analysis::trace::{Context, Layout};
use leakscope_heap::{HeapMap, Memory, Region, Told};
use leakscope_report::document::heap_map as document;
use leakscope_report::heap_map::Along;
use leakscope_report::text::{self, TextOptions};
use leakscope_report::{Report, Symbolizer, heap_map, json};

use crate::everything::everything;
use crate::golden::assert_golden;
use crate::json::{assert_documented, paths};
use crate::program::Program;

const BASE: u64 = 0x3ffb_0000;

/// A heap of FreeRTOS that is fragmented.
pub(crate) fn fragmented() -> HeapMap {
    worked(40)
}

/// A heap of 32 KiB of FreeRTOS. In each round it is filled with blocks of 120 bytes, and all are freed but for one of the second
/// call site, which stays: further up in each round. At last there is no room for a large block.
fn worked(rounds: u64) -> HeapMap {
    let region = Region {
        range: BASE..BASE + 0x8000,
        name: Some("ucHeap\u{1b}[2J".to_owned()),
    };
    let mut map = HeapMap::new(&[region], &[], u64::MAX);
    let block = |number: u64, time| {
        let (context, core) = (Context::Unknown, 0);
        let address = BASE + 8 + 128 * number;
        let block = Block {
            address,
            size: 120,
            time,
            context,
            core,
        };
        let site = SiteId::new(u32::from(number % 4 == 1));
        KnownBlock { block, site }
    };
    let allocation = |began| Effect::Allocation {
        began,
        lost: None,
        completes: Completes::Nothing,
    };
    let mut time = 1;
    let blocks = 240;
    for round in 0..rounds {
        // The whole heap is used, then freed but for the pins so far.
        let is_pin = |number: u64| number % 4 == 1 && number / 4 < round;
        for number in (0..blocks).filter(|&number| !is_pin(number) || number / 4 == round - 1) {
            time += 100;
            map.observe(time, &allocation(block(number, time)));
        }
        for number in (0..blocks).filter(|&number| number % 4 != 1 || number / 4 > round) {
            time += 100;
            map.observe(
                time,
                &Effect::Free {
                    ended: block(number, 0),
                },
            );
        }
    }
    let failed = Effect::Failed {
        site: SiteId::new(0),
        size: 20_000,
        revived: None,
        spares_older: false,
    };
    map.observe(time + 1, &failed);
    for text in [
        "    free 3000 allocated 98000 min_free 170 largest_free_block 120",
        "largest free block: 99",
    ] {
        map.told(time + 2, Told::in_text(text).expect("it is said"));
    }
    map.finish();
    map
}

fn report() -> Report {
    Report::new(&everything(), &mut Symbolizer::new(Some(&Program)), &[])
}

/// An image of memory in which FreeRTOS' heap is one hole.
struct Empty;

impl Memory for Empty {
    fn word(&self, address: u64) -> Option<u32> {
        (address == BASE + 4).then_some(0x7ff8)
    }
}

#[test]
fn the_document_and_the_output_have_the_same_fields() {
    let written_map = heap_map::document(&fragmented(), &report(), Some(20_000));
    let mut output = BTreeSet::new();
    paths(
        &serde_json::to_value(&written_map).expect("a document"),
        "",
        &mut output,
    );
    // A short recording, which several allocators explain, without and with an image of memory.
    let mut short = worked(1);
    for has_image in [false, true] {
        if has_image {
            short.follow(&Empty);
        }
        let written = heap_map::document(&short, &report(), None);
        assert_eq!(written.regions[0].is_exact, has_image);
        let written = serde_json::to_value(&written).expect("a document");
        paths(&written, "", &mut output);
    }
    assert_documented(output, "heap-json.md");
    let mut written = Vec::new();
    json::write(&mut written, &written_map).expect("it is written");
    let read: document::HeapMap = serde_json::from_slice(&written).expect("it is read");
    assert_eq!(read, written_map);
}

#[test]
fn golden_output() {
    let report = report();
    let map = heap_map::document(&fragmented(), &report, Some(20_000));
    let mut out = Vec::new();
    text::write_heap_map(&mut out, &map, report.clock(), &TextOptions::default()).expect("text");
    assert_golden("heap-map.txt", &String::from_utf8(out).expect("UTF-8"));
}

#[test]
fn heaps_in_a_boot_log() {
    let log = "I (257) heap_init: Initializing. RAM available for dynamic allocation:\r\n\
               \u{1b}[0;32mI (263) heap_init: At 3FC93D20 len 0004C2E0 (304 KiB): RAM\u{1b}[0m\r\n\
               I (270) heap_init: At 3FCE0000 len 00014724 (81 KiB): RETENT_RAM\n\
               I (277) heap_init: At 600FE01C len 00001FB4 (7 KiB): RTCRAM\n\
               I (277) heap_init: At 600FE01C len 00001FB4 (7 KiB): RTCRAM\n\
               I (300) heap_init: At nowhere len 00001FB4 (7 KiB): RTCRAM\n\
               I (300) heap_init: At FFFFFFFFFFFFFFFF len 00001FB4 (7 KiB): RTCRAM\n";
    let regions = heap_map::in_boot_log(log.as_bytes());
    let found: Vec<_> = (regions.iter())
        .map(|region| (region.range.start, region.range.end, region.name.as_deref()))
        .collect();
    let expected = [
        (0x3fc9_3d20, 0x3fce_0000, Some("RAM")),
        (0x3fce_0000, 0x3fcf_4724, Some("RETENT_RAM")),
        (0x600f_e01c, 0x600f_ffd0, Some("RTCRAM")),
    ];
    assert_eq!(found, expected);
}

/// A recording of a program in Rust.
fn recorded(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/firmware/embassy-virt");
    fs::read(folder.join(name).with_extension("svdat")).expect("a recording")
}

/// The map of a recording's heap at its end, made while it is read for the first time, if that can be.
fn along(
    file: &[u8],
    said: &[Region],
    asked: impl FnOnce(&[Region]) -> Vec<Region>,
) -> Option<HeapMap> {
    let inputs = [file];
    let mut analysis = Analysis::new(&Layout::of(&inputs), KeepAll);
    let mut along = Along::new(said, None);
    let Ok(()) = along.read(&mut analysis, &inputs[..]);
    along.map(&asked(&heap_map::regions(
        said,
        &analysis.outcome().heaps,
        None,
        None,
    )))
}

#[test]
fn a_map_made_along_is_that_of_a_second_reading() {
    for name in [
        "error-path",
        "growing-table",
        "out-of-memory",
        "double-free",
    ] {
        let file = recorded(name);
        let mut of_target = Vec::new();
        let map = along(&file, &[], |regions| {
            of_target = regions.to_vec();
            of_target.clone()
        });
        let map = map.expect("the target tells of its heap before it uses it");
        let inputs = [&file[..]];
        let empty = HeapMap::new(&of_target, &[], u64::MAX);
        let Ok(read) = heap_map::read(&inputs[..], &Layout::of(&inputs), &mut KeepAll, empty);
        let [along, again] =
            [&map, &read].map(|map| heap_map::document(map, &report(), Some(5000)));
        assert_eq!(along, again, "{name}");
        assert!(again.addresses > 0, "{name}");
    }
}

#[test]
fn no_map_is_made_along_of_a_heap_that_is_known_too_late() {
    let file = recorded("error-path");
    let other = Region {
        range: 0x2000_0000..0x2000_1000,
        name: None,
    };
    assert!(along(&file, &[], |_| vec![other.clone()]).is_none());
    let said = [other];
    assert!(along(&file, &said, <[Region]>::to_vec).is_some());
}

#[test]
fn a_heap_that_is_elsewhere_than_the_recording_says() {
    let heap = HeapUsage {
        base: Some(BASE),
        size: Some(0x8000),
        ..HeapUsage::default()
    };
    let region = |start| Region {
        range: start..start + 0x8000,
        name: None,
    };
    let said = |start| heap_map::disagreement(&[region(start)], std::slice::from_ref(&heap), None);
    assert_eq!(said(BASE), None);
    let expected =
        "the recording says that the heap is 0x3ffb0000+32768, and you say 0x3ffb0100+32768";
    assert_eq!(said(BASE + 0x100).as_deref(), Some(expected));
    assert_eq!(heap_map::disagreement(&[], &[heap], None), None);
    assert_eq!(heap_map::disagreement(&[region(BASE)], &[], None), None);
}
