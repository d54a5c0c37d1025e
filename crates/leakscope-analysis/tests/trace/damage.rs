//! Damage: what is undamaged is read, and everything ends.

use std::collections::BTreeSet;
use std::ops::Range;

use leakscope_analysis::findings::{Confidence, Verdict};
use leakscope_analysis::problem::ProblemKind;
use leakscope_systemview::{Arguments, Packet, Print, Text};
use leakscope_testing::scenario::{MAIN, Scenario, WORKER, encoded};
use proptest::prelude::*;

use crate::reading::{Kind, Reading, Seen, read, read_one};

const SITES: [&[u32]; 3] = [
    &[
        0x4008_1EFF,
        0x4008_1F34,
        0x400D_A018,
        0x400D_3BB4,
        0x4008_80DC,
    ],
    &[0x4008_1EFF, 0x4008_1F34, 0x400D_A100, 0x400D_4000],
    &[0x4008_2000, 0x400D_5000],
];

/// A recording of an ordinary program: interrupts, switches, calls of the operating system, blocks, log
/// messages.
pub(crate) fn program(packets: usize, seed: u64) -> Scenario {
    let mut state = seed | 1;
    let mut next = move |below: u32| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 33) as u32) % below
    };
    let mut recording = Scenario::begun();
    recording.depth = 10;
    let mut live: Vec<(u32, u32)> = Vec::new();
    while recording.packets() < packets {
        recording.after(u64::from(next(4000)));
        let task = recording.shrink([MAIN, WORKER][next(2) as usize]);
        match next(12) {
            0 | 1 => {
                recording.enter(5 + next(4)).after(20).exit();
            }
            2 => {
                recording.packet(&Packet::TaskStartReady { task });
                recording.after(7).packet(&Packet::TaskStartExec { task });
            }
            3 => {
                recording.packet(&Packet::TaskStopReady { task, cause: 4 });
                recording.after(3).idle();
            }
            4 | 5 => {
                recording.event(33 + next(20), &[0x3FFB_8000 + next(10) * 32, next(1000)]);
            }
            6 => {
                recording.print("I (1234) example: all is well\n");
            }
            7 => {
                let numbers = encoded(&[next(100), next(1 << 30)]);
                recording.packet(&Packet::PrintFormatted(Print {
                    text: "value %d at %p\n".into(),
                    options: 1,
                    arguments: Arguments {
                        count: 2,
                        encoded: &numbers,
                    },
                }));
            }
            8..=10 => {
                let (address, size) = (0x3FFB_0000 + next(4096) * 16, 1 + next(2000));
                let is_apart = |&(start, length): &(u32, u32)| {
                    start + length <= address || address + size <= start
                };
                if live.iter().all(is_apart) {
                    live.push((address, size));
                    recording.allocate(address, size, SITES[next(3) as usize]);
                }
            }
            _ => {
                if !live.is_empty() {
                    let (block, _) = live.swap_remove(next(live.len() as u32) as usize);
                    recording.free(block, SITES[next(3) as usize]);
                }
            }
        }
    }
    recording
}

/// What was done to a recording: `removed` bytes at `at` are gone, `inserted` stand there instead.
#[derive(Clone, Debug)]
struct Harm {
    at: usize,
    removed: usize,
    inserted: Vec<u8>,
}

impl Harm {
    fn of(&self, bytes: &[u8]) -> Vec<u8> {
        let (before, rest) = bytes.split_at(self.at.min(bytes.len()));
        let behind = &rest[self.removed.min(rest.len())..];
        [before, &self.inserted, behind].concat()
    }

    /// Where the packets stand that it did not touch.
    fn untouched<'a>(
        &'a self,
        places: &'a [Range<usize>],
    ) -> impl Iterator<Item = Range<usize>> + 'a {
        let end = self.at + self.removed;
        places.iter().filter_map(move |place| {
            if place.end <= self.at {
                Some(place.clone())
            } else if place.start >= end && place.start > self.at {
                let moved = |at: usize| at + self.inserted.len() - self.removed;
                Some(moved(place.start)..moved(place.end))
            } else {
                None
            }
        })
    }
}

/// How many packets that were not touched are missing, and how many were read that are none.
fn compare(reading: &Reading, harm: &Harm, places: &[Range<usize>]) -> (usize, usize) {
    let expected: BTreeSet<usize> = harm.untouched(places).map(|place| place.start).collect();
    let read: BTreeSet<usize> = reading
        .events
        .iter()
        .filter(|event| !matches!(event.kind, Kind::Gap { bytes: 1.., .. }))
        .map(|event| event.offset as usize)
        .collect();
    (
        expected.difference(&read).count(),
        read.difference(&expected).count(),
    )
}

/// The most packets that were not touched and are lost around one damage.
const MOST_LOST: usize = 32;

/// The seed of a recording, and one damage to it.
fn damaged() -> impl Strategy<Value = (u64, Harm)> {
    let harm = prop_oneof![
        (Just(1), prop::collection::vec(any::<u8>(), 1)),
        (1..20_usize, Just(Vec::new())),
        (Just(0), prop::collection::vec(any::<u8>(), 1..20)),
        (1..40_usize, prop::collection::vec(any::<u8>(), 0..40)),
    ];
    (any::<u64>(), 0.0..1.0, harm).prop_map(|(seed, place, (removed, inserted))| {
        let length = program(200, seed).plain().len();
        let at = ((length as f64 * place) as usize).min(length - removed);
        (
            seed,
            Harm {
                at,
                removed,
                inserted,
            },
        )
    })
}

proptest! {
    #![proptest_config(crate::cases(64))]

    /// Before the damage everything is read, and nothing but it; behind it, the way is soon found.
    #[test]
    fn one_place_is_damaged((seed, harm) in damaged()) {
        let recording = program(200, seed);
        let (bytes, places) = recording.plain_with_places();
        let reading = read_one(harm.of(&bytes));
        reading.check();
        let before: Vec<usize> = places
            .iter()
            .filter(|place| place.end <= harm.at)
            .map(|place| place.start)
            .collect();
        // Without its start sequence nothing is known yet that would make a packet likely.
        if harm.at > places[7].end {
            let read: Vec<usize> = reading.events.iter().map(|event| event.offset as usize).collect();
            // A packet that is the first of its kind wants some behind it that make sense.
            let sure = before.len() - 4;
            prop_assert!(read.len() >= sure, "{} of {}", read.len(), sure);
            prop_assert_eq!(&read[..sure], &before[..sure]);
        }
        let (missing, wrong) = compare(&reading, &harm, &places);
        prop_assert!(missing <= MOST_LOST, "{missing} packets are missing");
        prop_assert!(wrong <= 12 + harm.inserted.len() / 2, "{} packets that are none", wrong);
        prop_assert!(reading.outcome.totals.events <= (places.len() + 12 + harm.inserted.len() / 2) as u64);
    }

    /// Any bytes whatever, also in the middle of a recording, come to an end.
    #[test]
    fn any_bytes_come_to_an_end(
        seed in any::<u64>(),
        packets in 0..60_usize,
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
        form in 0..4_u8,
    ) {
        let mut recording = if packets == 0 {
            Scenario::empty()
        } else {
            program(packets, seed)
        };
        recording.on(form % 2).raw(&bytes);
        let inputs = match form {
            0 => vec![recording.plain()],
            1 => vec![recording.joined()],
            2 => recording.openocd_by_core().to_vec(),
            _ => vec![recording.with_core_bit()],
        };
        let reading = read(&inputs);
        reading.check();
        prop_assert!(reading.outcome.totals.events <= reading.outcome.totals.bytes / 2);
    }

    /// What a target drops is counted, and never gives rise to an accusation of a free.
    #[test]
    fn dropped_packets_are_counted(
        seed in any::<u64>(),
        runs in prop::collection::vec((10..300_usize, 1..30_usize), 1..8),
    ) {
        let whole = program(300, seed);
        let mut recording = whole.clone();
        let is_lost = |number| runs.iter().any(|&(from, length)| (from..from + length).contains(&number));
        let lost = recording.lose(is_lost);
        let [whole, reading] = [read_one(whole.plain()), read_one(recording.plain())];
        reading.check();
        prop_assert_eq!(reading.outcome.totals.dropped_packets, lost);
        prop_assert!(reading.outcome.totals.allocations <= whole.outcome.totals.allocations);
        prop_assert!(reading.outcome.totals.frees <= whole.outcome.totals.frees);
        prop_assert!(reading.anomalies().is_empty(), "{:?}", reading.outcome.anomalies);
        prop_assert_eq!(reading.problem("skipped-bytes"), None);
        prop_assert_eq!(reading.outcome.totals.end, recording.time_of_last());
        let is_gap = |event: &&Seen| matches!(event.kind, Kind::Gap { .. });
        let last_loss = reading.events.iter().rfind(is_gap).map_or(0, |gap| gap.time);
        for site in &reading.outcome.call_sites {
            let spans_a_loss = site.blocks.first().is_some_and(|block| block.time < last_loss);
            let sure = site.finding.verdict.is_leak() && site.finding.confidence == Confidence::High;
            prop_assert!(!(sure && spans_a_loss), "{:?}", site.finding);
        }
    }
}

/// A damaged delta swallows the id of a log message, so that its text becomes a payload of numbers. That does not teach
/// that later messages with this text are such.
#[test]
fn a_text_that_was_read_as_numbers() {
    let (bytes, places) = program(200, 4_676_809_715_342_615_044).plain_with_places();
    let harm = Harm {
        at: 350,
        removed: 1,
        inserted: vec![0x80],
    };
    let (missing, wrong) = compare(&read_one(harm.of(&bytes)), &harm, &places);
    assert!(
        missing <= 4 && wrong <= 4,
        "{missing} missing, {wrong} none"
    );
}

/// Over many damages of each kind: how many packets are lost that were not touched, and how many are
/// read that are none.
#[test]
fn the_way_is_found_again() {
    for (name, removed, inserted) in [
        ("replaced", 1, 1),
        ("deleted", 1, 0),
        ("inserted", 0, 1),
        ("20 deleted", 20, 0),
        ("20 inserted", 0, 20),
        ("30 replaced", 30, 30),
    ] {
        let (mut untouched, mut missing, mut wrong) = (0, 0, 0);
        let cases = 60;
        for seed in 1..=cases {
            let recording = program(300, seed * 7919);
            let (bytes, places) = recording.plain_with_places();
            let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mut next = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as usize
            };
            let from = places[8].start;
            let harm = Harm {
                at: from + next() % (bytes.len() - from - removed),
                removed,
                inserted: (0..inserted).map(|_| next() as u8).collect(),
            };
            let reading = read_one(harm.of(&bytes));
            let (lost, read) = compare(&reading, &harm, &places);
            untouched += harm.untouched(&places).count();
            missing += lost;
            wrong += read;
        }
        assert!(
            missing * 100 <= untouched,
            "{name}: {missing} of {untouched} are missing"
        );
        assert!(
            wrong <= 3 * cases as usize,
            "{name}: {wrong} are none, in {cases} cases"
        );
    }
}

/// Cut anywhere, a recording gives all packets that are whole, and says so if one is not.
#[test]
fn a_recording_cut_anywhere() {
    let recording = program(100, 4711);
    let (bytes, places) = recording.plain_with_places();
    for length in places[0].end..bytes.len() {
        let reading = read_one(bytes[..length].to_vec());
        let read: Vec<usize> = reading
            .events
            .iter()
            .map(|event| event.offset as usize)
            .collect();
        let whole = places.iter().take_while(|place| place.end <= length);
        let whole: Vec<usize> = whole.map(|place| place.start).collect();
        if length < places[2].end {
            // There is no start sequence yet.
            continue;
        }
        assert_eq!(read, whole, "cut at {length}");
        let is_inside = places.iter().all(|place| place.end != length);
        assert_eq!(
            reading.problem("cut-off").is_some(),
            is_inside,
            "cut at {length}"
        );
        assert_eq!(reading.problem("skipped-bytes"), None, "cut at {length}");
    }
}

/// A stretch of bytes that was overwritten: what comes behind it has its place, and the loss is an event.
#[test]
fn skipped_bytes_are_an_event() {
    let recording = program(300, 99);
    let (bytes, places) = recording.plain_with_places();
    let harm = Harm {
        at: places[150].start,
        removed: places[170].start - places[150].start,
        inserted: vec![0xFF; 200],
    };
    let reading = read_one(harm.of(&bytes));
    let gap = reading
        .events
        .iter()
        .position(|event| matches!(event.kind, Kind::Gap { bytes: 200, .. }))
        .expect("a gap");
    assert_eq!(gap, 150);
    assert_eq!(reading.events[gap].offset, places[150].start as u64);
    assert_eq!(reading.events.len(), places.len() - 20 + 1);
    let problem = reading.problem("skipped-bytes").expect("a problem");
    assert_eq!(problem.kind, ProblemKind::Skipped { bytes: 200 });
    assert_eq!(problem.offset, Some(places[150].start as u64));
    assert_eq!(compare(&reading, &harm, &places), (0, 0));
}

/// However long the noise is, it does not end the recording, and what comes behind it is read.
#[test]
fn long_noise_in_the_middle() {
    let [first, second] = [program(600, 3), program(600, 4)];
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    for count in [5_000, 400_000] {
        let noise: Vec<u8> = (0..count).map(|_| next()).collect();
        let reading = read_one([first.plain(), noise, second.plain()].concat());
        reading.check();
        let behind = first.plain().len() as u64 + count;
        let read = reading.events.iter().filter(|event| event.offset >= behind);
        assert!(read.count() >= second.packets(), "{count}");
    }
}

/// The bytes of a recording before its first start sequence are counted: a ring's dump.
#[test]
fn a_dump_that_begins_inside_a_packet() {
    let recording = program(100, 5);
    let mut bytes = vec![
        0x80, 0x04, 0x22, 7, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12,
    ];
    let before = bytes.len() as u64;
    bytes.extend(recording.plain());
    let reading = read_one(bytes);
    assert_eq!(reading.outcome.totals.events, recording.packets() as u64);
    let problem = reading.problem("bytes-before-start").expect("a problem");
    assert_eq!(problem.kind, ProblemKind::BeforeStart { bytes: before });
}

/// Zeros behind the end are padding.
#[test]
fn padding_at_the_end() {
    let recording = program(100, 6);
    for zeros in [1, 2, 10, 11, 500] {
        let reading = read_one([recording.plain(), vec![0; zeros]].concat());
        assert_eq!(
            reading.outcome.totals.events,
            recording.packets() as u64,
            "{zeros}"
        );
        assert_eq!(reading.problem("skipped-bytes"), None, "{zeros}");
    }
}

/// A sector that was never written: zeros in place of packets are lost bytes, however many they are, unless they are a sync.
#[test]
fn zeros_inside_a_session() {
    let (bytes, all) = program(400, 9).plain_with_places();
    for first in [100, 150, 201] {
        for count in [1, 4, 20, 150] {
            let place = all[first].start..all[first + count].start;
            let mut bytes = bytes.clone();
            bytes[place.clone()].fill(0);
            let reading = read_one(bytes);
            let skipped = reading.problem("skipped-bytes").expect("named");
            assert_eq!(skipped.offset, Some(place.start as u64), "{place:?}");
            let gap = reading.events.iter().find_map(|event| match event.kind {
                Kind::Gap { bytes, .. } => Some(bytes),
                _ => None,
            });
            assert_eq!(gap, Some(place.len() as u64), "{place:?}");
            assert_eq!(reading.events.len(), all.len() - count + 1, "{place:?}");
        }
    }
}

/// Two recordings appended to each other are two, and the second one's clock goes on from the first's.
#[test]
fn recordings_one_behind_the_other() {
    let [first, second] = [program(100, 7), program(100, 8)];
    let reading = read_one([first.plain(), second.plain()].concat());
    reading.check();
    let packets = first.packets() + second.packets();
    assert_eq!(reading.outcome.totals.events, packets as u64);
    assert_eq!(reading.problem("skipped-bytes"), None);
}

/// A leak across a large loss is uncertain; one that the loss cannot explain stays one, less sure.
#[test]
fn a_loss_lowers_confidence() {
    let leak = |at, drop_count| {
        let mut recording = Scenario::begun();
        for block in 0..100 {
            recording
                .after(1000)
                .allocate(0x3FFB_0000 + 16 * block, 8, SITES[0]);
            if block == at {
                recording.after(10).overflow(drop_count);
            }
        }
        let reading = read_one(recording.plain());
        let finding = &reading.outcome.call_sites[0].finding;
        (finding.verdict, finding.confidence)
    };
    let less_sure = (Verdict::LeakSteady, Confidence::Medium);
    assert_eq!(
        leak(97, 2),
        less_sure,
        "three of a hundred blocks may be gone"
    );
    assert_eq!(leak(97, 100_000).0, Verdict::Uncertain);
    assert_eq!(leak(40, 100_000), less_sure, "it goes on behind the loss");
}

/// Behind a lost link, the rest of a log message with one argument: the count of arguments is the id of a full buffer, the end of
/// the line that of a start.
#[test]
fn the_end_of_a_log_message_is_no_full_buffer() {
    for end in ["\n", "."] {
        let mut recording = Scenario::begun();
        recording.run(MAIN);
        let mut messages = Vec::new();
        for round in 0..200_u32 {
            let block = 0x3FFB_0000 + 32 * (round % 7);
            recording.after(900).allocate(block, 24, SITES[0]);
            messages.push(recording.packets());
            let argument = encoded(&[round]);
            recording.after(40).packet(&Packet::PrintFormatted(Print {
                text: Text(format!("visit %u{end}").as_bytes()),
                options: 0,
                arguments: Arguments {
                    count: 1,
                    encoded: &argument,
                },
            }));
            recording.after(300).free(block, SITES[1]);
        }
        let (bytes, places) = recording.plain_with_places();
        for message in messages.iter().skip(20).step_by(9) {
            let place = places[*message].clone();
            for at in place.start + 2..place.end {
                let lost = [&bytes[..at], &[0xFF; 512], &bytes[at..]].concat();
                let reading = read_one(lost);
                assert_eq!(reading.outcome.totals.dropped_packets, 0, "{end:?} {at}");
                assert_eq!(reading.outcome.sessions.len(), 1, "{end:?} {at}");
            }
        }
    }
}
