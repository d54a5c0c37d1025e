//! Full buffers: nothing is lost in silence.

use std::sync::atomic::Ordering;

use leakscope_recorder::dialect::{EspIdf, Leakscope};
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{Config, Stream, WhenFull};
use leakscope_recorder::{Block, Recorder, SystemEvent};
use leakscope_systemview::id;
use proptest::prelude::*;

use crate::host::{CountingClock, FakeClock, LeakscopeReader, Stored, drained, packets};

/// Lost events by SEGGER's rule: what the count grew by, and one for each time the buffer was found
/// full.
pub(crate) fn lost(packets: &[Stored]) -> u32 {
    let mut before = 0;
    let mut lost = 0;
    for packet in packets.iter().filter(|packet| packet.id == id::OVERFLOW) {
        let count = packet.numbers()[0];
        lost += count - before + 1;
        before = count;
    }
    lost
}

pub(crate) fn events(packets: &[Stored], id: u32) -> u32 {
    packets.iter().filter(|packet| packet.id == id).count() as u32
}

#[test]
fn the_event_that_finds_the_buffer_full_is_not_counted() {
    let stream: Stream<Leakscope<0>, CountingClock, 1024> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    stream.start();
    drained(&stream, 0);
    let mut produced = 0;
    while stream.drop_count() == 0 {
        stream.event(SystemEvent::IsrEnter(5));
        produced += 1;
    }
    let mut all = packets(&drained(&stream, 0));
    assert_eq!(events(&all, id::OVERFLOW), 0);
    assert_eq!(events(&all, id::ISR_ENTER), produced - 2);
    stream.event(SystemEvent::IsrEnter(6));
    let rest = packets(&drained(&stream, 0));
    assert_eq!(rest[0].id, id::OVERFLOW);
    assert_eq!(rest[0].numbers(), [1]);
    assert_eq!(rest[1].numbers(), [6]);
    all.extend(rest);
    assert_eq!(events(&all, id::ISR_ENTER) + lost(&all), produced + 1);
}

#[derive(Clone, Debug)]
enum Step {
    Alloc { address: u16, size: u16, stack: u8 },
    Free { address: u16, stack: u8 },
    Interrupt(u32),
    Drain(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (any::<u16>(), any::<u16>(), any::<u8>())
            .prop_map(|(address, size, stack)| Step::Alloc { address, size, stack }),
        6 => (any::<u16>(), any::<u8>()).prop_map(|(address, stack)| Step::Free { address, stack }),
        4 => any::<u32>().prop_map(Step::Interrupt),
        1 => any::<u16>().prop_map(|count| Step::Drain(count % 700)),
    ];
    proptest::collection::vec(step, 0..600)
}

fn stack(number: u8) -> Vec<usize> {
    (0..usize::from(number % 12))
        .map(|frame| 0x0800_0000 + usize::from(number) * 0x124 + frame * 0x4001)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is recorded and however the buffer is read: every byte belongs to a packet, and what was
    /// stored and what was lost add up to what happened.
    #[test]
    fn counts_add_up(steps in steps()) {
        let stream: Stream<EspIdf<10>, CountingClock, 1024> =
            Stream::new();
        stream.init(CountingClock::default(), Config::new("x"));
        stream.start();
        let mut bytes = Vec::new();
        let mut produced = 0;
        for step in &steps {
            match *step {
                Step::Alloc { address, size, stack: number } => {
                    let block = Block { address: usize::from(address), size: usize::from(size) };
                    stream.alloc(block, Origin::Frames(&stack(number)));
                    produced += 1;
                }
                Step::Free { address, stack: number } => {
                    let block = Block { address: usize::from(address), size: 0 };
                    stream.free(block, Origin::Frames(&stack(number)));
                    produced += 1;
                }
                Step::Interrupt(number) => {
                    stream.event(SystemEvent::IsrEnter(number));
                    produced += 1;
                }
                Step::Drain(count) => drain_some(&stream, usize::from(count), &mut bytes),
            }
        }
        bytes.extend(drained(&stream, 0));
        // One more, so that a pending overflow is told.
        stream.event(SystemEvent::IsrExit);
        bytes.extend(drained(&stream, 0));
        let packets = packets(&bytes);
        let stored = [512, 513, id::ISR_ENTER].map(|id| events(&packets, id)).iter().sum::<u32>();
        prop_assert_eq!(stored + lost(&packets), produced);
    }

    /// leakscope's dialect: every stack number that an event carries is defined, and defined as the stack
    /// that was recorded, whatever was lost.
    #[test]
    fn stacks_survive_losses(steps in steps()) {
        let stream: Stream<Leakscope<10, 4>, CountingClock, 1024> =
            Stream::new();
        stream.init(CountingClock::default(), Config::new("x"));
        stream.start();
        let mut bytes = Vec::new();
        for step in &steps {
            match *step {
                // The address says which stack it must be.
                Step::Alloc { size, stack: number, .. } => {
                    let block = Block { address: usize::from(number) << 8, size: usize::from(size) };
                    stream.alloc(block, Origin::Frames(&stack(number)));
                }
                Step::Free { stack: number, .. } => {
                    let block = Block { address: usize::from(number) << 8, size: 0 };
                    stream.free(block, Origin::Frames(&stack(number)));
                }
                Step::Interrupt(number) => stream.event(SystemEvent::IsrEnter(number)),
                Step::Drain(count) => drain_some(&stream, usize::from(count), &mut bytes),
            }
        }
        bytes.extend(drained(&stream, 0));
        for event in LeakscopeReader::read_all(&packets(&bytes)) {
            use crate::host::HeapEvent::{Alloc, Free};
            let (Alloc { address, stack: seen, .. } | Free { address, stack: seen, .. }) = event else {
                panic!("{event:?}");
            };
            let expected: Vec<u64> = stack((address >> 8) as u8)
                .into_iter()
                .take(10)
                .map(|frame| frame as u64)
                .collect();
            prop_assert!(seen.is_empty() || seen == expected, "{:?} is not {:?}", seen, expected);
        }
    }
}

fn drain_some<D: leakscope_recorder::dialect::Dialect, C: leakscope_recorder::platform::Clock>(
    stream: &Stream<D, C, 1024>,
    mut count: usize,
    bytes: &mut Vec<u8>,
) {
    let Ok(_) = stream.drain(0, &mut |part: &[u8]| {
        let taken = part.len().min(count);
        bytes.extend_from_slice(&part[..taken]);
        count -= taken;
        taken
    });
}

#[test]
fn a_stream_that_writes_by_itself_loses_nothing() {
    use std::sync::Mutex;
    static FILE: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    fn write(bytes: &[u8]) -> usize {
        FILE.lock().expect("no panic elsewhere").extend(bytes);
        bytes.len()
    }
    let config = Config::new("x").when_full(WhenFull::Write(write));
    let stream: Stream<Leakscope<4>, CountingClock, 1024> = Stream::new();
    stream.init(CountingClock::default(), config);
    stream.start();
    for number in 0..2000 {
        let block = Block {
            address: number * 8,
            size: number,
        };
        stream.alloc(block, Origin::Frames(&stack(number as u8)));
    }
    write(&drained(&stream, 0));
    let packets = packets(&FILE.lock().expect("no panic elsewhere"));
    assert_eq!(events(&packets, id::OVERFLOW), 0);
    assert_eq!(events(&packets, 512), 2000);
}

#[test]
fn a_restart_waits_for_room() {
    let stream: Stream<Leakscope<4>, CountingClock, 2048> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    stream.start();
    while stream.drop_count() < 10 {
        stream.event(SystemEvent::IsrEnter(5));
    }
    stream.receive(&[1]);
    stream.event(SystemEvent::IsrEnter(6));
    let before = packets(&drained(&stream, 0));
    assert_eq!(events(&before, id::TRACE_START), 1);
    stream.poll();
    let after = packets(&drained(&stream, 0));
    assert_eq!(after[0].id, id::OVERFLOW);
    assert_eq!(after[1].id, id::TRACE_START);
    assert_eq!(after.last().expect("packets").id, id::MODULEDESC);
    let all: Vec<_> = before.into_iter().chain(after).collect();
    assert_eq!(lost(&all), 12);
}

/// There is room for events, but not for a start sequence: what comes before it would belong to no recording.
#[test]
fn a_restart_that_is_due_comes_before_any_event() {
    let stream: Stream<Leakscope<4>, CountingClock, 2048> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    stream.start();
    for _ in 0..300 {
        stream.event(SystemEvent::IsrEnter(5));
    }
    assert_eq!(stream.drop_count(), 0);
    stream.receive(&[1]);
    stream.event(SystemEvent::IsrEnter(6));
    stream.event(SystemEvent::IsrEnter(6));
    let before = packets(&drained(&stream, 0));
    assert_eq!(events(&before, id::ISR_ENTER), 300);
    stream.event(SystemEvent::IsrEnter(7));
    stream.event(SystemEvent::IsrEnter(8));
    let after = packets(&drained(&stream, 0));
    assert_eq!(after[0].id, id::OVERFLOW);
    assert_eq!(after[1].id, id::TRACE_START);
    assert_eq!(after.last().expect("packets").numbers(), [8]);
    assert_eq!(lost(&after), 2);
    assert_eq!(events(&after, id::ISR_ENTER), 2);
}

/// The ring filled to its very last byte must not look empty: whatever stands before, the longest of all
/// packets is tried behind it.
#[test]
fn full_is_not_empty() {
    for padding in 0..200 {
        let clock = FakeClock::at(0);
        let stream: Stream<EspIdf<32>, _, 1024> = Stream::new();
        stream.init(&clock, Config::new("x"));
        stream.start();
        // Two bytes each, and one of three bytes before every other row.
        if padding % 2 == 1 {
            clock.0.fetch_add(200, Ordering::Relaxed);
        }
        for _ in 0..=padding / 2 {
            stream.event(SystemEvent::IsrExit);
        }
        for _ in 0..5 {
            clock.0.fetch_add(1 << 31, Ordering::Relaxed);
            let block = Block {
                address: 0xFFFF_FFFF,
                size: 0xFFFF_FFFF,
            };
            stream.alloc(block, Origin::Frames(&[0xFFFF_FFFF; 32]));
        }
        let packets = packets(&drained(&stream, 0));
        assert_eq!(events(&packets, id::ISR_EXIT), padding / 2 + 1);
        assert!(events(&packets, 512) > 0);
    }
}

/// What was lost may have been the end of idling.
#[test]
fn idle_is_told_again_after_a_loss() {
    let stream: Stream<Leakscope<0>, CountingClock, 1024> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    stream.start();
    drained(&stream, 0);
    stream.event(SystemEvent::Idle);
    while stream.drop_count() == 0 {
        stream.event(SystemEvent::IsrEnter(5));
        stream.event(SystemEvent::IsrExit);
    }
    drained(&stream, 0);
    stream.event(SystemEvent::IsrEnter(5));
    stream.event(SystemEvent::IsrExit);
    stream.event(SystemEvent::Idle);
    let packets = packets(&drained(&stream, 0));
    assert_eq!(packets.last().expect("packets").id, id::IDLE);
}
