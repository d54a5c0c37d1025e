//! One context in the middle of another's call.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::platform::model;
use leakscope_recorder::stream::{Config, Stream, WhenFull};
use leakscope_recorder::{Recorder, SystemEvent};
use leakscope_systemview::id;

use crate::host::{CORE, CountingClock, FakeCore, drained, packets};
use crate::overflow::{events, lost};

/// A reader that drains while another does takes nothing, however often it tries.
#[test]
fn there_is_one_reader() {
    let stream: Stream<Leakscope<0>, CountingClock> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    stream.start();
    let mut taken = 0;
    let Ok(total) = stream.drain(0, &mut |part: &[u8]| {
        for _ in 0..3 {
            assert_eq!(drained(&stream, 0), []);
        }
        taken += part.len().min(10);
        part.len().min(10)
    });
    assert_eq!(total, taken);
    assert_eq!(drained(&stream, 0), [], "and none of it comes twice");
}

/// An event that comes while a full buffer is being written must not wait for that: it interrupts it.
#[test]
fn an_event_that_interrupts_the_writer_is_dropped_and_counted() {
    static STREAM: Stream<Leakscope<0>, CountingClock, 1024> = Stream::new();
    static FILE: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    static INTERRUPTS: AtomicU32 = AtomicU32::new(0);
    fn write(bytes: &[u8]) -> usize {
        if INTERRUPTS.load(Ordering::Relaxed) == 0 {
            for number in 0..500 {
                INTERRUPTS.store(number + 1, Ordering::Relaxed);
                STREAM.event(SystemEvent::IsrEnter(number));
            }
        }
        FILE.lock().expect("no panic elsewhere").extend(bytes);
        bytes.len()
    }
    let config = Config::new("x").when_full(WhenFull::Write(write));
    STREAM.init(CountingClock::default(), config);
    STREAM.start();
    let mut marks = 0;
    while INTERRUPTS.load(Ordering::Relaxed) == 0 {
        STREAM.event(SystemEvent::MarkStart(0));
        marks += 1;
    }
    STREAM.event(SystemEvent::IsrExit);
    write(&drained(&STREAM, 0));
    let packets = packets(&FILE.lock().expect("no panic elsewhere"));
    assert!(lost(&packets) > 100);
    let stored = events(&packets, id::ISR_ENTER) + events(&packets, id::MARK_START);
    assert_eq!(stored + lost(&packets), marks + 500);
}

/// A task may come to another core until the recorder has locked.
#[test]
fn a_task_that_migrates_is_booked_where_it_is() {
    let stream: Stream<Leakscope<0>, CountingClock, 1024, 2, FakeCore> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    for core in [1, 0] {
        CORE.set(core);
        stream.start();
        drained(&stream, core);
    }
    for event in [SystemEvent::IsrExit, SystemEvent::TaskStopReady(1, 2)] {
        CORE.set(0);
        model::on_pause(|_| CORE.set(1));
        stream.event(event);
        model::on_pause(|_| ());
        assert_eq!(drained(&stream, 0), []);
        assert_eq!(packets(&drained(&stream, 1)).len(), 1);
    }
    CORE.set(0);
}
