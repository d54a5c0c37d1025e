//! Real threads.

use std::sync::atomic::{AtomicBool, Ordering};

use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::platform::host::HostClock;
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{Config, Stream, WhenFull};
use leakscope_recorder::{Block, Recorder};
use leakscope_systemview::id;

use crate::host::{HeapEvent, LeakscopeReader, packets};

const THREADS: usize = 4;
const EVENTS: usize = if cfg!(miri) { 60 } else { 5000 };

/// Four threads record, a fifth reads: with waiting, nothing is lost and nothing torn.
#[test]
fn record_at_once_while_another_reads() {
    static STREAM: Stream<Leakscope<4, 4>, HostClock, 2048> = Stream::new();
    static DONE: AtomicBool = AtomicBool::new(false);
    let config = Config::new("threads").when_full(WhenFull::Wait);
    STREAM.init(HostClock::new(), config);
    STREAM.start();
    let mut bytes = Vec::new();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut bytes = Vec::new();
            loop {
                let is_last = DONE.load(Ordering::Acquire);
                let Ok(_) = STREAM.drain(0, &mut |part: &[u8]| {
                    bytes.extend_from_slice(part);
                    part.len()
                });
                if is_last {
                    return bytes;
                }
                std::thread::yield_now();
            }
        });
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    for number in 0..EVENTS {
                        let block = Block {
                            address: thread << 20 | number,
                            size: number,
                        };
                        let stack = [thread + 1, number % 7 + 1];
                        STREAM.alloc(block, Origin::Frames(&stack));
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().expect("writers do not panic");
        }
        DONE.store(true, Ordering::Release);
        bytes = reader.join().expect("the reader does not panic");
    });
    let packets = packets(&bytes);
    assert!(packets.iter().all(|packet| packet.id != id::OVERFLOW));
    let mut next = [0; THREADS];
    for event in LeakscopeReader::read_all(&packets) {
        let HeapEvent::Alloc {
            address,
            size,
            stack,
        } = event
        else {
            panic!("{event:?}");
        };
        let thread = (address >> 20) as usize;
        assert_eq!(size, next[thread], "in each thread's order");
        assert_eq!(stack, [thread as u64 + 1, u64::from(size) % 7 + 1]);
        next[thread] += 1;
    }
    assert_eq!(next, [EVENTS as u32; THREADS]);
}
