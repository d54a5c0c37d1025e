//! SystemView's own heap events.

use leakscope_analysis::outcome::HeapUsage;
use leakscope_analysis::trace::HeapEvent;
use leakscope_systemview::{Extended, Packet};
use leakscope_testing::scenario::{IDF_HEAP, MAIN, RAM, Scenario};

use super::{addresses, heap_events};
use crate::reading::read_one;

const HEAP: u32 = RAM + 0x100;
const POOL: u32 = RAM + 0x200;

fn define(recording: &mut Scenario, heap: u32, base: u32, size: u32, shift: u32) {
    let packet = Packet::Extended(Extended::HeapDefine {
        heap: recording.shrink(heap),
        base: recording.shrink(base),
        size: size >> shift,
        metadata_size: 8,
    });
    recording.packet(&packet);
}

fn allocate(recording: &mut Scenario, heap: u32, block: u32, length: u32, tag: Option<u32>) {
    let packet = Packet::Extended(Extended::HeapAlloc {
        heap: recording.shrink(heap),
        block: recording.shrink(block),
        length,
        tag,
    });
    recording.after(1).packet(&packet);
}

fn free(recording: &mut Scenario, heap: u32, block: u32) {
    let packet = Packet::Extended(Extended::HeapFree {
        heap: recording.shrink(heap),
        block: recording.shrink(block),
    });
    recording.after(1).packet(&packet);
}

#[test]
fn several_heaps_tags_and_shifted_sizes() {
    let mut recording = Scenario::empty();
    recording.shift(3).start().run(MAIN);
    define(&mut recording, HEAP, RAM + 0x1000, 0x8000, 3);
    define(&mut recording, POOL, RAM + 0x9000, 0x100, 3);
    allocate(&mut recording, HEAP, RAM + 0x1000, 64 >> 3, None);
    allocate(&mut recording, POOL, RAM + 0x9000, 32 >> 3, Some(0xC0DE));
    allocate(&mut recording, HEAP, RAM + 0x1040, 128 >> 3, None);
    free(&mut recording, HEAP, RAM + 0x1000);
    let reading = read_one(recording.plain());
    reading.check();
    let heap = |heap, base, size, allocations, frees, outstanding_bytes, peak_bytes| HeapUsage {
        heap: u64::from(heap),
        base: Some(u64::from(base)),
        size: Some(size),
        allocations,
        frees,
        outstanding_bytes,
        peak_bytes,
    };
    assert_eq!(
        reading.outcome.heaps,
        [
            heap(HEAP, RAM + 0x1000, 0x8000, 2, 1, 128, 192),
            heap(POOL, RAM + 0x9000, 0x100, 1, 0, 32, 32),
        ]
    );
    assert_eq!(addresses(&reading), [0x3FC0_1000, 0x3FC0_9000, 0x3FC0_1040]);
    let tags: Vec<Option<u32>> = heap_events(&reading)
        .into_iter()
        .filter_map(|(event, _)| match event {
            HeapEvent::Allocation { tag, .. } => Some(tag),
            _ => None,
        })
        .collect();
    assert_eq!(tags, [None, Some(0xC0DE), None]);
    assert_eq!(reading.heap_contexts()[2], "task@0x3fc01000");
}

/// As of call sites, tasks and all together: what each session left is outstanding. Heaps may be told apart late.
#[test]
fn what_lived_at_a_reset_is_outstanding_in_its_heap() {
    let mut recording = Scenario::empty();
    for session in 0..3 {
        recording.start().module(512, IDF_HEAP).run(MAIN);
        recording.allocate(RAM + 0xA000, 16, &[0x400D_1000]);
        if session > 0 {
            define(&mut recording, HEAP, RAM + 0x1000, 0x8000, 0);
            allocate(&mut recording, HEAP, RAM + 0x1000, 64, None);
            allocate(&mut recording, HEAP, RAM + 0x1040, 128, None);
            free(&mut recording, HEAP, RAM + 0x1000);
        }
        recording.after(1000).stop().after(1000);
    }
    let reading = read_one(recording.plain());
    reading.check();
    let outcome = &reading.outcome;
    assert_eq!(outcome.totals.sessions, 3);
    let outstanding = outcome.heaps.iter().map(|heap| heap.outstanding_bytes);
    assert_eq!(outstanding.collect::<Vec<_>>(), [3 * 16, 2 * 128]);
    assert_eq!(outcome.totals.outstanding_bytes, 3 * 16 + 2 * 128);
}

/// Nothing tells the places of allocations apart, and that is said.
#[test]
fn without_call_stacks() {
    let mut recording = Scenario::empty();
    recording.start();
    allocate(&mut recording, HEAP, RAM + 0x1000, 64, None);
    let reading = read_one(recording.plain());
    assert!(reading.problem("no-call-stacks").is_some());
    assert_eq!(
        reading.outcome.heaps.len(),
        1,
        "a heap that was not defined, but named"
    );
    assert_eq!(reading.outcome.heaps[0].size, None);
}

/// The first block may stand at the base that all ids are relative to.
#[test]
fn a_block_at_the_base_of_ram() {
    let mut recording = Scenario::empty();
    recording.start();
    allocate(&mut recording, HEAP, RAM, 64, None);
    free(&mut recording, HEAP, RAM);
    let reading = read_one(recording.plain());
    assert_eq!(reading.outcome.totals.allocations, 1);
    assert_eq!(reading.outcome.totals.outstanding_blocks, 0);
}
