//! A device that is told to leave blocks out: the real recorder, with each of its filters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::platform::Clock;
use leakscope_recorder::stack::Origin;
pub use leakscope_recorder::stream::Filter;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Block, Recorder, SystemEvent, Task};

/// Tasks of the program, for [`Filter::task`].
pub const MAIN: usize = 0x100;
pub const NET: usize = 0x200;

const HEAP: usize = 0x2000_0000;

/// A clock that the program turns.
struct Turned(Arc<AtomicU32>);

impl Clock for Turned {
    fn now(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    fn hz(&self) -> u32 {
        1_000_000
    }
}

/// A recording of 12 s, in which blocks of 100 bytes come and go, and each of both tasks leaves so many blocks of 24 bytes in each
/// hundred rounds of 20 ms.
pub fn recording(filter: Filter, leaks: usize) -> Vec<u8> {
    let time = Arc::new(AtomicU32::new(0));
    let stream = Box::new(Stream::<Leakscope<4>, Turned, { 256 * 1024 }>::new());
    let config = Config::new("the test's device").heap(HEAP, 0x10_0000);
    stream.init(Turned(Arc::clone(&time)), config.filter(filter));
    stream.task(&Task::new(MAIN, 1, b"main"));
    stream.task(&Task::new(NET, 1, b"net"));
    stream.receive(&[1]);
    let wait = || time.fetch_add(2_500, Ordering::Relaxed);
    for round in 0..600 {
        for (number, task) in [MAIN, NET].into_iter().enumerate() {
            stream.event(SystemEvent::TaskStartExec(task));
            let [leaking, clean] =
                [0x1235, 0x1401].map(|offset| 0x0800_0000 + 0x100 * number + offset);
            let block = |place: usize, size| Block {
                address: HEAP + 0x8_0000 * number + place,
                size,
            };
            let temporary = block(0x7_0000 + 128 * (round % 64), 100);
            stream.alloc(temporary, Origin::Frames(&[clean, 0x0800_2001]));
            wait();
            if round * leaks % 100 < leaks {
                let left = block(32 * round, 24);
                stream.alloc(left, Origin::Frames(&[leaking, 0x0800_2001]));
            }
            wait();
            stream.free(temporary, Origin::Frames(&[clean, 0x0800_2001]));
            wait();
            stream.event(SystemEvent::TaskStopExec);
            wait();
        }
    }
    stream.receive(&[2]);
    let mut bytes = Vec::new();
    let Ok(_) = stream.drain(0, &mut |part: &[u8]| {
        bytes.extend_from_slice(part);
        part.len()
    });
    bytes
}
