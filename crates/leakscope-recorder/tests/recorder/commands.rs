//! What the host may ask for.

use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Block, Recorder, Task};
use leakscope_systemview::{id, sync};

use crate::host::{FakeClock, LeakscopeReader, drained, packets};

type Example<'c> = Stream<Leakscope<4>, &'c FakeClock>;

fn answer(commands: &[u8]) -> Vec<u32> {
    let clock = FakeClock::at(0);
    let stream: Example<'_> = Stream::new();
    stream.init(&clock, Config::new("x"));
    stream.task(&Task::new(1, 0, b"one"));
    stream.start();
    drained(&stream, 0);
    stream.receive(commands);
    let answer = packets(&drained(&stream, 0));
    answer.iter().map(|packet| packet.id).collect()
}

#[test]
fn are_answered() {
    assert_eq!(answer(&[2]), [id::TRACE_STOP]);
    assert_eq!(answer(&[3]), [id::SYSTIME_CYCLES]);
    assert_eq!(answer(&[4]), [id::TASK_INFO, id::STACK_INFO]);
    assert_eq!(answer(&[5]), [id::INIT, id::SYSDESC]);
    assert_eq!(answer(&[6]), [id::NUMMODULES]);
    assert_eq!(answer(&[7]), [id::MODULEDESC; 6]);
    assert_eq!(answer(&[128, 0]), [id::MODULEDESC; 6]);
}

/// Not all that the configuration has room for need be given.
#[test]
fn an_empty_description_hides_none_behind_it() {
    let clock = FakeClock::at(0);
    let stream: Example<'_> = Stream::new();
    stream.init(&clock, Config::new("x").descriptions(&["", "I#15=SysTick"]));
    stream.start();
    drained(&stream, 0);
    stream.receive(&[5]);
    let answer = packets(&drained(&stream, 0));
    let ids: Vec<_> = answer.iter().map(|packet| packet.id).collect();
    assert_eq!(ids, [id::INIT, id::SYSDESC, id::SYSDESC]);
}

#[test]
fn that_are_unknown_are_passed_over() {
    assert_eq!(answer(&[127, 0, 77, 200, 2, 128, 9, 6]), [id::NUMMODULES]);
    assert_eq!(answer(&[128]), []);
}

#[test]
fn start_and_stop_from_afar() {
    let clock = FakeClock::at(0);
    let stream: Example<'_> = Stream::new();
    stream.init(&clock, Config::new("x"));
    stream.receive(&[3, 4, 5, 6, 7]);
    assert_eq!(drained(&stream, 0), [], "a stopped stream is silent");
    stream.receive(&[1]);
    assert!(stream.is_recording());
    stream.receive(&[2]);
    assert!(!stream.is_recording());
}

#[test]
fn a_restart_tells_everything_again() {
    let clock = FakeClock::at(0);
    let stream: Example<'_> = Stream::new();
    stream.init(&clock, Config::new("x"));
    let block = Block {
        address: 0x40,
        size: 4,
    };
    let stack = [0x100, 0x200];
    stream.start();
    stream.alloc(block, Origin::Frames(&stack));
    drained(&stream, 0);
    clock.0.store(50, std::sync::atomic::Ordering::Relaxed);
    stream.receive(&[1]);
    stream.alloc(block, Origin::Frames(&stack));
    let bytes = drained(&stream, 0);
    assert_eq!(sync::find(&bytes, 0, false), Some(0));
    let packets = packets(&bytes);
    assert_eq!(packets[0].id, id::TRACE_START);
    assert_eq!(packets[0].time, 50, "the clock goes on");
    // Would fail if the stack were not defined anew.
    assert_eq!(LeakscopeReader::read_all(&packets).len(), 1);
}
