//! Beginnings and ends of recordings and their parts that are missing, damaged, or not where they should be.

use leakscope_analysis::findings::Word;
use leakscope_testing::scenario::{IDF_HEAP, MAIN, Scenario};

use crate::damage::program;
use crate::reading::{Reading, read, read_one};

/// Where packets were read.
fn places(reading: &Reading) -> Vec<usize> {
    let events = reading.events.iter();
    events.map(|event| event.offset as usize).collect()
}

/// How many of these were not read.
fn missing(reading: &Reading, expected: impl IntoIterator<Item = usize>) -> usize {
    let read = places(reading);
    let is_missing = |place: &usize| !read.contains(place);
    expected.into_iter().filter(is_missing).count()
}

/// Without its start, a recording is read from its first whole packet on, or soon behind it.
#[test]
fn the_start_is_missing() {
    let (bytes, all) = program(300, 11).plain_with_places();
    let (mut lost, mut none) = (0, 0);
    let cuts: Vec<usize> = (all[60].start..all[110].start).step_by(5).collect();
    for &cut in &cuts {
        let reading = read_one(bytes[cut..].to_vec());
        let expected: Vec<usize> = all
            .iter()
            .filter(|place| place.start >= cut)
            .map(|place| place.start - cut)
            .collect();
        assert!(reading.problem("no-start").is_some(), "cut at {cut}");
        let here = missing(&reading, expected.iter().copied());
        assert!(here <= 8, "cut at {cut}: {here} are missing");
        lost += here;
        none += places(&reading)
            .iter()
            .filter(|place| !expected.contains(place))
            .count();
    }
    assert!(lost <= cuts.len(), "{lost} in {}", cuts.len());
    assert!(none <= cuts.len() / 2, "{none} in {}", cuts.len());
}

/// A recorder that tells sync and time again each second leaves few packets in a row: they are a recording without its start, too.
#[test]
fn the_start_is_missing_and_syncs_are_repeated() {
    let mut recording = Scenario::begun();
    for round in 0..400 {
        if round % 20 == 0 {
            let time = recording.time();
            recording.sync().systime_us(time);
        }
        recording
            .after(900)
            .run(MAIN)
            .after(20 + u64::from(round) % 7);
        recording.event(512, &[0x3FFB_0000 + 64 * round, 16, 3]);
    }
    let (bytes, all) = recording.plain_with_places();
    for first in [40, 200, 391] {
        let reading = read_one(bytes[all[first].start + 1..].to_vec());
        assert!(reading.problem("no-start").is_some(), "{first}");
        let cut = all[first].start + 1;
        let expected = all[first + 1..].iter().map(|place| place.start - cut);
        assert!(missing(&reading, expected) <= 8, "{first}");
    }
}

/// What stands before a later start is read, too.
#[test]
fn a_start_in_the_middle() {
    let (bytes, all) = program(300, 12).plain_with_places();
    let second = program(100, 13);
    for from in [120, 160, 200] {
        for cut in all[from].start..all[from].end {
            let tail = &bytes[cut..];
            let reading = read_one([tail, &second.plain()].concat());
            let behind = all[from + 1..].iter().map(|place| place.start - cut);
            let lost = missing(&reading, behind);
            assert!(lost <= 8, "cut at {cut}: {lost} are missing");
            let in_second = places(&reading)
                .iter()
                .filter(|&&at| at >= tail.len())
                .count();
            assert_eq!(in_second, second.packets());
        }
    }
}

/// A ring's memory, as it lies there: its last packet goes on at byte 0. That is seen but where its end is itself like a
/// packet.
#[test]
fn a_ring_that_wraps() {
    let (mut rings, mut torn) = (0, 0);
    for seed in 14..34 {
        let recording = program(200, seed);
        let (bytes, all) = recording.plain_with_places();
        let last = all.last().expect("packets").clone();
        for split in last.start + 1..last.end {
            let ring = [&bytes[split..], &bytes[..split]].concat();
            let reading = read_one(ring);
            let is_whole = reading.problem("cut-off").is_none()
                && reading.events.len() == all.len()
                && reading.outcome.totals.end == recording.time_of_last();
            rings += 1;
            torn += usize::from(!is_whole);
        }
    }
    assert!(torn * 7 <= rings, "{torn} of {rings}");
}

/// Syncs that are too short or too long, zeros between a stop and a start, and a byte that stands there.
#[test]
fn between_stop_and_start() {
    let again = |between: &[u8]| {
        let mut recording = program(150, 15);
        recording.after(50).stop().raw(between);
        recording
            .packet(&leakscope_systemview::Packet::TraceStart)
            .init()
            .run(MAIN);
        for _ in 0..40 {
            recording.after(900).enter(5).after(20).exit();
        }
        recording
    };
    for zeros in 0..40 {
        let recording = again(&vec![0; zeros]);
        let (bytes, all) = recording.plain_with_places();
        let reading = read_one(bytes);
        let expected = all.iter().map(|place| place.start);
        assert_eq!(missing(&reading, expected), 0, "{zeros}");
        assert_eq!(reading.events.len(), all.len(), "{zeros}");
        assert_eq!(reading.problem("skipped-bytes"), None, "{zeros}");
    }
    for stray in 0..=255 {
        let recording = again(&[&[stray][..], &[0; 10]].concat());
        let (bytes, all) = recording.plain_with_places();
        let reading = read_one(bytes);
        let lost = missing(&reading, all.iter().map(|place| place.start));
        assert!(lost <= 1, "{lost} are lost around the byte {stray}");
    }
}

/// The first kilobyte: a bit anywhere in it costs the packet that it is in, and its neighbours at most.
#[test]
fn damage_in_the_first_kilobyte() {
    let recording = program(300, 16);
    let (bytes, all) = recording.plain_with_places();
    let mut lost = 0;
    for at in (0..1024).step_by(3) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        let reading = read_one(bytes);
        let beside = all.iter().filter(|place| !place.contains(&at));
        let here = missing(&reading, beside.map(|place| place.start));
        assert!(here <= 12, "bit at {at}: {here} are missing");
        lost += here;
    }
    assert!(lost <= 60, "{lost} are missing of 342 times {}", all.len());
}

/// Two cores in one file, the second one's part being where its start sequence is, and not where the header says.
#[test]
fn a_later_part_begins_elsewhere() {
    let mut recording = Scenario::begun();
    for round in 0..200 {
        recording.on(round as u8 % 2).after(100);
        recording.allocate(0x3FFB_0000 + 16 * round, 16, &[0x400D_1000]);
    }
    let sound = recording.joined();
    let whole = read_one(sound.clone());
    let of_core = |reading: &Reading, core| {
        let events = reading.events.iter();
        events.filter(|event| event.core == core).count()
    };
    for change in [-300, -40, -1_isize, 1, 40, 300] {
        let mut bytes = sound.clone();
        if change < 0 {
            bytes.drain(1500..1500 + change.unsigned_abs());
        } else {
            bytes.splice(1500..1500, vec![0xA5; change.unsigned_abs()]);
        }
        let reading = read_one(bytes);
        assert_eq!(of_core(&reading, 1), of_core(&whole, 1), "{change}");
        assert!(of_core(&reading, 0) + 40 > of_core(&whole, 0), "{change}");
    }
    // One of the zeros of its sync is none, and one is missing.
    let border = sound.len() / 2
        + sound[sound.len() / 2..]
            .windows(10)
            .position(|ten| ten == [0; 10])
            .map_or(0, |at| at);
    for zero in 0..10 {
        let mut bytes = sound.clone();
        bytes[border + zero] = 4;
        assert_eq!(of_core(&read_one(bytes), 1), of_core(&whole, 1), "{zero}");
    }
}

/// A part that is not there is named.
#[test]
fn a_part_is_missing() {
    let mut recording = Scenario::begun();
    for round in 0..40 {
        recording.on(round as u8 % 2).after(100);
        recording.allocate(0x3FFB_0000 + 16 * round, 16, &[0x400D_1000]);
    }
    let whole = recording.joined();
    let second = whole
        .windows(10)
        .rposition(|ten| ten == [0; 10])
        .expect("two syncs");
    for length in [second, second - 1, second - 60] {
        let reading = read_one(whole[..length].to_vec());
        assert!(reading.problem("core-missing").is_some(), "{length}");
        assert!(reading.heap().len() >= 15);
    }
    assert_eq!(read_one(whole).problem("core-missing"), None);
}

/// One core allocates, the other frees. The former is not accused where data of the latter are missing.
#[test]
fn a_part_ends_early() {
    let mut recording = Scenario::begun();
    for round in 0..400 {
        let address = 0x3FFB_0000 + 16 * round;
        recording.on(0).after(1000);
        recording.allocate(address, 16, &[0x400D_1000]);
        recording.on(1).after(100);
        recording.free(address, &[0x400D_2000]);
    }
    let [first, second] = recording.openocd_by_core();
    let judged = |second: &[u8]| {
        let reading = read(&[first.clone(), second.to_vec()]);
        let is_accused = reading.outcome.call_sites[0].finding.verdict.is_leak();
        assert!(!is_accused, "{} bytes", second.len());
        let codes = reading.codes();
        ["core-missing", "core-ends-early"].map(|code| codes.contains(&code))
    };
    assert_eq!(judged(&second), [false, false]);
    assert_eq!(judged(&[]), [true, false]);
    assert_eq!(judged(&second[..10]), [true, false]);
    assert_eq!(judged(b"this is no recording at all"), [true, false]);
    for share in 2..6 {
        let mut length = second.len() * share / 8;
        // Cut inside a packet, it is seen that there was more.
        while judged(&second[..length]) != [false, true] {
            length += 1;
            assert!(length < second.len() * share / 8 + 40);
        }
    }
}

/// Of three cores, one allocates and one frees. The data of the other two end early, those of the one that frees first: each
/// is weighed, and named.
#[test]
fn several_parts_end_early() {
    let mut cores = [0, 1, 2].map(|core| {
        let mut recording = Scenario::empty();
        recording
            .start()
            .system(&format!("N=app,C=core{core},O=FreeRTOS"));
        recording.module(512, IDF_HEAP);
        recording
    });
    for round in 0..400 {
        let address = 0x3FFB_0000 + 16 * round;
        let [first, second, third] = &mut cores;
        first.after(1000).allocate(address, 16, &[0x400D_1000]);
        second.after(990).enter(5).after(10).exit();
        third.after(1000).free(address, &[0x400D_2000]);
        // Addresses return.
        first
            .allocate(0x3FFA_0000, 16, &[0x400D_3000])
            .free(0x3FFA_0000, &[0x400D_3000]);
        third.after(2);
    }
    let [first, second, third] = cores.map(|core| core.openocd());
    // Inside a packet, it is seen that there was more.
    let cut = |bytes: &[u8], share: usize| {
        let length = bytes.len() * share / 10;
        [0, 1, 2, 3, 4, 5, 6, 7].map(|more| bytes[..length + more].to_vec())
    };
    let mut both = 0;
    for second in cut(&second, 9) {
        for third in cut(&third, 1) {
            let reading = read(&[first.clone(), second.clone(), third]);
            let problems = reading.outcome.problems.iter();
            let early = problems
                .filter(|problem| problem.kind.code() == "core-ends-early")
                .count();
            if early < 2 {
                continue;
            }
            both += 1;
            let finding = &reading.outcome.call_sites[0].finding;
            let names_both = finding.reason.contains(&Word::Text("; what cores "));
            assert!(names_both, "{finding:?}");
        }
    }
    assert!(both > 0);
}

/// Packets are missing in the first core's part, which nothing in it shows: the header knows how long it was.
#[test]
fn a_part_that_begins_early_proves_a_loss() {
    let mut recording = Scenario::begun();
    for round in 0..60 {
        let block = 0x3FFB_0000 + 16 * (round % 4);
        recording
            .on(0)
            .after(100)
            .allocate(block, 16, &[0x400D_1000]);
        recording.on(1).after(50).free(block, &[0x400D_2000]);
    }
    let whole = recording.joined();
    let sound = read_one(whole.clone());
    assert_eq!(sound.problem("core-begins-early"), None);
    // Whole packets of the first core: each allocation's bytes are as many.
    let event = [0x80, 0x04];
    let places: Vec<usize> = (0..whole.len() - 1)
        .filter(|&at| whole[at..].starts_with(&event))
        .collect();
    let (from, to) = (places[20], places[22]);
    let damaged = [&whole[..from], &whole[to..]].concat();
    let reading = read_one(damaged);
    let problem = reading.problem("core-begins-early");
    assert!(problem.is_some(), "{:?}", reading.codes());
    assert!(reading.outcome.totals.double_frees == 0, "none is proven");
}

/// Cores in the ids, and no header that says so; the second core may do little.
#[test]
fn core_bits_without_header() {
    for one_in in [2, 10, 25] {
        core_bits_if_of_the_second_is_one_in(one_in);
    }
}

fn core_bits_if_of_the_second_is_one_in(rounds: u32) {
    let mut recording = Scenario::begun();
    for round in 0..100 {
        recording.on(u8::from(round % rounds == 1)).after(100);
        recording.allocate(0x3FFB_0000 + 16 * round, 16, &[0x400D_1000]);
        recording.after(7).enter(5 + round % 4).after(9).exit();
    }
    let bytes = recording.with_core_bit();
    let header = bytes
        .windows(10)
        .position(|ten| ten == [0; 10])
        .expect("a sync");
    // `leakscope record` writes its header before it has seen any of it.
    let recorded = [b";\n; Author       leakscope 0.1.0\n;\n", &bytes[header..]].concat();
    let with = read_one(bytes.clone());
    for without in [bytes[header..].to_vec(), recorded] {
        let without = read_one(without);
        assert_eq!(without.events.len(), with.events.len());
        assert_eq!(without.heap().len(), 100);
        assert_eq!(without.outcome.target.cores, [0, 1]);
    }
}
