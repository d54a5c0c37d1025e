//! Whether a start sequence follows a reset, as far as the target's clock tells.

use std::ops::Range;

use leakscope_analysis::findings::Verdict;
use leakscope_analysis::problem::ProblemKind;
use leakscope_analysis::trace::Start;
use leakscope_systemview::{Init, Packet, id};
use leakscope_testing::scenario::{HZ, IDF_HEAP, MAIN, Scenario};

use crate::reading::{Reading, read_one};
use crate::sessions::{BLOCK, LEAK, OTHER, leak, restart};

/// Two starts of a device, half a minute apart, and what its own clock says behind each.
fn sessions_of_clocks(first: u64, second: u64) -> usize {
    let mut recording = Scenario::empty();
    recording
        .start()
        .systime_us(first)
        .module(512, IDF_HEAP)
        .run(MAIN);
    leak(&mut recording, 0, 10);
    recording.after(30 * u64::from(HZ)).idle();
    recording
        .start()
        .systime_us(second)
        .module(512, IDF_HEAP)
        .run(MAIN);
    leak(&mut recording, 0, 10);
    read_one(recording.plain()).outcome.sessions.len()
}

/// Boots of so many ticks, each behind a start sequence without a stop, and what the target's clock says at these: a program that
/// leaks nothing.
fn boots_of(ticks: u32, clock: impl Fn(u64) -> Packet<'static>) -> Reading {
    let mut recording = Scenario::empty();
    for boot in 0..12 {
        recording.start().packet(&clock(boot));
        recording.module(512, IDF_HEAP).run(MAIN);
        for number in 0..3 {
            recording.after(10).allocate(BLOCK + 64 * number, 40, OTHER);
        }
        for round in 0..ticks / 100 {
            let block = BLOCK + 0x1000 + 16 * (round % 7);
            recording.after(30).allocate(block, 8, LEAK);
            recording.after(70);
            if round + 1 < ticks / 100 {
                recording.free(block, OTHER);
            }
        }
    }
    read_one(recording.plain())
}

/// A recording of so many seconds that tells the target's clock every five, with a start sequence or without, and its sessions.
fn sessions_told(seconds: u32, starts: bool, clock: impl Fn(u64) -> Packet<'static>) -> usize {
    let mut recording = Scenario::begun();
    for round in 0..seconds / 5 {
        if starts {
            recording.start();
        }
        recording.packet(&clock(recording.time()));
        if starts {
            recording.module(512, IDF_HEAP).run(MAIN);
        }
        leak(&mut recording, 2 * round, 2);
        recording.after(5 * u64::from(HZ));
    }
    read_one(recording.plain()).outcome.sessions.len()
}

/// Another rate of the clock behind a restart is said: times are told by the first.
#[test]
fn a_clock_that_counts_faster_after_a_restart() {
    let mut recording = Scenario::begun();
    leak(&mut recording, 0, 10);
    recording.sync().packet(&Packet::TraceStart);
    recording.packet(&Packet::Init(Init {
        timestamp_hz: 40 * HZ,
        cpu_hz: 160 * HZ,
        ram_base: 0,
        id_shift: 0,
    }));
    let reading = read_one(recording.plain());
    assert!(
        reading.problem("clock-changed").is_some(),
        "{:?}",
        reading.codes()
    );
    assert_eq!(reading.problem("clocks-differ"), None);
}

/// A device that was reset tells of itself at about the same time as before, or a little later: that is no clock that
/// has run on for half a minute.
#[test]
fn a_clock_that_began_again_need_not_be_behind_where_it_was() {
    for (first, second) in [
        (350_000, 349_000),
        (350_000, 350_000),
        (350_000, 351_000),
        (350_000, 1_350_000),
        (0, 0),
        (2_000_000, 2_400_000),
    ] {
        assert_eq!(sessions_of_clocks(first, second), 2, "{first} {second}");
    }
}

/// One that runs on, in microseconds or milliseconds, too fast, or that stands still in sleep, was not reset.
#[test]
fn a_clock_that_runs_on_was_not_reset() {
    let half_a_minute = 30_000_000;
    for (first, second) in [
        (350_000, 350_000 + half_a_minute + 12_000),
        (0, half_a_minute),
        (350_000, 350_000 + half_a_minute - 1_000_000),
        (350_000, 350_000 + 3 * half_a_minute),
        (350, 350 + half_a_minute / 1000),
        (350_000, 350_000 + half_a_minute / 5),
        (3_600_000_000, 3_600_000_000 + half_a_minute / 20),
    ] {
        assert_eq!(sessions_of_clocks(first, second), 1, "{first} {second}");
    }
}

/// A target that is reset again and again tells the same time at each start, or nearly: however short its boots are, each is judged
/// by itself.
#[test]
fn short_boots_are_sessions() {
    for ticks in [1000, 5000, 21_000, 72_000, 300_000] {
        for (first, scatter) in [(0, 0), (120_000, 0), (120_000, 3000), (5_000_000, 40_000)] {
            let reading = boots_of(ticks, |boot| Packet::SystimeUs {
                microseconds: first + boot * 7919 % (scatter + 1),
            });
            let sessions = reading.outcome.sessions.len();
            assert_eq!(sessions, 12, "{ticks} {first} {scatter}");
            assert_eq!(reading.problem("free-lost"), None, "{ticks} {first}");
            assert_eq!(reading.outcome.totals.outstanding_blocks, 12 * 4);
        }
        let reading = boots_of(ticks, |boot| Packet::SystimeCycles {
            cycles: 77_000 + 13 * boot as u32,
        });
        assert_eq!(reading.outcome.sessions.len(), 12, "{ticks}");
    }
}

/// A ring that repeats its start sequence so often that a clock hardly moves between, or that stands still in sleep: after a
/// few times, it is known to run on.
#[test]
fn a_slow_clock_runs_on() {
    let sessions = |tick: u64, rate: u64| {
        let mut recording = Scenario::begun();
        for round in 0..200 {
            leak(&mut recording, 5 * round, 5);
            let now = recording.time() / rate / tick * tick;
            restart(&mut recording, 120_000 / tick * tick + now);
        }
        let reading = read_one(recording.plain());
        assert!(reading.verdict(LEAK).is_leak(), "{tick} {rate}");
        reading.outcome.sessions.len()
    };
    for (tick, rate, most) in [
        (1, 1, 1),
        (1000, 1, 2),
        (10_000, 1, 8),
        (7812, 1, 12),
        (1, 3, 8),
    ] {
        let sessions = sessions(tick, rate);
        assert!(sessions <= most, "{tick} {rate}: {sessions}");
    }
}

/// Where the clock does not tell, each session is judged by itself; blocks that are freed in the next show that the target ran on.
#[test]
fn perhaps_it_was_reset() {
    let recorded = |is_reset: bool| {
        let mut recording = Scenario::empty();
        recording
            .start()
            .systime_us(0)
            .module(512, IDF_HEAP)
            .run(MAIN);
        leak(&mut recording, 0, 30);
        restart(&mut recording, 0);
        recording.run(MAIN);
        for block in (0..30).map(|block| BLOCK + 16 * block) {
            recording.after(1000);
            if is_reset {
                recording.allocate(block, 8, OTHER);
            }
            recording.free(block, OTHER);
        }
        let reading = read_one(recording.plain());
        reading.check();
        let started = [Start::First, Start::Repeated, Start::PerhapsAfterReset];
        assert_eq!(reading.starts(), started);
        assert_eq!(reading.codes(), ["perhaps-restart"]);
        let sessions = &reading.outcome.sessions;
        assert_eq!(sessions.len(), 2);
        assert!(!sessions.iter().any(|session| session.after_reset));
        reading.verdict(LEAK)
    };
    assert_eq!(recorded(false), Verdict::LateRelease);
    assert_eq!(recorded(true), Verdict::LeakSteady);
}

/// The cycles that a target tells are those of its time stamps, whatever its processor runs with; or those of the processor, of
/// which time stamps are a part.
#[test]
fn cycles_that_run_on_are_no_reset() {
    let cycles = |rate: u64| {
        move |time: u64| Packet::SystimeCycles {
            cycles: (77 + time * rate) as u32,
        }
    };
    assert_eq!(sessions_told(120, true, cycles(1)), 1);
    assert_eq!(sessions_told(120, false, cycles(1)), 1);
    let again = |time: u64| Packet::SystimeCycles {
        cycles: (77 + time % 65_000_000) as u32,
    };
    assert_eq!(sessions_told(120, true, again), 2);
}

/// A counter of fewer bits comes round more often, and its time stamps know.
#[test]
fn a_narrow_counter_that_comes_round_was_not_reset() {
    for bits in [16_u32, 24, 28] {
        let counter = move |time: u64| Packet::SystimeCycles {
            cycles: ((77 + time) % (1_u64 << bits)) as u32,
        };
        assert_eq!(sessions_told(120, true, counter), 1, "{bits}");
    }
    // Of which time stamps leave three bits out.
    let shifted = |time: u64| Packet::SystimeCycles {
        cycles: ((77 + 8 * time) % (1 << 24)) as u32,
    };
    assert_eq!(sessions_told(120, true, shifted), 1);
    let reset = |time: u64| Packet::SystimeCycles {
        cycles: if time < 60_000_000 { 5000 } else { 5400 },
    };
    assert!(sessions_told(120, true, reset) > 1);
}

/// No counter is faster than the processor, so that time stamps leave no bits out where both run as fast: a boot that was as long
/// as a shortened counter takes to come round is over all the same.
#[test]
fn a_boot_may_be_as_long_as_a_counter_would_take() {
    for ticks in [4096 * 100, 4096 * 100 + 1, 8192 * 30] {
        let mut recording = Scenario::empty();
        for boot in 0..2_u64 {
            recording.sync().packet(&Packet::TraceStart);
            recording.packet(&Packet::Init(Init {
                timestamp_hz: HZ,
                cpu_hz: HZ,
                ram_base: 0x2000_0000,
                id_shift: 2,
            }));
            recording.packet(&Packet::SystimeCycles { cycles: 50 });
            recording.module(512, IDF_HEAP).run(MAIN);
            leak(&mut recording, 0, 3);
            recording.after((boot + 1) * ticks - recording.time());
        }
        assert_eq!(
            read_one(recording.plain()).outcome.sessions.len(),
            2,
            "{ticks}"
        );
    }
}

/// A clock may come round: a tick of 16 bits, a counter of 32 that is told in place of microseconds. And one that stands still
/// proves nothing.
#[test]
fn a_clock_that_comes_round_was_not_reset() {
    let ticks = |time: u64| Packet::SystimeUs {
        microseconds: time / 1000 % (1 << 16) * 1000,
    };
    let cycles = |time: u64| Packet::SystimeUs {
        microseconds: time * 160 % (1 << 32),
    };
    let still = |_| Packet::SystimeUs { microseconds: 0 };
    for starts in [false, true] {
        assert_eq!(sessions_told(200, starts, ticks), 1, "{starts}");
        assert_eq!(sessions_told(120, starts, cycles), 1, "{starts}");
    }
    assert_eq!(sessions_told(60, false, still), 1);
}

/// The target's clock in cycles wraps within seconds; that is no reset.
#[test]
fn a_wrapped_cycle_counter_is_no_reset() {
    let mut recording = Scenario::begun();
    let hertz = 160_u64;
    for _ in 0..6 {
        let cycles = (recording.time() * hertz) as u32;
        recording.packet(&Packet::SystimeCycles { cycles });
        leak(&mut recording, 0, 1);
        recording.after(9_000_000);
    }
    let reading = read_one(recording.plain());
    assert_eq!(reading.outcome.sessions.len(), 1);
    assert_eq!(reading.problem("restart"), None);
}

/// A cycle counter that is far from where it would have run to shows a reset.
#[test]
fn a_cycle_counter_that_jumps_is_a_reset() {
    let mut recording = Scenario::empty();
    recording.start().packet(&Packet::SystimeCycles {
        cycles: 3_000_000_000,
    });
    recording.module(512, IDF_HEAP).run(MAIN);
    leak(&mut recording, 0, 10);
    recording.after(2_000_000).start();
    recording.packet(&Packet::SystimeCycles { cycles: 50_000 });
    leak(&mut recording, 0, 10);
    let reading = read_one(recording.plain());
    assert_eq!(reading.outcome.sessions.len(), 2);
}

/// A target whose clock stands still: everything is counted, and nothing is said about time.
#[test]
fn a_clock_that_stands() {
    let mut recording = Scenario::empty();
    recording.start().module(512, IDF_HEAP).run(MAIN);
    for block in 0..200 {
        recording.event(512, &[BLOCK + 16 * block, 8, LEAK[0], 0]);
    }
    let reading = read_one(recording.plain());
    reading.check();
    assert_eq!(reading.outcome.totals.allocations, 200);
    assert!(reading.problem("clock-stands").is_some());
    assert!(!reading.verdict(LEAK).is_leak());
}

/// A boot of a program that leaks nothing.
fn boot(clock: u64) -> Scenario {
    let mut recording = Scenario::empty();
    recording.start().init().systime_us(clock);
    recording
        .system("N=app,D=esp32,O=FreeRTOS")
        .module(512, IDF_HEAP)
        .task(MAIN, "main")
        .run(MAIN);
    for round in 0..40 {
        let block = BLOCK + 64 * (round % 5);
        recording.after(900).allocate(block, 40, OTHER);
        recording.after(90).event(34, &[round]);
        recording.after(900).free(block, LEAK);
    }
    recording
}

/// A link that shows no loss ends a boot in the middle of a packet, which what follows would complete: zeros, a start, anything.
#[test]
fn a_reset_cuts_a_packet_off() {
    let (whole, places) = boot(5_000_000).plain_with_places();
    let second = boot(100_000).plain();
    let events = |places: &[Range<usize>]| {
        let heap = |place: &&Range<usize>| whole[place.start] == 0x80 || whole[place.start] == 0x81;
        places.iter().filter(heap).count() as u64
    };
    for length in whole.len() - 150..whole.len() {
        let reading = read_one([&whole[..length], &second].concat());
        let kept = places.partition_point(|place| place.end <= length);
        let kept = &places[..kept];
        let totals = &reading.outcome.totals;
        assert_eq!(reading.outcome.sessions.len(), 2, "{length}");
        assert_eq!(
            totals.heap_events,
            events(kept) + events(&places),
            "{length}"
        );
        let skipped = (length - kept.last().expect("packets").end) as u64;
        let told = reading.problem("skipped-bytes").map(|told| &told.kind);
        let told = told.map_or(0, |kind| match kind {
            ProblemKind::Skipped { bytes } => *bytes,
            _ => 0,
        });
        assert_eq!(told, skipped, "{length}");
        assert_eq!(
            (totals.double_frees, totals.wrong_frees),
            (0, 0),
            "{length}"
        );
    }
}

/// The last packet before a reset is torn, and noise completes its delta to minutes: the target's clock says that it was reset, and the
/// leak is seen as if the packet had no delta. A clock that has run on says that the minutes passed.
#[test]
fn a_torn_delta_before_a_reset_is_no_time() {
    let minutes = 200 * u64::from(HZ);
    let recorded = |noise: &[u8], clock: &dyn Fn(u64) -> u64| {
        let mut recording = Scenario::empty();
        for boot in 0..3 {
            recording.start().systime_us(clock(boot));
            recording.module(512, IDF_HEAP).run(MAIN);
            for round in 0..200 {
                let block = BLOCK + 16 * round;
                recording.after(5000).allocate(block, 8, LEAK);
                recording.after(5000).allocate(block + 0x8000, 8, OTHER);
                recording.after(3000).free(block + 0x8000, OTHER);
            }
            recording.after(minutes).allocate(BLOCK, 8, OTHER);
            recording.raw(noise);
        }
        recording.start().systime_us(clock(3));
        read_one(recording.plain())
    };
    for noise in [&[][..], &[0xC3, 0xFF]] {
        let reading = recorded(noise, &|_| 350_000);
        assert_eq!(reading.outcome.sessions.len(), 4, "{noise:?}");
        assert!(reading.outcome.totals.end < minutes / 2, "{noise:?}");
        assert!(reading.verdict(LEAK).is_leak(), "{noise:?}");
        assert!(reading.problem("skipped-bytes").is_some(), "{noise:?}");
    }
    let reading = recorded(&[], &|boot| {
        350_000 + boot * (minutes + 2_600_000) * 1_000_000 / u64::from(HZ)
    });
    assert_eq!(reading.outcome.sessions.len(), 1);
    assert!(reading.outcome.totals.end > 3 * minutes);
    assert_eq!(reading.problem("skipped-bytes"), None);
}

/// A recorder that was stopped for longer than a quarter of its counter's period tells of it as a silence, and what is left of it with the
/// start: that is time, and no torn packet.
#[test]
fn a_long_pause_of_a_counter_is_a_pause() {
    for quarters in [1.3, 1.98, 2.5, 3.5, 4.5, 9.1] {
        let mut recording = Scenario::empty();
        let mut paused = 0;
        for piece in 0..3 {
            let cycles = (recording.time() & u64::from(u32::MAX)) as u32;
            recording.sync().packet(&Packet::TraceStart).init();
            recording.packet(&Packet::SystimeCycles { cycles });
            recording.module(512, IDF_HEAP).run(MAIN);
            for round in 0..200 {
                let block = BLOCK + 16 * round;
                recording.after(5000).allocate(block, 8, LEAK);
                recording.after(3000).free(block, OTHER);
            }
            recording.after(100).packet(&Packet::TraceStop);
            if piece == 2 {
                break;
            }
            let mut rest = (quarters * f64::from(1 << 30)) as u64;
            paused += rest;
            while rest > 1 << 30 {
                let silence = Packet::Other {
                    id: id::NOP,
                    payload: &[],
                };
                recording.after(1 << 30).packet(&silence);
                rest -= 1 << 30;
            }
            recording.after(rest);
        }
        let reading = read_one(recording.plain());
        assert_eq!(reading.problem("skipped-bytes"), None, "{quarters}");
        assert_eq!(reading.problem("restart"), None, "{quarters}");
        assert_eq!(reading.outcome.sessions.len(), 3, "{quarters}");
        assert!(reading.outcome.totals.end > paused, "{quarters}");
    }
}

/// A device that is reset tells of itself long after its clock began: a packet that the reset tore, wherever it did, takes neither the
/// zeros of the sync nor the start with it.
#[test]
fn a_torn_packet_before_a_late_start() {
    let torn = Scenario::empty()
        .allocate(BLOCK, 24, &[0x400D_1234, 0x400D_2345])
        .plain();
    for cut in 1..torn.len() {
        for late in [20, 9000, 14_000, 200_000] {
            let mut recording = Scenario::begun();
            recording.systime_us(350_000);
            for block in 0..400 {
                recording.after(5 + u64::from(block % 40));
                recording.allocate(BLOCK + 16 * block, 8, LEAK);
            }
            recording.raw(&torn[..cut]).after(late).start();
            recording.systime_us(350_100).module(512, IDF_HEAP);
            leak(&mut recording, 0, 60);
            let starts = read_one(recording.plain()).starts();
            assert!(starts.contains(&Start::Repeated), "{cut} {late}");
        }
    }
}
