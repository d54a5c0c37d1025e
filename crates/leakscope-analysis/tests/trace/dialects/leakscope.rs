//! The recorder's own dialect, rule by rule.

use leakscope_analysis::findings::{Confidence, Finding, Verdict};
use leakscope_analysis::trace::HeapEvent;
use leakscope_testing::scenario::Scenario;
use proptest::prelude::*;

use super::{addresses, begun, heap_events};
use crate::effects::check;
use crate::reading::{Kind, read, read_one};

pub(super) const BASE: u32 = 0x2000_0000;
pub(super) const CODE: u32 = 0x0800_0000;

/// A recording with a `Heap` event: 4-byte pointers, shift 2, no known size.
fn begun_at(offset: u32) -> Scenario {
    let mut recording = begun();
    recording.module(offset, "M=leakscope heap, 0 Alloc, 1 Free, 2 Realloc");
    recording.event(offset + 4, &[1, 4, 2, 8, 0, BASE, 0, CODE, 0]);
    recording
}

pub(super) fn turned(address: u32) -> u32 {
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
    for number in 12..16 {
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
    let allocate = |recording: &mut Scenario, block: u32, stack: u32| {
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

/// A recording with a `Heap` event of version 2: 16 stacks at once, and what the device leaves out.
pub(super) fn begun_anew(filter: [u32; 3]) -> Scenario {
    let mut recording = begun();
    recording.module(512, "M=leakscope heap");
    let [least_size, one_in, task] = filter;
    let units = [
        2, 4, 2, 8, 0, BASE, 0, CODE, 0, 16, 0, least_size, one_in, task,
    ];
    recording.event(516, &units);
    recording
}

/// The old place of a block that moves may be another block's before that is over.
#[test]
fn a_reallocation_that_is_interrupted() {
    let mut recording = begun_anew([0, 1, 0]);
    let [old, new] = [turned(BASE + 64), turned(BASE + 128)];
    recording.event(517, &[1, 0x10]).event(517, &[2, 0x20]);
    recording.after(1).event(512, &[old, 16, 1]);
    recording.after(1).event(520, &[old, 1]);
    recording.after(1).event(512, &[old, 24, 2]);
    recording.after(1).event(521, &[new, 32, 1, old]);
    recording.after(1).event(519, &[old, 2]);
    // One that fails: the block lives on as it was.
    recording.after(1).event(520, &[new, 1]);
    recording.after(1).event(512, &[old, 8, 2]);
    recording.after(1).event(522, &[new, 900, 1]);
    recording.after(1).event(519, &[new, 1]);
    let reading = read_one(recording.plain());
    reading.check();
    let totals = reading.outcome.totals;
    assert_eq!(
        (totals.allocations, totals.frees, totals.reallocations),
        (4, 3, 1)
    );
    assert_eq!((totals.double_frees, totals.failed_allocations), (0, 1));
    assert_eq!(
        (totals.outstanding_blocks, totals.outstanding_bytes),
        (1, 8)
    );
}

/// One bit of the event that ends it: the block may have stayed, so that its free proves nothing; another one's does.
#[test]
fn a_reallocation_that_ends_elsewhere() {
    let mut recording = begun_anew([0, 1, 0]);
    let [block, other] = [turned(BASE + 64), turned(BASE + 128)];
    recording.event(517, &[1, 0x10]);
    for address in [block, other] {
        recording.after(1).event(512, &[address, 16, 1]);
    }
    recording.after(1).event(520, &[block, 1]);
    recording.after(1).event(522, &[block ^ 0x400, 900, 1]);
    for address in [block, other, other] {
        recording.after(1).event(519, &[address, 1]);
    }
    let reading = read_one(recording.plain());
    let anomalies = reading.outcome.anomalies.iter();
    let doubts: Vec<(u64, bool)> = anomalies
        .map(|anomaly| (anomaly.address, anomaly.is_doubtful))
        .collect();
    let [block, other] = [64, 128].map(|offset| u64::from(BASE) + offset);
    assert_eq!(doubts, [(other, false), (block, true)]);
}

/// Who is interrupted is not told, nor who interrupts: that something happens meanwhile is no end of a reallocation, also where a filter
/// leaves ends out.
#[test]
fn a_reallocation_that_is_interrupted_by_nobody_known() {
    for filter in [[0, 1, 0], [64, 1, 0], [0, 2, 0]] {
        let mut recording = begun_anew(filter);
        recording.event(517, &[1, 0x10]);
        let [block, other, moved] = [64, 1024, 2048].map(|offset| turned(BASE + offset));
        recording.after(1).event(512, &[block, 100, 1]);
        // It fails.
        recording.after(1).event(520, &[block, 1]);
        for id in [520, 521] {
            recording.after(1).event(512, &[other, 100, 1]);
            recording.after(1).event(519, &[other, 1]);
            if id == 520 {
                recording.after(1).event(522, &[block, 900, 1]);
                recording.after(1).event(id, &[block, 1]);
            }
        }
        // It moves, and another block lives in its place by then.
        recording.after(1).event(512, &[block, 100, 1]);
        recording.after(1).event(521, &[moved, 200, 1, block]);
        for address in [block, moved] {
            recording.after(1).event(519, &[address, 1]);
        }
        let reading = read_one(recording.plain());
        assert_eq!(reading.anomalies(), Vec::<&str>::new(), "{filter:?}");
        let totals = reading.outcome.totals;
        assert_eq!(
            (totals.outstanding_blocks, totals.frees_of_older_blocks),
            (0, 0)
        );
    }
}

/// Nobody has freed what is being enlarged when the device dies.
#[test]
fn a_recording_that_ends_in_a_reallocation() {
    for (last, verdict) in [(519, Verdict::AllFreed), (520, Verdict::Uncertain)] {
        let mut recording = begun_anew([0, 1, 0]);
        recording.event(517, &[1, 0x10]);
        let places = [turned(BASE + 64), turned(BASE + 0x8000)];
        recording.after(1).event(512, &[places[0], 16, 1]);
        for step in 0..100 {
            let [old, new] = [step % 2, (step + 1) % 2].map(|place| places[place]);
            recording.after(500).event(520, &[old, 1]);
            let size = 16 * (step as u32 + 2);
            recording.after(1).event(521, &[new, size, 1, old]);
        }
        recording.after(500).event(last, &[places[0], 1]);
        let reading = read_one(recording.plain());
        let frame = u64::from(CODE) + 0x10;
        assert_eq!(reading.verdict(&[frame as u32]), verdict);
    }
}

/// A number whose definition was lost is not taken for the stack that had its slot before, nor is that from the second time on that
/// it is met; what is repeated keeps the rest.
#[test]
fn a_lost_definition_makes_a_stack_unknown() {
    let mut recording = begun_anew([0, 1, 0]);
    recording.event(517, &[3, 0x10]).event(517, &[4, 0x40]);
    let allocate = |recording: &mut Scenario, block: u32, stack: u32| {
        recording
            .after(1)
            .event(512, &[turned(BASE + 16 * block), 16, stack]);
    };
    allocate(&mut recording, 0, 3);
    allocate(&mut recording, 1, 16 + 3);
    // One bit may have made it of this one.
    allocate(&mut recording, 2, 3);
    allocate(&mut recording, 3, 16 + 3);
    allocate(&mut recording, 4, 3);
    recording.event(517, &[16 + 3, 0x20]);
    recording.event(516, &[2, 4, 2, 8, 0, BASE, 0, CODE, 0, 16, 1, 0, 1, 0]);
    allocate(&mut recording, 5, 16 + 3);
    allocate(&mut recording, 6, 4);
    let reading = read_one(recording.plain());
    let stacks = heap_events(&reading).into_iter().map(|(_, frames)| frames);
    let frame = |offset: u32| vec![u64::from(CODE) + u64::from(offset)];
    let (first, second) = (frame(0x10), frame(0x20));
    assert!(stacks.eq([
        first.clone(),
        vec![],
        first,
        vec![],
        vec![],
        second,
        frame(0x40)
    ]));
}

/// A device that leaves small blocks out may free them all the same.
#[test]
fn what_a_filter_leaves_out_is_said() {
    let mut recording = begun_anew([64, 1, 0]);
    let block = turned(BASE + 64);
    recording.event(512, &[block, 100, 0]);
    for _ in 0..3 {
        recording.after(1).event(519, &[block, 0]);
    }
    let reading = read_one(recording.plain());
    reading.check();
    let totals = reading.outcome.totals;
    assert_eq!((totals.frees, totals.double_frees), (1, 0));
    assert!(
        reading.problem("filtered").is_some(),
        "{:?}",
        reading.codes()
    );
}

/// Where the address decides, a free of a block that nobody saw begin is one of a block from before the recording.
#[test]
fn a_sample_of_addresses_has_older_blocks() {
    let mut recording = begun_anew([0, 2, 0]);
    let block = turned(BASE + 64);
    recording.event(519, &[block, 0]);
    recording.after(1).event(512, &[block, 100, 0]);
    recording.after(1).event(519, &[block, 0]);
    let reading = read_one(recording.plain());
    reading.check();
    let totals = reading.outcome.totals;
    assert_eq!((totals.frees, totals.frees_of_older_blocks), (2, 1));
}

/// Blocks of which none is freed, where small ones are left out; `beside` happens after each.
fn kept(beside: impl Fn(&mut Scenario, u32)) -> Finding {
    let mut recording = begun_anew([64, 1, 0]);
    recording.event(517, &[1, 0x10]).event(517, &[2, 0x20]);
    for entry in 0..60 {
        let block = turned(BASE + 0x1_0000 + 256 * entry);
        recording.after(1000).event(512, &[block, 100, 1]);
        beside(&mut recording, entry);
    }
    let reading = read_one(recording.plain());
    reading.check();
    assert_eq!(reading.outcome.totals.frees, 0);
    reading.site(&[CODE + 0x10]).finding.clone()
}

/// Frees the block of this number, which nobody saw begin.
fn free_other(recording: &mut Scenario, block: u32) {
    recording
        .after(3)
        .event(519, &[turned(BASE + 32 * block), 2]);
}

#[test]
fn a_full_cache_is_none_the_less_full_where_blocks_are_left_out() {
    let one_for_one = kept(free_other);
    assert_eq!(one_for_one.verdict, Verdict::Uncertain);
    let some_left_out = kept(|recording, entry| {
        free_other(recording, 2 * entry);
        free_other(recording, 2 * entry + 1);
    });
    assert_eq!(some_left_out.verdict, Verdict::Uncertain);
}

/// What else is freed: blocks at few addresses again and again, at many new ones, at new ones for a while, and seldom at a new one.
#[test]
fn blocks_that_are_left_out_hide_no_leak() {
    let frees: [fn(&mut Scenario, u32); 4] = [
        |recording, entry| (0..20).for_each(|number| free_other(recording, entry * number % 7)),
        |recording, entry| {
            (0..3 * (entry % 10)).for_each(|number| free_other(recording, 30 * entry + number));
        },
        |recording, entry| {
            if entry < 6 {
                (0..10).for_each(|number| free_other(recording, 10 * entry + number));
            }
        },
        |recording, entry| {
            free_other(recording, entry);
            (0..20).for_each(|number| free_other(recording, entry * number % 7));
        },
    ];
    for beside in frees {
        let leak = kept(beside);
        let found = (leak.verdict, leak.confidence);
        assert_eq!(found, (Verdict::LeakSteady, Confidence::Medium));
    }
}

/// Blocks that a filter let pass are known behind another start, but not behind a reset; and one core may free what another has
/// allocated.
#[test]
fn what_a_filter_let_pass_is_freed() {
    let units = [2, 4, 2, 8, 0, BASE, 0, CODE, 0, 16, 0, 64, 1, 0];
    let block = turned(BASE + 64);
    let frees = |clock: u64| {
        let mut recording = begun_anew([64, 1, 0]);
        recording.start().systime_us(5_000_000);
        recording.after(1).event(512, &[block, 100, 0]);
        recording.after(1000).start().systime_us(clock);
        recording
            .event(516, &units)
            .after(1)
            .event(519, &[block, 0]);
        read_one(recording.plain()).outcome.totals.frees
    };
    assert_eq!((frees(5_001_000), frees(1000)), (1, 0));

    let mut other = begun_anew([64, 1, 0]);
    other.after(1000).event(519, &[block, 0]);
    let mut recording = begun_anew([64, 1, 0]);
    recording.after(1).event(512, &[block, 100, 0]);
    let reading = read(&[recording.plain(), other.plain()]);
    assert_eq!(reading.outcome.totals.outstanding_blocks, 0);
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

/// Before any `Heap` event addresses are offsets in units of any size, and that is said. So no block lies in another: here
/// two of three units each.
#[test]
fn without_units_addresses_are_offsets() {
    let mut recording = begun();
    recording.module(512, "M=leakscope heap");
    recording
        .event(512, &[0x40, 24, 0])
        .event(512, &[0x43, 24, 0])
        .event(513, &[0x43, 24, 0])
        .event(513, &[0x40, 24, 0]);
    let reading = read_one(recording.plain());
    let [first, second] = addresses(&reading)[..] else {
        panic!("{:x?}", addresses(&reading));
    };
    assert!(second - first >= 24, "{first:x} {second:x}");
    assert!(reading.anomalies().is_empty());
    assert_eq!(reading.problem("free-lost"), None);
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

proptest! {
    #![proptest_config(crate::cases(200))]

    /// Events of all numbers, in any order, whole or cut short, with units known, newer, or never told.
    #[test]
    fn the_fast_lane_comes_to_the_same_outcome(
        version in 0..4_u32,
        slots in prop_oneof![Just(0_u32), Just(2)],
        pointer_bytes in prop_oneof![Just(4_u32), Just(8)],
        steps in prop::collection::vec((0..12_u32, 0..16_u32, 0..4_u32, 0..8_usize), 1..150),
    ) {
        let mut recording = begun();
        recording.module(512, "M=leakscope heap");
        if version > 0 {
            recording.event(516, &[version, pointer_bytes, 2, 8, 4096, BASE, 0, CODE, 0, slots]);
        }
        for (number, block, stack, missing) in steps {
            let address = turned(BASE + 16 * block);
            let mut fields = match number {
                2 => vec![turned(BASE + 16 * (block ^ 3)), 40, stack, address, 24],
                3 => vec![1000 + block, stack],
                7 | 8 => vec![address, stack],
                9 => vec![turned(BASE + 16 * (block ^ 3)), 40, stack, address],
                4 => vec![version, pointer_bytes, 2, 8, 0, BASE, 0, CODE, 0],
                5 | 6 => vec![stack, 0x10 * stack, 0x20 + block],
                _ => vec![address, 8 + block, stack],
            };
            if pointer_bytes == 8 && number < 3 {
                fields.push(stack);
            }
            // Seldom: a packet whose last fields are missing.
            if missing == 0 {
                fields.truncate(block as usize % 3);
            }
            recording.after(u64::from(block)).event(512 + number, &fields);
        }
        check(&recording.plain());
    }
}

/// A computer's C library stops a program that frees twice: one that goes on has freed what the C library itself had allocated
/// there, past what is recorded.
#[test]
fn what_is_freed_twice_on_a_computer_is_in_doubt() {
    for (pointer_bytes, size, doubtful) in [(8, 0, 20), (8, 65_536, 0), (4, 0, 0)] {
        let mut recording = begun();
        recording.module(512, "M=leakscope heap");
        recording.event(
            516,
            &[1, pointer_bytes, 4, 8, size, 0x5555_0000, 0, 0x1000, 0],
        );
        recording.event(517, &[1, 0x100]);
        for _ in 0..20 {
            recording.event(512, &[0x123, 40, 1]);
            recording.event(513, &[0x123, 40, 1]);
            recording.event(513, &[0x123, 0, 1]);
        }
        let reading = read_one(recording.plain());
        let totals = reading.outcome.totals;
        assert_eq!(
            (totals.double_frees, totals.doubtful_frees),
            (20 - doubtful, doubtful)
        );
        let told = reading.problem("allocations-unseen").is_some();
        assert_eq!(told, doubtful > 0);
    }
}
