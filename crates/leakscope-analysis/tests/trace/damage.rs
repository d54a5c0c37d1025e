//! Damage: what is undamaged is read, and everything ends.

use std::collections::BTreeSet;
use std::ops::Range;

use leakscope_systemview::{Arguments, Packet, Print};
use proptest::prelude::*;

use crate::reading::{Reading, read_one};
use crate::scenario::{MAIN, Recording, WORKER, encoded};

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
fn program(packets: usize, seed: u64) -> Recording {
    let mut state = seed | 1;
    let mut next = move |below: u32| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 33) as u32) % below
    };
    let mut recording = Recording::begun();
    recording.depth = 10;
    let mut live = Vec::new();
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
                let address = 0x3FFB_0000 + next(4096) * 16;
                if !live.contains(&address) {
                    live.push(address);
                    recording.allocate(address, 1 + next(2000), SITES[next(3) as usize]);
                }
            }
            _ => {
                if !live.is_empty() {
                    let block = live.swap_remove(next(live.len() as u32) as usize);
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
        .filter(|event| !matches!(event.kind, crate::reading::Kind::Gap { bytes: 1.., .. }))
        .map(|event| event.offset as usize)
        .collect();
    (
        expected.difference(&read).count(),
        read.difference(&expected).count(),
    )
}

#[test]
fn explore() {
    for (name, removed, count) in [
        ("flip", 1, 1),
        ("delete", 1, 0),
        ("insert", 0, 1),
        ("delete 20", 20, 0),
        ("insert 20", 0, 20),
        ("replace 30", 30, 30),
    ] {
        let mut missing = Vec::new();
        let mut wrong = Vec::new();
        for seed in 1..400u64 {
            let recording = program(400, seed * 7919);
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
                at: from + next() % (bytes.len() * 3 / 4 - from),
                removed,
                inserted: (0..count).map(|_| next() as u8).collect(),
            };
            let reading = read_one(harm.of(&bytes));
            reading.check();
            let (m, w) = compare(&reading, &harm, &places);
            if m > 20 {
                let n = places.iter().position(|p| p.end > harm.at).unwrap();
                let ex: BTreeSet<usize> =
                    harm.untouched(&places).map(|place| place.start).collect();
                let rd: BTreeSet<usize> =
                    reading.events.iter().map(|e| e.offset as usize).collect();
                let gone: Vec<usize> = ex
                    .iter()
                    .enumerate()
                    .filter(|(_, o)| !rd.contains(o))
                    .map(|(i, _)| i)
                    .collect();
                eprintln!(
                    "  {name} seed {seed}: {m} missing, harm in packet {n} byte {} of {} id {:x}; gone {}..{} {:?}",
                    harm.at - places[n].start,
                    places[n].len(),
                    bytes[places[n].start],
                    gone[0],
                    gone[gone.len() - 1],
                    reading.codes()
                );
                if m > 80 {
                    for e in reading
                        .events
                        .iter()
                        .filter(|e| e.offset as usize > harm.at.saturating_sub(60))
                        .take(14)
                    {
                        eprintln!(
                            "     {} id {} len {} {:?}",
                            e.offset,
                            e.id,
                            e.payload.len(),
                            matches!(e.kind, crate::reading::Kind::Gap { .. }).then_some(&e.kind)
                        );
                    }
                }
            }
            missing.push(m);
            wrong.push(w);
        }
        missing.sort();
        wrong.sort();
        let stats = |v: &Vec<usize>| {
            format!(
                "mean {:.2} p50 {} p90 {} p99 {} max {}",
                v.iter().sum::<usize>() as f64 / v.len() as f64,
                v[v.len() / 2],
                v[v.len() * 9 / 10],
                v[v.len() * 99 / 100],
                v[v.len() - 1]
            )
        };
        eprintln!(
            "{name}: missing {} | wrong {}",
            stats(&missing),
            stats(&wrong)
        );
    }
}
