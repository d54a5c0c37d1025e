//! Time goes on while nothing is recorded.

use std::sync::atomic::Ordering;

use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Recorder, SystemEvent};

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
