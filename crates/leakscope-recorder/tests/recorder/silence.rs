//! Time goes on while nothing is recorded.

use std::sync::atomic::{AtomicU32, Ordering};

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::Layout;
use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::platform::Clock;
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Block, Recorder, SystemEvent};
use leakscope_systemview::id;

use crate::host::{FakeClock, drained, packets};

/// When an event after these moments is recorded, if the program polls at each.
fn time_after(moments: impl IntoIterator<Item = u64>, last: u64) -> u64 {
    let clock = FakeClock::at(0);
    let stream: Stream<Leakscope<4>, &FakeClock> = Stream::new();
    stream.init(&clock, Config::new("x"));
    stream.start();
    for moment in moments {
        clock.0.store(moment as u32, Ordering::Relaxed);
        stream.poll();
    }
    clock.0.store(last as u32, Ordering::Relaxed);
    stream.event(SystemEvent::IsrEnter(5));
    packets(&drained(&stream, 0)).last().expect("packets").time
}

/// A 32-bit counter at 240 MHz comes round every 18 s.
#[test]
fn ten_minutes_at_240_megahertz() {
    const SECOND: u64 = 240_000_000;
    let seconds = (1..600).map(|second| second * SECOND);
    assert_eq!(time_after(seconds, 600 * SECOND), 600 * SECOND);
}

/// As one does that counts an operating system's ticks, if interrupts are off for longer than a tick.
#[test]
fn a_clock_that_steps_back_has_not_come_round() {
    assert_eq!(time_after([50_000, 25_000, 50_100], 60_000), 60_000);

    let clock = FakeClock::at(0);
    let stream: Stream<Leakscope<4>, &FakeClock> = Stream::new();
    stream.init(&clock, Config::new("x"));
    stream.start();
    drained(&stream, 0);
    for moment in [50_000, 25_000, 60_000] {
        clock.0.store(moment, Ordering::Relaxed);
        stream.event(SystemEvent::IsrEnter(5));
    }
    let times: Vec<u64> = (packets(&drained(&stream, 0)).iter())
        .map(|packet| packet.time)
        .collect();
    assert_eq!(times, [50_000, 50_000, 60_000]);
}

/// A clock of 32 bits.
struct Rated {
    now: AtomicU32,
    hz: u32,
}

impl Clock for &Rated {
    fn now(&self) -> u32 {
        self.now.load(Ordering::Relaxed)
    }

    fn hz(&self) -> u32 {
        self.hz
    }
}

/// What the host makes of a program that is busy for a second, and then asleep: it allocates once in so many seconds, and polls ten
/// times in each.
fn heard(hz: u32, seconds: u64, allocations: usize) -> Outcome {
    let clock = Rated {
        now: AtomicU32::new(0),
        hz,
    };
    let stream: Stream<Leakscope<4>, &Rated> = Stream::new();
    stream.init(&clock, Config::new("sleeper"));
    stream.start();
    let mut bytes = drained(&stream, 0);
    let mut go_on = |ticks: u32| {
        clock.now.fetch_add(ticks, Ordering::Relaxed);
        stream.poll();
        bytes.extend(drained(&stream, 0));
    };
    let block = |number: usize| Block {
        address: 0x2000_0000 + 64 * number,
        size: 24,
    };
    for _ in 0..500 {
        go_on(hz / 1000);
        stream.alloc(block(0), Origin::Frames(&[0x100, 0x200]));
        go_on(hz / 1000);
        stream.free(block(0), Origin::Frames(&[0x300, 0x200]));
    }
    for number in 1..=allocations {
        for _ in 0..10 * seconds {
            go_on(hz / 10);
        }
        stream.alloc(block(number), Origin::Frames(&[0x400, 0x200]));
    }
    go_on(hz / 10);
    let mut analysis = Analysis::new(&Layout::of(&[&bytes]), KeepAll);
    let Ok(_) = analysis.run(&[&bytes[..]][..]);
    analysis.outcome()
}

/// A counter of 24 bits.
struct Narrow(AtomicU32);

impl Clock for &Narrow {
    const MASK: u32 = 0xFF_FFFF;

    fn now(&self) -> u32 {
        self.0.load(Ordering::Relaxed) & Self::MASK
    }

    fn hz(&self) -> u32 {
        48_000_000
    }
}

/// It comes round three times a second: the time that the recorder tells does not.
#[test]
fn a_narrow_counter_is_no_reset() {
    let clock = Narrow(AtomicU32::new(5_000));
    let stream: Stream<Leakscope<4>, &Narrow> = Stream::new();
    stream.init(&clock, Config::new("narrow"));
    let mut bytes = Vec::new();
    for _ in 0..5 {
        stream.start();
        for _ in 0..13 {
            clock.0.fetch_add(5_000_000, Ordering::Relaxed);
            stream.poll();
            bytes.extend(drained(&stream, 0));
        }
    }
    let packets = packets(&bytes);
    let told = packets
        .iter()
        .filter(|packet| packet.id == id::SYSTIME_CYCLES);
    let times: Vec<_> = told
        .map(|packet| (packet.numbers()[0], packet.time))
        .collect();
    assert!(times.len() > 5);
    for (cycles, time) in times {
        assert_eq!(u64::from(cycles), time);
    }
}

/// Halves of the clock's period, and sync and time once a second, are packets to the host, however few others there are.
#[test]
fn a_host_hears_how_long_it_was_silent() {
    for (hz, seconds) in [
        (1_000_000, 60),
        (48_000_000, 9),
        (168_000_000, 2),
        (168_000_000, 60),
        (240_000_000, 300),
    ] {
        let outcome = heard(hz, seconds, 20);
        assert_eq!(outcome.problems, [], "{hz} Hz, {seconds} s");
        assert_eq!(
            outcome.totals.outstanding_blocks, 20,
            "{hz} Hz, {seconds} s"
        );
        let length = outcome.totals.end / u64::from(hz);
        assert!(
            (20 * seconds..20 * seconds + 3).contains(&length),
            "{hz} Hz, {seconds} s: {length} s"
        );
    }
}
