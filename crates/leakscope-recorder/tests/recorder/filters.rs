//! What a device leaves out, as it is told: with all that happens to a block.

use std::collections::BTreeSet;

use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{Config, Filter, Stream};
use leakscope_recorder::{Block, Recorder, SystemEvent};

use crate::host::{CountingClock, HeapEvent, LeakscopeReader, drained, packets};

type Filtered = Stream<Leakscope<0>, CountingClock, 16384>;

fn started(filter: Filter) -> Filtered {
    let stream = Filtered::new();
    stream.init(CountingClock::default(), Config::new("x").filter(filter));
    stream.start();
    stream
}

fn block(address: usize, size: usize) -> Block {
    Block { address, size }
}

/// Addresses of what was allocated and of what was freed.
fn recorded(stream: &Filtered) -> (Vec<u64>, Vec<u64>) {
    let (mut allocated, mut freed) = (Vec::new(), Vec::new());
    for event in LeakscopeReader::read_all(&packets(&drained(stream, 0))) {
        match event {
            HeapEvent::Alloc { address, .. } => allocated.push(address),
            HeapEvent::Free { address, .. } => freed.push(address),
            _ => panic!("{event:?}"),
        }
    }
    (allocated, freed)
}

/// A free that does not say its size may be of a large block.
#[test]
fn small_blocks_are_left_out() {
    let stream = started(Filter::NONE.least_size(64));
    for (address, size) in [(0x1000, 63), (0x2000, 64), (0x3000, 1000)] {
        stream.alloc(block(address, size), Origin::Unknown);
        stream.free(block(address, size), Origin::Unknown);
    }
    stream.free(block(0x4000, 0), Origin::Unknown);
    let (allocated, freed) = recorded(&stream);
    assert_eq!(allocated, [0x2000, 0x3000]);
    assert_eq!(freed, [0x2000, 0x3000, 0x4000]);
}

/// The address decides: of a block all is recorded, or nothing; and of many, about as many as were asked for.
#[test]
fn one_in_eight_is_kept_whole() {
    let stream = started(Filter::NONE.one_in(8));
    for index in 0..400 {
        stream.alloc(block(0x2000_0000 + 16 * index, 16), Origin::Unknown);
    }
    for index in 0..400 {
        stream.free(block(0x2000_0000 + 16 * index, 0), Origin::Unknown);
    }
    let (allocated, freed) = recorded(&stream);
    let allocated: BTreeSet<u64> = allocated.into_iter().collect();
    let freed: BTreeSet<u64> = freed.into_iter().collect();
    assert_eq!(allocated, freed);
    assert!((30..=70).contains(&allocated.len()), "{}", allocated.len());
}

/// What one task allocates, and the frees of all.
#[test]
fn one_task_is_watched() {
    const WATCHED: usize = 0x2000_0100;
    let stream = started(Filter::NONE.task(WATCHED));
    for (task, address) in [(WATCHED, 0x1000), (0x2000_0200, 0x2000)] {
        stream.event(SystemEvent::TaskStartExec(task));
        stream.alloc(block(address, 16), Origin::Unknown);
    }
    stream.free(block(0x1000, 16), Origin::Unknown);
    stream.event(SystemEvent::TaskStopExec);
    stream.alloc(block(0x3000, 16), Origin::Unknown);
    assert_eq!(recorded(&stream), (vec![0x1000], vec![0x1000]));
}
