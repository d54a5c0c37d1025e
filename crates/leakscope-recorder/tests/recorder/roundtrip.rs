//! leakscope's dialect, written and read.

use leakscope_recorder::dialect::{EspIdf, Leakscope};
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Block, Recorder};
use proptest::prelude::*;

use crate::host::{CountingClock, HeapEvent, LeakscopeReader, drained, packets};

/// Addresses near the heap's base, below it, and anywhere.
fn address() -> impl Strategy<Value = usize> {
    prop_oneof![
        (0x2000_0000usize..0x2001_0000).prop_map(|address| address & !3),
        0x1FFF_F000usize..0x2000_0000,
        any::<usize>(),
    ]
}

fn block() -> impl Strategy<Value = Block> {
    (
        address(),
        prop_oneof![0usize..300, any::<u32>().prop_map(|size| size as usize)],
    )
        .prop_map(|(address, size)| Block { address, size })
}

fn stack() -> impl Strategy<Value = Vec<usize>> {
    let near = proptest::collection::vec(0x0800_0001usize..0x0800_8000, 0..10);
    let far = proptest::collection::vec(any::<usize>().prop_map(|frame| frame | 1), 0..10);
    prop_oneof![4 => near, 1 => far]
}

#[derive(Clone, Debug)]
enum Call {
    Alloc(Block),
    Free(Block),
    Realloc(Block, Block),
    ReallocFailed(Block, usize),
    Failed(usize),
}

fn call() -> impl Strategy<Value = (Call, Vec<usize>)> {
    let call = prop_oneof![
        block().prop_map(Call::Alloc),
        block().prop_map(Call::Free),
        (block(), block()).prop_map(|(from, to)| Call::Realloc(from, to)),
        (block(), any::<u32>()).prop_map(|(block, size)| Call::ReallocFailed(block, size as usize)),
        any::<u32>().prop_map(|size| Call::Failed(size as usize)),
    ];
    (call, stack())
}

fn wide(stack: &[usize]) -> Vec<u64> {
    stack.iter().take(8).map(|&frame| frame as u64).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn says_what_happened(calls in proptest::collection::vec(call(), 0..60), shift in 0u8..32) {
        let config = Config::new("x")
            .heap(0x2000_0000, 0x1_0000)
            .heap_alignment(shift)
            .code(0x0800_0000..usize::MAX);
        let stream: Stream<Leakscope<8, 16>, CountingClock, 65536> =
            Stream::new();
        stream.init(CountingClock::default(), config);
        stream.start();
        let mut expected = Vec::new();
        for (call, stack) in &calls {
            let origin = Origin::Frames(stack);
            let stack = wide(stack);
            match *call {
                Call::Alloc(block) => {
                    stream.alloc(block, origin);
                    let (address, size) = (block.address as u64, block.size as u32);
                    expected.push(HeapEvent::Alloc { address, size, stack });
                }
                Call::Free(block) => {
                    stream.free(block, origin);
                    expected.push(HeapEvent::Free { address: block.address as u64, stack });
                }
                Call::Realloc(from, to) => {
                    stream.realloc_begins(from, origin);
                    stream.realloc(from, to, origin);
                    let (address, size) = (to.address as u64, to.size as u32);
                    let from = from.address as u64;
                    expected.push(HeapEvent::Move { address: from, stack: stack.clone() });
                    expected.push(HeapEvent::Moved { address, size, stack, from });
                }
                Call::ReallocFailed(block, size) => {
                    stream.realloc_begins(block, origin);
                    stream.realloc_failed(block, size, origin);
                    let (address, size) = (block.address as u64, size as u32);
                    expected.push(HeapEvent::Move { address, stack: stack.clone() });
                    expected.push(HeapEvent::Kept { address, size, stack });
                }
                Call::Failed(size) => {
                    stream.failed(size, origin);
                    expected.push(HeapEvent::Failed { size: size as u32, stack });
                }
            }
        }
        let packets = packets(&drained(&stream, 0));
        prop_assert_eq!(LeakscopeReader::read_all(&packets), expected);
        let times: Vec<_> = packets.iter().map(|packet| packet.time).collect();
        prop_assert!(times.is_sorted());
    }
}

#[test]
fn a_size_beyond_32_bits_is_saturated() {
    let stream: Stream<Leakscope<0>, CountingClock> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    stream.start();
    stream.failed(usize::MAX, Origin::Unknown);
    let events = LeakscopeReader::read_all(&packets(&drained(&stream, 0)));
    assert_eq!(
        events,
        [HeapEvent::Failed {
            size: u32::MAX,
            stack: Vec::new()
        }]
    );
}

#[test]
fn a_known_stack_is_not_sent_again() {
    let stream: Stream<Leakscope<4>, CountingClock> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    stream.start();
    let mut reader = LeakscopeReader::default();
    for address in 1..30 {
        let block = Block { address, size: 1 };
        stream.alloc(block, Origin::Frames(&[10, 20, 30]));
        stream.free(block, Origin::Frames(&[10, 20, 31]));
    }
    for packet in packets(&drained(&stream, 0)) {
        reader.read(&packet);
    }
    assert_eq!(reader.definitions, 2);
}

/// Payloads of more than 127 bytes, whose length takes two, at every place of the ring.
#[test]
fn deep_stacks_far_away_come_through() {
    let stream: Stream<Leakscope<40, 4>, CountingClock, 2048> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    stream.start();
    let mut packets = packets(&drained(&stream, 0));
    for number in 0..200usize {
        let frames: Vec<_> = (1..=number % 41)
            .map(|frame| (frame * 0x1357_9BDF).rotate_right(4))
            .collect();
        let block = Block {
            address: number,
            size: 1,
        };
        stream.alloc(block, Origin::Frames(&frames));
        packets.extend(crate::host::packets(&drained(&stream, 0)));
    }
    assert!(packets.iter().any(|packet| packet.payload.len() > 300));
    for (number, event) in LeakscopeReader::read_all(&packets).iter().enumerate() {
        let HeapEvent::Alloc { address, stack, .. } = event else {
            panic!("{event:?}");
        };
        assert_eq!(*address, number as u64);
        let expected = (1..=number % 41).map(|frame| (frame * 0x1357_9BDF).rotate_right(4) as u64);
        assert!(stack.iter().copied().eq(expected), "{number}");
    }
}

/// The longest event of ESP-IDF's module.
#[test]
fn espressifs_deepest_stack_comes_through() {
    let stream: Stream<EspIdf<32>, CountingClock, 1024> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    stream.start();
    drained(&stream, 0);
    let frames = [0xFFFF_FFFF; 32];
    for _ in 0..50 {
        let block = Block {
            address: 0xFFFF_FFFF,
            size: 0xFFFF_FFFF,
        };
        stream.alloc(block, Origin::Frames(&frames));
        let packets = packets(&drained(&stream, 0));
        assert_eq!(packets.len(), 1);
        assert_eq!(packets[0].numbers(), [0xFFFF_FFFF; 34]);
    }
}
