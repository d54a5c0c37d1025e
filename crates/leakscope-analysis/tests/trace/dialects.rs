//! The ways in which targets tell of their heap: `docs/dialects.md`, and what others send.

use leakscope_analysis::outcome::HeapUsage;
use leakscope_analysis::problem::ProblemKind;
use leakscope_analysis::trace::HeapEvent;
use leakscope_systemview::{Extended, Packet};

use crate::reading::{Kind, Reading, read, read_one};
use crate::scenario::{IDF_HEAP, MAIN, RAM, Recording};

const SITE: &[u32] = &[0x400D_1000, 0x400D_2000];
const OTHER: &[u32] = &[0x400D_3000];
const BLOCK: u32 = 0x3FFB_0000;

/// A recording that has begun, without any module.
fn begun() -> Recording {
    let mut recording = Recording::empty();
    recording.start().task(MAIN, "main").run(MAIN);
    recording
}

fn heap_events(reading: &Reading) -> Vec<(HeapEvent, Vec<u64>)> {
    let events = reading.events.iter();
    events
        .filter_map(|event| match &event.kind {
            Kind::Heap(heap, frames) => Some((*heap, frames.clone())),
            _ => None,
        })
        .collect()
}

/// The addresses of allocations, in order.
fn addresses(reading: &Reading) -> Vec<u64> {
    let events = heap_events(reading).into_iter();
    events
        .filter_map(|(event, _)| match event {
            HeapEvent::Allocation { address, .. } | HeapEvent::Reallocation { address, .. } => {
                Some(address)
            }
            _ => None,
        })
        .collect()
}

mod idf {
    //! ESP-IDF's heap module.
    use super::*;

    #[test]
    fn at_any_offset() {
        for offset in [512, 514, 600, 8000] {
            let mut recording = begun();
            recording.module(offset, IDF_HEAP);
            recording.heap = offset;
            recording.allocate(BLOCK, 16, SITE).free(BLOCK, OTHER);
            let reading = read_one(recording.openocd());
            assert_eq!(reading.outcome.totals.heap_events, 2, "{offset}");
            assert!(
                reading.codes().is_empty(),
                "{offset}: {:?}",
                reading.codes()
            );
        }
    }

    /// The function trace registers first, and its events are no blocks.
    #[test]
    fn behind_the_function_trace() {
        let functions = "M=ESP_FunctionTrace, 0 function_enter func=%p call_site=%p, \
                         1 function_exit func=%p call_site=%p";
        for heap_is_described in [true, false] {
            let mut recording = begun();
            recording.module(512, functions);
            if heap_is_described {
                recording.module(514, IDF_HEAP);
            }
            recording.heap = 514;
            for block in 0..4 {
                recording.event(512, &[0x400D_1234, 0x400D_5678]);
                recording.allocate(BLOCK + 16 * block, 16, SITE);
                recording.event(513, &[0x400D_1234, 0x400D_5678]);
            }
            recording.free(BLOCK, OTHER);
            let reading = read_one(recording.openocd());
            assert_eq!(reading.outcome.totals.heap_events, 5, "{heap_is_described}");
            assert_eq!(reading.outcome.totals.outstanding_blocks, 3);
            assert_eq!(
                reading.problem("heap-module-guessed").is_none(),
                heap_is_described
            );
            let described = Kind::Module(Some((functions.to_owned(), 0)));
            assert_eq!(
                reading
                    .events
                    .iter()
                    .filter(|event| event.kind == described)
                    .count(),
                4
            );
        }
    }

    /// Events of other modules are not taken for blocks, only because nothing describes them.
    #[test]
    fn other_modules_are_no_heap() {
        for numbers in [
            &[0x400D_1234, 0x400D_5678][..],
            &[0x4200_1234, 0x4200_5678],
            &[1, 2],
            &[BLOCK],
            &[BLOCK + 1, 16, 0x400D_1000],
            &[BLOCK, 16, 7, 0x400D_1000],
            &[],
        ] {
            let mut recording = begun();
            for _ in 0..10 {
                recording.after(10).event(512, numbers).event(513, numbers);
            }
            let reading = read_one(recording.openocd());
            assert_eq!(reading.outcome.totals.heap_events, 0, "{numbers:x?}");
            assert!(reading.problem("no-heap-events").is_some());
            assert!(reading.problem("unnamed-module-events").is_some());
            assert_eq!(reading.problem("skipped-bytes"), None, "{numbers:x?}");
        }
    }

    /// A recording that begins with a free is not led astray by it.
    #[test]
    fn guessed_from_an_allocation_not_from_a_free() {
        for callers in [SITE, &[][..], &[0x4200_1000], &[0x0800_1235]] {
            let mut recording = begun();
            recording
                .free(BLOCK + 0x100, callers)
                .allocate(BLOCK, 16, callers);
            recording
                .free(BLOCK, callers)
                .allocate(BLOCK + 16, 16, callers);
            let reading = read_one(recording.openocd());
            let guessed = reading.problem("heap-module-guessed").expect("a guess");
            assert_eq!(guessed.kind, ProblemKind::HeapModuleGuessed { id: 512 });
            assert_eq!(reading.outcome.totals.allocations, 2, "{callers:x?}");
            assert_eq!(reading.outcome.totals.outstanding_blocks, 1, "{callers:x?}");
        }
    }

    /// `heap_trace_start` again moves the module; the description that says so may be lost.
    #[test]
    fn moves_without_a_description() {
        let mut recording = Recording::begun();
        recording.allocate(BLOCK, 16, SITE);
        recording.heap = 514;
        recording
            .allocate(BLOCK + 16, 16, SITE)
            .free(BLOCK, OTHER)
            .free(BLOCK + 16, OTHER);
        let reading = read_one(recording.openocd());
        assert_eq!(reading.outcome.totals.heap_events, 4);
        assert_eq!(reading.outcome.totals.outstanding_blocks, 0);
    }

    /// A description that comes after the heap was guessed does not make it forgotten.
    #[test]
    fn a_guess_outlives_a_description_before_it() {
        let mut recording = begun();
        recording.heap = 514;
        recording.allocate(BLOCK, 16, SITE);
        recording.module(
            512,
            "M=ESP_FunctionTrace, 0 function_enter func=%p, 1 function_exit func=%p",
        );
        recording.free(BLOCK, OTHER);
        let reading = read_one(recording.openocd());
        assert_eq!(reading.outcome.totals.outstanding_blocks, 0);
    }

    /// Other firmware after a reset may have another module at the same ids.
    #[test]
    fn another_module_takes_the_same_ids() {
        let mut recording = Recording::begun();
        recording.allocate(BLOCK, 16, SITE).after(10).start();
        recording.module(512, "M=Network, 0 Send bytes=%u, 1 Receive bytes=%u");
        recording.event(512, &[100]).event(513, &[200]);
        let reading = read_one(recording.openocd());
        assert_eq!(reading.outcome.totals.heap_events, 1);
        assert_eq!(reading.problem("unreadable-packet"), None);
    }

    /// A module's description may come in several packets.
    #[test]
    fn a_description_in_parts() {
        let mut recording = begun();
        recording
            .module(512, "M=Network, 0 Send bytes=%u")
            .module(512, "1 Receive bytes=%u");
        recording.event(513, &[200]);
        let reading = read_one(recording.openocd());
        let described = "M=Network, 0 Send bytes=%u,1 Receive bytes=%u".to_owned();
        assert_eq!(
            reading.events.last().map(|event| event.kind.clone()),
            Some(Kind::Module(Some((described, 1))))
        );
    }

    /// A description on one core's part holds for the other: the firmware is one.
    #[test]
    fn a_description_holds_for_both_cores() {
        let mut recording = Recording::begun();
        recording
            .on(1)
            .allocate(BLOCK, 16, SITE)
            .on(0)
            .free(BLOCK, OTHER);
        for files in [
            recording.openocd_by_core().to_vec(),
            vec![recording.joined()],
        ] {
            let reading = read(&files);
            assert_eq!(reading.outcome.totals.heap_events, 2);
            assert_eq!(reading.outcome.totals.outstanding_blocks, 0);
            assert!(reading.codes().is_empty(), "{:?}", reading.codes());
        }
    }

    /// Payloads that are cut short are told, and change nothing.
    #[test]
    fn unreadable_events_are_counted() {
        let mut recording = Recording::begun();
        recording.allocate(BLOCK, 16, SITE);
        recording
            .event(512, &[])
            .event(512, &[BLOCK + 64])
            .event(513, &[]);
        recording.free(BLOCK, OTHER);
        let reading = read_one(recording.openocd());
        let unreadable = reading.problem("unreadable-packet").expect("a problem");
        assert_eq!(unreadable.count, 3);
        assert_eq!(reading.outcome.totals.heap_events, 2);
    }
}

mod segger {
    //! SystemView's own heap events.
    use super::*;

    const HEAP: u32 = RAM + 0x100;
    const POOL: u32 = RAM + 0x200;

    fn define(recording: &mut Recording, heap: u32, base: u32, size: u32, shift: u32) {
        let packet = Packet::Extended(Extended::HeapDefine {
            heap: recording.shrink(heap),
            base: recording.shrink(base),
            size: size >> shift,
            metadata_size: 8,
        });
        recording.packet(&packet);
    }

    fn allocate(recording: &mut Recording, heap: u32, block: u32, length: u32, tag: Option<u32>) {
        let packet = Packet::Extended(Extended::HeapAlloc {
            heap: recording.shrink(heap),
            block: recording.shrink(block),
            length,
            tag,
        });
        recording.after(1).packet(&packet);
    }

    fn free(recording: &mut Recording, heap: u32, block: u32) {
        let packet = Packet::Extended(Extended::HeapFree {
            heap: recording.shrink(heap),
            block: recording.shrink(block),
        });
        recording.after(1).packet(&packet);
    }

    #[test]
    fn several_heaps_tags_and_shifted_sizes() {
        let mut recording = Recording::empty();
        recording.shift(3).start().run(MAIN);
        define(&mut recording, HEAP, RAM + 0x1000, 0x8000, 3);
        define(&mut recording, POOL, RAM + 0x9000, 0x100, 3);
        allocate(&mut recording, HEAP, RAM + 0x1000, 64 >> 3, None);
        allocate(&mut recording, POOL, RAM + 0x9000, 32 >> 3, Some(0xC0DE));
        allocate(&mut recording, HEAP, RAM + 0x1040, 128 >> 3, None);
        free(&mut recording, HEAP, RAM + 0x1000);
        let reading = read_one(recording.plain());
        reading.check();
        let heap =
            |heap, base, size, allocations, frees, outstanding_bytes, peak_bytes| HeapUsage {
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

    /// Nothing tells the places of allocations apart, and that is said.
    #[test]
    fn without_call_stacks() {
        let mut recording = Recording::empty();
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
        let mut recording = Recording::empty();
        recording.start();
        allocate(&mut recording, HEAP, RAM, 64, None);
        free(&mut recording, HEAP, RAM);
        let reading = read_one(recording.plain());
        assert_eq!(reading.outcome.totals.allocations, 1);
        assert_eq!(reading.outcome.totals.outstanding_blocks, 0);
    }
}

mod leakscope {
    //! The recorder's own dialect, rule by rule.
    use super::*;

    const BASE: u32 = 0x2000_0000;
    const CODE: u32 = 0x0800_0000;

    /// A recording with a `Heap` event: 4-byte pointers, shift 2, no known size.
    fn begun_at(offset: u32) -> Recording {
        let mut recording = begun();
        recording.module(offset, "M=leakscope heap, 0 Alloc, 1 Free, 2 Realloc");
        recording.event(offset + 4, &[1, 4, 2, 8, 0, BASE, 0, CODE, 0]);
        recording
    }

    fn turned(address: u32) -> u32 {
        address.wrapping_sub(BASE).rotate_right(2)
    }

    /// The bytes of the document's example.
    #[test]
    fn the_example() {
        let mut recording = begun();
        recording.module(512, "M=leakscope heap");
        for bytes in [
            "84 04 12 01 04 02 02 80 80 04 80 80 80 80 02 00 80 80 80 40 00 05",
            "85 04 05 01 A0 04 B4 12 09",
            "80 04 04 90 02 18 01 07",
            "81 04 04 90 02 18 00 64",
            "83 04 04 80 80 01 00 03",
        ] {
            let byte = |byte| u8::from_str_radix(byte, 16).expect("two digits");
            recording.raw(&bytes.split(' ').map(byte).collect::<Vec<u8>>());
        }
        let reading = read_one(recording.plain());
        let heap = reading.heap();
        assert_eq!(heap.len(), 4);
        assert_eq!(
            heap.iter().map(|event| event.time).collect::<Vec<_>>(),
            [5, 21, 121, 124]
        );
        let events = heap_events(&reading);
        let expected = HeapEvent::Define {
            heap: 0,
            base: 0x2000_0000,
            size: 65_536,
        };
        assert_eq!(events[0].0, expected);
        let HeapEvent::Allocation { address, size, .. } = events[1].0 else {
            panic!("{events:x?}");
        };
        assert_eq!((address, size), (0x2000_0440, 24));
        assert_eq!(events[1].1, [0x0800_0220, 0x0800_0934]);
        let HeapEvent::Free { address, size, .. } = events[2].0 else {
            panic!("{events:x?}");
        };
        assert_eq!(
            (address, size, events[2].1.len()),
            (0x2000_0440, Some(24), 0)
        );
        assert!(matches!(
            events[3].0,
            HeapEvent::Failed { size: 16_384, .. }
        ));
    }

    /// A reallocation is one event, and counts as an allocation and a free.
    #[test]
    fn reallocations_are_one_event() {
        let mut recording = begun_at(512);
        recording.event(517, &[1, 0x10, 0x20]);
        recording.event(512, &[turned(BASE + 64), 16, 1]);
        recording.event(514, &[turned(BASE + 128), 32, 1, turned(BASE + 64), 16]);
        recording.event(514, &[turned(BASE + 128), 48, 1, turned(BASE + 128), 32]);
        let reading = read_one(recording.plain());
        reading.check();
        let totals = reading.outcome.totals;
        assert_eq!(totals.heap_events, 3);
        assert_eq!(
            (totals.allocations, totals.frees, totals.reallocations),
            (3, 2, 2)
        );
        assert_eq!(
            (totals.outstanding_blocks, totals.outstanding_bytes),
            (1, 48)
        );
        assert_eq!(reading.site(&[CODE + 0x10, CODE + 0x20]).reallocations, 2);
        assert_eq!(totals.peak_bytes, 48);
    }

    /// Fields behind those that are known, and numbers that are not, are no errors.
    #[test]
    fn newer_recorders_are_understood() {
        let mut recording = begun_at(528);
        recording.event(528 + 4, &[9, 4, 2, 8, 0, BASE, 0, CODE, 0, 77, 78]);
        recording.event(528 + 5, &[1, 0x10]);
        recording.event(528, &[turned(BASE + 64), 16, 1, 0, 99, 100]);
        recording.event(528 + 3, &[5, 1, 42]);
        for number in 7..16 {
            recording.event(528 + number, &[1, 2, 3]);
        }
        let reading = read_one(recording.plain());
        assert_eq!(reading.outcome.totals.heap_events, 2);
        assert_eq!(addresses(&reading), [u64::from(BASE) + 64]);
        assert_eq!(reading.codes(), ["newer-recorder"]);
    }

    /// A `Heap` event empties the table of stacks; a definition replaces the one before it.
    #[test]
    fn stacks_hold_until_they_are_defined_again() {
        let mut recording = begun_at(512);
        let allocate = |recording: &mut Recording, block: u32, stack: u32| {
            recording
                .after(1)
                .event(512, &[turned(BASE + 16 * block), 16, stack]);
        };
        recording.event(517, &[1, 0x10]);
        allocate(&mut recording, 0, 1);
        recording.event(517, &[1, 0x20]);
        allocate(&mut recording, 1, 1);
        allocate(&mut recording, 2, 5);
        allocate(&mut recording, 3, 0);
        recording.after(1).overflow(7);
        allocate(&mut recording, 4, 1);
        recording.event(516, &[1, 4, 2, 8, 0, BASE, 0, CODE, 0]);
        allocate(&mut recording, 5, 1);
        let reading = read_one(recording.plain());
        let stacks: Vec<Vec<u64>> = heap_events(&reading)
            .into_iter()
            .map(|(_, frames)| frames)
            .collect();
        let [ten, twenty] = [u64::from(CODE) + 0x10, u64::from(CODE) + 0x20];
        assert_eq!(
            stacks,
            [
                vec![ten],
                vec![twenty],
                vec![],
                vec![],
                vec![twenty],
                vec![]
            ]
        );
        assert_eq!(
            reading.outcome.totals.outstanding_blocks, 6,
            "nothing was freed by it"
        );
        assert_eq!(reading.outcome.sessions.len(), 1);
    }

    /// Addresses below the base and unaligned ones survive the turn; 64-bit ones have high words.
    #[test]
    fn addresses_of_all_kinds() {
        let mut recording = begun_at(512);
        let blocks = [BASE, BASE - 8, BASE + 1, BASE + 3, 0xFFFF_FFFC];
        for block in blocks {
            recording.event(512, &[turned(block), 16, 0]);
        }
        let reading = read_one(recording.plain());
        assert_eq!(addresses(&reading), blocks.map(u64::from));

        let mut recording = begun();
        recording.module(512, "M=leakscope heap");
        let [low, high] = [0x5555_0000_u32, 0x7FFF];
        recording.event(516, &[1, 8, 4, 8, 0, low, high, 0x1000, 0x5555]);
        recording.event(518, &[1, 0x234, 0, 0xFFFF_FFFF, 0xFFFF_FFFF]);
        recording.event(512, &[0x400_u32.rotate_right(4), 16, 1]);
        recording.event(512, &[0x800_u32.rotate_right(4), 16, 1, 3]);
        recording.event(514, &[0x10, 32, 1, 0x800_u32.rotate_right(4), 16, 2, 3]);
        let reading = read_one(recording.plain());
        let base = 0x7FFF_5555_0000_u64;
        assert_eq!(
            addresses(&reading),
            [base + 0x400, base + 0x3_0000_0800, base + 0x2_0000_0100]
        );
        assert_eq!(
            heap_events(&reading)[0].1,
            [0x5555_0000_1234, 0x5555_0000_0FFF]
        );
        assert_eq!(reading.outcome.totals.frees, 1);
        assert_eq!(reading.outcome.totals.outstanding_bytes, 48);
    }

    /// Before any `Heap` event addresses are offsets, and that is said.
    #[test]
    fn without_units_addresses_are_offsets() {
        let mut recording = begun();
        recording.module(512, "M=leakscope heap");
        recording
            .event(512, &[0x40, 16, 0])
            .event(513, &[0x40, 16, 0]);
        let reading = read_one(recording.plain());
        assert_eq!(addresses(&reading), [0x40]);
        assert_eq!(reading.outcome.totals.outstanding_blocks, 0);
        assert!(
            reading.problem("no-heap-units").is_some(),
            "{:?}",
            reading.codes()
        );
    }

    /// A damaged event is told, and the next one is read.
    #[test]
    fn events_without_their_fields() {
        let mut recording = begun_at(512);
        recording
            .event(512, &[1, 2])
            .event(514, &[1, 2, 3])
            .event(515, &[1]);
        recording.event(512, &[turned(BASE + 64), 16, 0]);
        let reading = read_one(recording.plain());
        let unreadable = reading
            .problem("unreadable-packet")
            .map(|problem| problem.count);
        assert_eq!(unreadable, Some(3));
        assert_eq!(reading.outcome.totals.allocations, 1);
    }

    /// The numbers of stacks belong to one stream: each core has its own.
    #[test]
    fn a_module_registered_behind_it_keeps_its_ids() {
        let mut recording = begun_at(512);
        recording.module(528, "M=Network, 0 Send bytes=%u");
        recording
            .event(528, &[5])
            .event(512, &[turned(BASE), 16, 0]);
        let reading = read_one(recording.plain());
        assert_eq!(reading.outcome.totals.heap_events, 1);
        let described = Kind::Module(Some(("M=Network, 0 Send bytes=%u".to_owned(), 0)));
        assert!(reading.events.iter().any(|event| event.kind == described));
    }
}

/// A recording without heap events says nothing about leaks, whatever else it holds.
#[test]
fn no_heap_events_is_a_problem() {
    let mut recording = begun();
    for number in 0..100 {
        recording
            .after(10)
            .event(40 + number % 10, &[1, 2])
            .print("x\n");
    }
    let reading = read_one(recording.plain());
    assert!(reading.problem("no-heap-events").is_some());
    assert!(reading.outcome.call_sites.is_empty());
    let mut described = Recording::begun();
    described.after(10).print("x\n");
    assert!(
        read_one(described.plain())
            .problem("no-heap-events")
            .is_some()
    );
}

/// Nothing, or nothing but a header, is an empty recording; text is none.
#[test]
fn what_is_no_recording() {
    let header = ";\n; Version     SEGGER SystemViewer V3.60\n;\n";
    assert_eq!(read_one(Vec::new()).codes(), ["empty"]);
    assert_eq!(read_one(header.into()).codes(), ["empty"]);
    let text = "This is a log file.\nIt has lines of text.\n".repeat(50);
    assert_eq!(read_one(text.clone().into()).codes(), ["not-systemview"]);
    assert_eq!(
        read_one([header, &text].concat().into()).codes(),
        ["not-systemview"]
    );
    let program = std::env::current_exe().expect("this test's program");
    let program = std::fs::read(program).expect("a file that can be read");
    assert_eq!(read_one(program).codes(), ["not-systemview"]);
}

/// Bytes without meaning are no recording, at whatever place one begins to read.
#[test]
fn random_bytes_are_no_recording() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    let mut accepted = 0;
    for _ in 0..40 {
        let bytes = (0..8192).map(|_| next()).collect();
        accepted += usize::from(read_one(bytes).codes() != ["not-systemview"]);
    }
    assert!(accepted <= 1, "{accepted} of 40");
}

/// Offsets in a header that point nowhere are no end.
#[test]
fn offsets_beyond_the_end() {
    let mut recording = Recording::begun();
    recording.allocate(BLOCK, 16, SITE);
    for offset in [u64::MAX, 1 << 40, 1_000_000] {
        let header = format!("; Author Espressif Inc\n; Offset Core0 0\n; Offset Core1 {offset}\n");
        let reading = read_one([header.as_bytes(), &recording.plain()].concat());
        assert_eq!(reading.outcome.totals.allocations, 1, "{offset}");
    }
}
