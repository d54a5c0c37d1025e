//! Sound recordings with unusual content: every packet is read, and nothing else.

#[path = "../../examples/damage/random.rs"]
mod random;
#[path = "../../examples/damage/valid.rs"]
mod recordings;

use leakscope_systemview::{Packet, id};
use leakscope_testing::scenario::{IDF_HEAP, Scenario};
use proptest::prelude::*;

use self::random::Random;
use self::recordings::{KINDS, Valid};
use crate::damage::program;
use crate::reading::{Kind, Reading, read_one};

/// Where the packets stand that were read, and their ids.
fn packets(reading: &Reading) -> Vec<(usize, u32)> {
    let events = reading.events.iter();
    events
        .map(|event| (event.offset as usize, event.id))
        .collect()
}

proptest! {
    #![proptest_config(crate::cases(300))]

    /// Texts, blobs, silences, seldom ids, numbers of any size, with and without the core in the ids.
    #[test]
    fn unusual_content_is_read(seed in any::<u64>(), kind in 0..KINDS) {
        let valid = Valid::recording(seed, kind);
        let reading = read_one(valid.bytes);
        prop_assert_eq!(reading.problem("skipped-bytes"), None);
        prop_assert_eq!(packets(&reading), valid.packets);
    }

    /// Few kinds of packets, none of which came before the first of them, at an even pace. The last number of each payload and
    /// the delta behind it may be a packet, and the rest another one.
    #[test]
    fn each_packet_could_be_two(
        seed in any::<u64>(),
        address in 0x0800_0000..0x1000_0000_u32,
        depth in 4..16_u32,
        period in (3..15_u32).prop_flat_map(|bits| 1_u64 << bits..2 << bits),
        last in prop_oneof![Just(1_u32), 1..40_u32],
        step in (1..20_u32).prop_map(|words| 4 * words),
    ) {
        let mut random = Random::new(seed);
        let mut recording = Scenario::empty();
        recording.start().module(512, "M=leakscope heap");
        recording.event(516, &[2, 8, 2, 16, 0, 0, 0, 0]);
        for events in ["0 Alloc Address=%p Size=%u Stack=%u", "5 Stack Number=%u Frames: %p", "4 Heap Version=%u"] {
            recording.module(512, &format!("M=leakscope heap,{events}"));
        }
        let frames = (0..depth).map(|_| 0x20_0000 + random.number(0x20_0000));
        let frames: Vec<u32> = [last].into_iter().chain(frames).collect();
        recording.after(30).event(518, &frames);
        for block in 0..100 {
            recording.event(512, &[address + step * block, 32 + block, last]);
            recording.after(period + random.next() % (period / 20 + 1));
        }
        let (bytes, places) = recording.plain_with_places();
        let reading = read_one(bytes);
        prop_assert_eq!(reading.problem("skipped-bytes"), None);
        prop_assert_eq!(reading.events.len(), places.len());
    }

    /// A program that fills a pool right at its beginning, at an even pace: of each allocation, the address, the size and the
    /// stack may be packets of kinds that never came.
    #[test]
    fn a_pool_that_fills_evenly(
        seed in any::<u64>(),
        before in 0..6_u32,
        depth in 1..8_u32,
        blocks in 10..120_u32,
        size in prop_oneof![Just(16_u32), Just(24), Just(64), Just(100), Just(128), Just(256), Just(512), 1..2000_u32],
        pace in prop_oneof![1..128_u64, 128..16_384_u64],
        stack in prop_oneof![Just(1_u32), 1..130_u32],
    ) {
        let mut random = Random::new(seed);
        let mut recording = Scenario::empty();
        recording.start().module(512, "M=leakscope heap");
        recording.event(516, &[2, 4, 2, 16, 0x5_0000, 0x3FFB_0000, 0, 0x400D_0000, 0, 128, 0]);
        for events in ["0 Alloc Address=%p Size=%u Stack=%u", "5 Stack Number=%u Frames: %p", "4 Heap Version=%u"] {
            recording.module(512, &format!("M=leakscope heap,{events}"));
        }
        recording.after(900).packet(&Packet::TaskStartExec { task: 0x2_8000 });
        let mut address = 0;
        let mut allocate = |recording: &mut Scenario, size: u32, stack: u32| {
            recording.event(512, &[address, size, stack]);
            address += (size + 15) / 8 * 2;
        };
        for number in [stack + 1, stack] {
            let frames = (0..depth).map(|_| 4 * (random.next() % 0x8000) as u32);
            let frames: Vec<u32> = [number].into_iter().chain(frames).collect();
            recording.event(517, &frames);
            let count = if number == stack { blocks } else { before };
            let (size, even) = if number == stack { (size, true) } else { (24, false) };
            for _ in 0..count {
                allocate(&mut recording, size, number);
                recording.after(if even { pace } else { 200 + random.next() % 40_000 });
            }
        }
        let (bytes, places) = recording.plain_with_places();
        let reading = read_one(bytes);
        prop_assert_eq!(reading.problem("skipped-bytes"), None);
        prop_assert_eq!(reading.events.len(), places.len());
    }

    /// A payload that is itself a run of packets cannot be told from packets behind damage. If it is not read as what it
    /// is, what is skipped is named, and all but the next packets beside it are read.
    #[test]
    fn payloads_that_are_packets(
        seed in any::<u64>(),
        count in 1..200_usize,
        id in prop_oneof![Just(40_u32), Just(600)],
    ) {
        let mut recording = program(200, seed);
        let before = recording.packets();
        let (inner, inner_places) = program(300, seed / 2).plain_with_places();
        let payload = &inner[inner_places[40].start..inner_places[40 + count].end];
        recording.after(50).packet(&Packet::Other { id, payload });
        for _ in 0..50 {
            recording.after(900).enter(5).after(20).exit();
        }
        let (bytes, places) = recording.plain_with_places();
        let reading = read_one(bytes);
        let blob = places[before].clone();
        let near = blob.start.saturating_sub(64)..blob.end + 64;
        let gaps = reading.events.iter().filter(|event| matches!(event.kind, Kind::Gap { .. }));
        let gaps: Vec<usize> = gaps.map(|gap| gap.offset as usize).collect();
        let read: Vec<usize> = packets(&reading).iter().map(|packet| packet.0).collect();
        for place in places.iter().filter(|place| place.end < near.start || place.start >= near.end) {
            prop_assert!(read.contains(&place.start), "{:?} is missing beside {:?}", place, blob);
        }
        let is_whole = read.contains(&blob.start) && !gaps.contains(&blob.start);
        prop_assert!(is_whole || gaps.iter().any(|gap| near.contains(gap)), "{:?}", reading.codes());
        prop_assert!(gaps.iter().all(|gap| near.contains(gap)), "{:?} beside {:?}", gaps, near);
    }
}

/// The first frees of a program, by callers that only allocations had before; an id never seen before, at the end of a
/// recording. Once both were skipped, because it was cheaper to call a part of them a packet that often came. And sync and time,
/// told twice by the second core. And small recordings, whose addresses end as a number did that was told before, or whose heap
/// has powers of two for units, which are parts of a clock's period, too. And silences that are told in halves and quarters in turn.
#[test]
fn news_that_was_skipped() {
    for (seed, kind) in [
        (24_134, 18),
        (32_354, 23),
        (900_954, 53),
        (1_922, 56),
        (56, 56),
        (1_076_545, 56),
        (7_183, 56),
        (7_001, 57),
        (41_319, 57),
    ] {
        let valid = Valid::recording(seed, kind);
        let reading = read_one(valid.bytes);
        assert_eq!(reading.problem("skipped-bytes"), None, "{seed}");
        assert_eq!(packets(&reading), valid.packets, "{seed}");
    }
}

/// Payloads of more than 64 bytes, where little came before them: a log message, 32 callers, a blob, a description.
#[test]
fn long_payloads_soon_after_the_start() {
    for length in [62, 63, 64, 65, 127, 128, 200, 254, 255, 300, 4000] {
        let text: String = ('a'..='z').cycle().take(length).collect();
        let mut recording = Scenario::begun();
        recording.after(10).print(&text);
        recording.system(&format!("I#5={}", &text[..length.min(120)]));
        recording.module(700, &format!("M=Other, 0 {}", &text[..length.min(240)]));
        let blob: Vec<u32> = (0..length as u32)
            .map(|at| at.wrapping_mul(0x0101_6B43))
            .collect();
        recording.after(10).event(40, &blob[..length.min(200)]);
        let callers: Vec<u32> = (0..32).map(|caller| 0x4200_0000 + 977 * caller).collect();
        recording.depth = 32;
        recording.after(10).allocate(0x3FFB_0000, 24, &callers);
        let (bytes, places) = recording.plain_with_places();
        let reading = read_one(bytes);
        let starts: Vec<usize> = places.iter().map(|place| place.start).collect();
        let read: Vec<usize> = packets(&reading).iter().map(|packet| packet.0).collect();
        assert_eq!(read, starts, "{length}");
        assert_eq!(reading.heap().len(), 1, "{length}");
    }
}

/// Rare ids and long silences do not cost their neighbour: the heap's description is read, whatever follows it.
#[test]
fn a_rare_neighbour() {
    for (interrupt, silence) in [
        (60, 0),
        (1024, 0),
        (61_249, 0),
        (u32::MAX, 0),
        (5, 1 << 28),
        (5, u64::from(u32::MAX)),
        (1024, 400_000_000),
    ] {
        let mut recording = Scenario::empty();
        recording.start().module(512, IDF_HEAP);
        recording.after(silence).enter(interrupt).after(5).exit();
        recording
            .after(5)
            .allocate(0x3FFB_0000, 24, &[0x400D_1000, 0x400D_2000]);
        let (bytes, places) = recording.plain_with_places();
        let reading = read_one(bytes);
        assert_eq!(reading.events.len(), places.len(), "{interrupt} {silence}");
        assert_eq!(reading.heap().len(), 1, "{interrupt} {silence}");
        assert_eq!(reading.count(id::MODULEDESC), 1);
        assert_eq!(reading.outcome.totals.end, recording.time_of_last());
    }
}

/// What a device finds on its stacks when nothing was recorded yet: small distances and code that lies near, over and over,
/// which can be read as packets, too. Few payloads are packets altogether, and cheaper as these.
#[test]
fn scans_soon_after_the_start() {
    let mut misread = 0;
    for seed in 1..=10_000 {
        let mut random = Random::new(seed);
        let mut recording = Scenario::begun();
        recording.module(512, "M=leakscope heap");
        let sites: Vec<Vec<u32>> = (0..4)
            .map(|_| {
                let pairs = (0..6 + random.number(10))
                    .flat_map(|_| [2 + random.number(15), random.number(0x1_8000)]);
                [0x570, 5]
                    .into_iter()
                    .chain(pairs.collect::<Vec<_>>())
                    .collect()
            })
            .collect();
        for stack in 0..40 {
            let site = &sites[random.below(sites.len())];
            // Functions are called from many places.
            let mut scan = vec![random.number(256)];
            scan.extend(
                site.iter()
                    .map(|&number| number ^ u32::from(random.once_in(4))),
            );
            recording
                .after(random.number(4000).into())
                .event(523, &scan);
            let block = 0x2100_0000 + 64 * stack;
            recording.event(512, &[block / 8, random.number(64), scan[0]]);
        }
        let (bytes, places) = recording.plain_with_places();
        let reading = read_one(bytes);
        let starts: Vec<usize> = places.iter().map(|place| place.start).collect();
        let read: Vec<usize> = packets(&reading).iter().map(|packet| packet.0).collect();
        misread += u32::from(read != starts);
    }
    assert!(misread <= 2, "{misread} of 10,000 recordings");
}

/// The recorder's start sequence on a core that begins long after the others: parts of its clock's period, and what is left. Its
/// units are powers of two as well, and there are no more silences among them for that.
#[test]
fn a_core_that_begins_late() {
    for parts in [1, 2, 5, 14, 60] {
        let mut recording = Scenario::empty();
        recording.start();
        for _ in 0..parts {
            let silence = Packet::Other {
                id: id::NOP,
                payload: &[],
            };
            recording.after(1 << 31).packet(&silence);
        }
        let cycles = 880_000_000;
        recording
            .after(cycles.into())
            .packet(&Packet::SystimeCycles { cycles });
        recording.module(512, "M=leakscope heap");
        let units = [
            2,
            8,
            3,
            16,
            65_536,
            0x2000_0000,
            0,
            0x0800_0000,
            0,
            256,
            0,
            0,
            1,
            0,
            128,
        ];
        recording.event(516, &units).system("N=f1");
        recording.event(id::NUMMODULES, &[1]);
        for events in [
            "0 Alloc Address=%p Size=%u Stack=%u,7 Free Address=%p Stack=%u",
            "4 Heap Version=%u PointerBytes=%u Shift=%u Depth=%u HeapSize=%u Base=%p",
        ] {
            recording.module(512, &format!("M=leakscope heap,{events}"));
        }
        for block in 0..200 {
            recording.after(4_800_000).event(512, &[8 * block, 40, 0]);
            recording.after(20).event(519, &[8 * block, 0]);
        }
        let reading = read_one(recording.plain());
        assert_eq!(reading.codes(), ["no-call-stacks"], "{parts}");
        assert_eq!(reading.outcome.totals.frees, 200, "{parts}");
    }
}
