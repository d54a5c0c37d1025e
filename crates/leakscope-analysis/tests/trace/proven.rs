//! What is proven of frees: nothing that one changed bit could have made, and everything that a sound recording shows.

use leakscope_analysis::outcome::{AnomalyKind, Outcome, Totals};
use leakscope_testing::scenario::{MAIN, Scenario};

use crate::reading::read_one;

const ALLOCATORS: [u32; 3] = [0x400D_1234, 0x400D_2348, 0x400D_345C];
const FREES: u32 = 0x400D_4560;
const OUTER: u32 = 0x400D_0100;
const MODULE: u32 = 512;

/// How a recording tells of blocks.
#[derive(Clone, Copy)]
enum Dialect {
    Idf,
    Leakscope,
}

impl Dialect {
    fn begin(self) -> Scenario {
        match self {
            Self::Idf => Scenario::begun(),
            Self::Leakscope => {
                let mut recording = Scenario::empty();
                recording.start().module(MODULE, "M=leakscope heap");
                recording.event(
                    MODULE + 4,
                    &[2, 4, 3, 10, 0, 0x3FFB_0000, 0, 0x400D_0000, 0, 128, 0],
                );
                for (number, stack) in
                    (1..).zip([ALLOCATORS[0], ALLOCATORS[1], ALLOCATORS[2], FREES])
                {
                    let frames = [stack, OUTER].map(|frame| frame - 0x400D_0000);
                    recording.event(MODULE + 5, &[number, frames[0], frames[1]]);
                }
                recording
            }
        }
    }

    fn allocate(self, recording: &mut Scenario, address: u32, size: u32, by: usize) {
        match self {
            Self::Idf => recording.allocate(address, size, &[ALLOCATORS[by], OUTER]),
            Self::Leakscope => {
                let offset = (address - 0x3FFB_0000).rotate_right(3);
                recording.event(MODULE, &[offset, size, by as u32 + 1])
            }
        };
    }

    fn free(self, recording: &mut Scenario, address: u32) {
        match self {
            Self::Idf => recording.free(address, &[FREES, OUTER]),
            Self::Leakscope => {
                let offset = (address - 0x3FFB_0000).rotate_right(3);
                recording.event(MODULE + 7, &[offset, 4])
            }
        };
    }

    /// A program whose blocks come and go in 24 places, all of three call sites; `before_free` may free one before its time. Where
    /// its allocations stand, too.
    fn program(
        self,
        mut before_free: impl FnMut(u32, u32) -> bool,
    ) -> (Vec<u8>, Vec<std::ops::Range<usize>>) {
        let mut recording = self.begin();
        recording.after(900).run(MAIN);
        let (mut live, mut allocations) = ([false; 24], Vec::new());
        let mut random = 12_345_u64;
        for round in 0..400 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let place = (random >> 33) as usize % live.len();
            let address = 0x3FFB_0A40 + 136 * place as u32;
            recording.after(300 + (random >> 50));
            if live[place] {
                if before_free(round, address) {
                    self.free(&mut recording, address);
                    recording.after(40);
                }
                self.free(&mut recording, address);
            } else {
                allocations.push(recording.packets());
                self.allocate(&mut recording, address, 40 + place as u32, place % 3);
            }
            live[place] ^= true;
        }
        recording.after(900).stop();
        let (bytes, all) = recording.plain_with_places();
        let allocations = allocations.into_iter().map(|number| all[number].clone());
        (bytes, allocations.collect())
    }
}

fn proven(totals: &Totals) -> u64 {
    totals.double_frees + totals.wrong_frees
}

/// One bit of an allocation makes it another event, or one at another address: its block is then freed twice.
#[test]
fn one_bit_of_an_allocation_proves_nothing() {
    for dialect in [Dialect::Idf, Dialect::Leakscope] {
        let (sound, allocations) = dialect.program(|_, _| false);
        assert_eq!(proven(&read_one(sound.clone()).outcome.totals), 0);
        let (mut doubtful, mut flips) = (0, 0);
        for (number, place) in allocations.iter().enumerate().skip(20).step_by(3) {
            for at in place.clone() {
                let bit = (at + number) % 8;
                let mut bytes = sound.clone();
                bytes[at] ^= 1 << bit;
                let totals = read_one(bytes).outcome.totals;
                assert_eq!(
                    proven(&totals),
                    0,
                    "bit {bit} of byte {} of allocation {number}",
                    at - place.start
                );
                doubtful += usize::from(totals.doubtful_frees > 0);
                flips += 1;
            }
        }
        assert!(doubtful * 20 > flips, "{doubtful} of {flips} show at all");
    }
}

/// A block that the program frees twice is freed twice, whatever its recording holds besides.
#[test]
fn what_is_freed_twice_is_proven() {
    for dialect in [Dialect::Idf, Dialect::Leakscope] {
        for planted in (40..360).step_by(3) {
            let mut done = None;
            let (bytes, _) = dialect.program(|round, address| {
                let is_now = round >= planted && done.is_none();
                done = done.or(is_now.then_some(address));
                is_now
            });
            let Outcome {
                totals, anomalies, ..
            } = read_one(bytes).outcome;
            assert_eq!(
                (totals.double_frees, totals.doubtful_frees),
                (1, 0),
                "{planted}"
            );
            assert_eq!(Some(anomalies[0].address), done.map(u64::from));
        }
    }
}

/// An event of no known number is damage if it comes once, and somebody's module if it comes often.
#[test]
fn unnamed_events_between_two_frees() {
    for (events, double_frees) in [(0, 1), (1, 0), (3, 0), (4, 1)] {
        let mut recording = Scenario::begun();
        recording.allocate(0x3FFB_0000, 16, &[ALLOCATORS[0], OUTER]);
        recording.after(900).free(0x3FFB_0000, &[FREES, OUTER]);
        for _ in 0..events {
            recording.after(100).event(700, &[1, 2]);
        }
        recording.after(900).free(0x3FFB_0000, &[FREES, OUTER]);
        let totals = read_one(recording.plain()).outcome.totals;
        assert_eq!(totals.double_frees, double_frees, "{events}");
        assert_eq!(totals.doubtful_frees, 1 - double_frees, "{events}");
    }
}

/// A program that dies in `realloc` of what it had freed has freed it twice; one that goes on never called it.
#[test]
fn a_reallocation_that_never_ends() {
    for goes_on in [false, true] {
        let mut recording = Dialect::Leakscope.begin();
        recording.after(900).run(MAIN);
        Dialect::Leakscope.allocate(&mut recording, 0x3FFB_0040, 40, 0);
        recording.after(900);
        Dialect::Leakscope.free(&mut recording, 0x3FFB_0040);
        recording.after(900).event(MODULE + 8, &[8, 1]);
        if goes_on {
            recording.after(900);
            Dialect::Leakscope.allocate(&mut recording, 0x3FFB_0140, 40, 0);
        }
        let totals = read_one(recording.plain()).outcome.totals;
        assert_eq!(totals.double_frees, u64::from(!goes_on));
        assert_eq!(totals.doubtful_frees, u64::from(goes_on));
    }
}

/// Proven ones are listed, however many that are in doubt came before.
#[test]
fn proven_ones_come_first() {
    let mut recording = Scenario::begun();
    for round in 0..4000 {
        let address = 0x3FFB_0000 + 16 * (round % 500);
        recording
            .after(100)
            .allocate(address, 16, &[ALLOCATORS[0], OUTER]);
        recording.after(100).free(address, &[FREES, OUTER]);
        recording.after(100).free(address, &[FREES, OUTER]);
        if round % 3 == 0 {
            // What begins unseen.
            recording
                .after(100)
                .free(0x3FFE_0000 + 16 * round, &[FREES, OUTER]);
        }
    }
    recording
        .after(100)
        .allocate(0x3FFC_0000, 64, &[ALLOCATORS[1], OUTER]);
    recording.after(100).free(0x3FFC_0010, &[FREES, OUTER]);
    let Outcome {
        totals, anomalies, ..
    } = read_one(recording.plain()).outcome;
    assert_eq!(
        (
            totals.wrong_frees,
            totals.double_frees,
            totals.doubtful_frees
        ),
        (1, 0, 4000)
    );
    assert_eq!(anomalies.len(), Outcome::KEPT);
    assert!(matches!(anomalies[0].kind, AnomalyKind::WrongFree { .. }));
    let behind = anomalies[1..].iter();
    assert!(
        behind.clone().all(|anomaly| anomaly.is_doubtful)
            && behind.is_sorted_by_key(|anomaly| anomaly.time)
    );
}

/// What a recording holds beside blocks that come and go.
#[derive(Clone, Copy, Default)]
struct Beside {
    /// Bytes that are no packets.
    has_gap: bool,
    /// The target's clock, now and then.
    tells_time: bool,
    /// An allocation is missing, with the end of the packet before it: what is left reads as packets.
    hides_allocation: bool,
    /// Every so many blocks are freed twice.
    twice_in: u32,
}

impl Beside {
    fn totals(self) -> Totals {
        let mut recording = Dialect::Idf.begin();
        let (mut hidden, mut random) = (None, 99_u64);
        for round in 0..600_u32 {
            recording.after(300 + u64::from(round % 7) * 900);
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let address = 0x3FFB_0A40 + 136 * ((random >> 40) as u32 % 9);
            if self.tells_time && round % 20 == 10 {
                let now = recording.time();
                recording.systime_us(now + 1200).after(200);
            }
            if round == 50 && self.has_gap {
                recording.raw(&[0xEE; 30]);
            }
            if round == 405 && self.hides_allocation {
                hidden = Some(recording.packets());
            }
            Dialect::Idf.allocate(&mut recording, address, 40, round as usize % 3);
            recording.after(800);
            Dialect::Idf.free(&mut recording, address);
            if self.twice_in > 0 && round % self.twice_in == 5 && round > 100 {
                recording.after(8000);
                Dialect::Idf.free(&mut recording, address);
            }
        }
        let (mut bytes, places) = recording.after(900).stop().plain_with_places();
        if let Some(hidden) = hidden {
            // Each delta here takes two bytes.
            let place = &places[hidden];
            bytes.drain(place.start - 2..place.end - 2);
        }
        read_one(bytes).outcome.totals
    }
}

/// Where one hole shows, there may be others. But none are where the target's clock tells all the time that passed; and more than one
/// or two are not to be expected.
#[test]
fn what_holes_that_do_not_show_explain() {
    let doubtful = |beside: Beside| {
        let totals = beside.totals();
        (totals.double_frees, totals.doubtful_frees)
    };
    let planted = Beside {
        twice_in: 300,
        ..Beside::default()
    };
    assert_eq!(doubtful(planted), (1, 0));
    let has_gap = true;
    assert_eq!(doubtful(Beside { has_gap, ..planted }), (0, 1));
    let tells_time = true;
    let told = Beside {
        has_gap,
        tells_time,
        ..planted
    };
    assert_eq!(doubtful(told), (1, 0));
    let often = Beside {
        has_gap,
        twice_in: 50,
        ..planted
    };
    assert_eq!(doubtful(often), (10, 0));
}

/// An allocation that is missing without a gap makes a double free, which is in doubt where another hole shows, and where the target's
/// clock shows that time is missing.
#[test]
fn an_allocation_that_is_missing_without_a_gap() {
    for (has_gap, tells_time) in [(true, false), (false, true), (true, true)] {
        let totals = Beside {
            has_gap,
            tells_time,
            hides_allocation: true,
            twice_in: 0,
        }
        .totals();
        let frees = (totals.double_frees, totals.doubtful_frees);
        assert_eq!(frees, (0, 1), "{has_gap} {tells_time}");
    }
}
