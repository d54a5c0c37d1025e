//! Words of a stack that could be return addresses: what is recorded of them.

use std::sync::atomic::{AtomicUsize, Ordering};

use leakscope_recorder::dialect::{EspIdf, Leakscope};
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Block, Recorder};
use proptest::prelude::*;

use crate::host::{CountingClock, Stored, drained, packets};

const CODE: std::ops::Range<usize> = 0x10_0000..0x20_0000;
const WORDS: u16 = 16;
const DEPTH: usize = 4;
const WORD: usize = size_of::<usize>();
/// No test looks farther, at what is not its own.
const LAID_OUT: usize = 40;

type Scanning = Stream<Leakscope<DEPTH>, CountingClock>;

fn config() -> Config {
    Config::new("x").code(CODE).words(WORDS)
}

/// A scan of these words and of zeros behind them, which lie on this thread's stack.
fn allocate(stream: &Scanning, return_address: usize, words: &[usize]) {
    let mut stack = [0; LAID_OUT];
    stack[..words.len()].copy_from_slice(words);
    let stack = std::hint::black_box(&stack);
    let origin = Origin::Scan {
        return_address,
        stack_pointer: stack.as_ptr().addr(),
    };
    let block = Block {
        address: 0x4000,
        size: 16,
    };
    stream.alloc(block, origin);
}

/// The stack number of each allocation, and all definitions.
fn recorded(stream: &Scanning) -> (Vec<u32>, Vec<Vec<u32>>) {
    let (mut stacks, mut definitions) = (Vec::new(), Vec::new());
    for packet in packets(&drained(stream, 0)) {
        match packet.id {
            512 => stacks.push(packet.numbers()[2]),
            523 => definitions.push(packet.numbers()),
            _ => {}
        }
    }
    (stacks, definitions)
}

fn started(config: Config) -> Scanning {
    let stream = Scanning::new();
    stream.init(CountingClock::default(), config);
    stream.start();
    stream
}

/// The words that the first definition of a stack holds.
fn scanned(config: Config, words: &[usize]) -> Vec<u32> {
    let stream = started(config);
    allocate(&stream, 0x10_0010, words);
    let (stacks, definitions) = recorded(&stream);
    assert_eq!(stacks[0], definitions[0][0]);
    assert_eq!(definitions[0][1], 0x10);
    definitions[0][2..].to_vec()
}

#[test]
fn candidates_have_their_places() {
    let words = [0, 0x10_0020, 7, 0x20_0000, 0xF_FFFF, 0x1F_FFFF, 0x10_0000];
    assert_eq!(scanned(config(), &words), [1, 0x20, 4, 0xF_FFFF, 1, 0]);
}

#[test]
fn no_more_are_sent_than_the_depth_and_no_farther_looked_than_the_words() {
    let all = [0x10_0020; 32];
    assert_eq!(
        scanned(config(), &all),
        [0, 0x20, 1, 0x20, 1, 0x20, 1, 0x20]
    );
    let mut late = [0; 32];
    late[15] = 0x10_0030;
    late[16] = 0x10_0040;
    assert_eq!(scanned(config(), &late), [15, 0x30]);
    assert_eq!(scanned(config().words(13), &late), [0; 0]);
    assert_eq!(scanned(config().words(17), &late), [15, 0x30, 1, 0x40]);
}

/// The hash of all that is sent tells stacks apart, and nothing else does.
#[test]
fn a_stack_is_known_by_its_candidates_and_their_places() {
    let stream = started(config());
    let lists: [&[usize]; 5] = [
        &[1, 0x10_0020],
        &[2, 0x10_0020, 3],
        &[0x10_0020],
        &[1, 0x10_0022],
        &[1, 0x10_0020, 0x10_0020],
    ];
    for words in lists {
        allocate(&stream, 0x10_0010, words);
    }
    allocate(&stream, 0x10_0012, lists[0]);
    allocate(&stream, 0x10_0010, lists[0]);
    let (stacks, definitions) = recorded(&stream);
    assert_eq!(definitions.len(), 5);
    assert_eq!(stacks[0], stacks[1], "only a word that is none differs");
    assert_eq!(stacks[0], stacks[6]);
    let mut distinct = stacks.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 5, "{stacks:?}");
}

/// The end of another stack, below this one or far above, takes nothing away.
#[test]
fn a_scan_ends_with_the_stack() {
    static END: AtomicUsize = AtomicUsize::new(0);
    let stream = started(config().stack_end(&END));
    let stack = [0x10_0020_usize; 6];
    let start = stack.as_ptr().addr();
    let block = Block {
        address: 0x4000,
        size: 16,
    };
    let ends = [start + 2 * WORD, start, start - WORD, usize::MAX];
    for (end, call) in ends.into_iter().zip(0..) {
        END.store(end, Ordering::Relaxed);
        let origin = Origin::Scan {
            return_address: 0x10_0010 + call,
            stack_pointer: start,
        };
        stream.alloc(block, origin);
    }
    std::hint::black_box(&stack);
    let (_, definitions) = recorded(&stream);
    let counts: Vec<usize> = definitions.iter().map(|known| known.len() - 2).collect();
    assert_eq!(counts[0], 2 * 2);
    assert!(
        counts[1..].iter().all(|&count| count == 2 * DEPTH),
        "{counts:?}"
    );
}

/// Where nothing may be read, the caller is known all the same; outside the code, nothing is.
#[test]
fn what_is_no_stack_is_not_read() {
    let stream = started(config());
    let block = Block {
        address: 0x4000,
        size: 16,
    };
    let here = 0_usize;
    let inside = (&raw const here).addr();
    for stack_pointer in [0, 16, usize::MAX - 7, inside + 1] {
        let origin = Origin::Scan {
            return_address: 0x10_0010,
            stack_pointer,
        };
        stream.alloc(block, origin);
    }
    let (stacks, definitions) = recorded(&stream);
    assert_eq!(definitions, [[stacks[0], 0x10]]);
    allocate(&stream, 0x30_0000, &[0x10_0020]);
    assert_eq!(recorded(&stream), (vec![0], vec![]));
}

/// ESP-IDF's events have no place for places.
#[test]
fn other_dialects_record_the_caller() {
    let stream: Stream<EspIdf<4>, CountingClock> = Stream::new();
    stream.init(CountingClock::default(), config());
    stream.start();
    let stack = [0x10_0020_usize; LAID_OUT];
    let origin = Origin::Scan {
        return_address: 0x10_0010,
        stack_pointer: stack.as_ptr().addr(),
    };
    let block = Block {
        address: 0x4000,
        size: 16,
    };
    stream.alloc(block, origin);
    let all = packets(&drained(&stream, 0));
    let is_alloc = |packet: &&Stored| packet.id == 512;
    let numbers = all.iter().find(is_alloc).map(Stored::numbers);
    assert_eq!(numbers.unwrap(), [0x4000, 16, 0x10_0010, 0, 0, 0]);
}

/// The units say how far a device looks, and how many words it sends.
#[test]
fn the_units_say_how_far_it_looks() {
    let stream = started(config());
    let all = packets(&drained(&stream, 0));
    let units = all.iter().find(|packet| packet.id == 516).expect("units");
    let numbers = units.numbers();
    assert_eq!((numbers[3], numbers[14]), (DEPTH as u32, u32::from(WORDS)));
}

proptest! {
    /// Against a naive twin.
    #[test]
    fn any_words_are_scanned_as_by_a_loop(
        words in prop::collection::vec(prop_oneof![0_usize..8, 0x0F_FF00_usize..0x10_0100], 32),
        limit in 1..LAID_OUT as u16,
    ) {
        let found = scanned(config().words(limit), &words);
        let mut expected = Vec::new();
        let mut below = 0;
        let looked_at = words.iter().take(limit.into()).enumerate();
        for (place, word) in looked_at.filter(|(_, word)| CODE.contains(word)).take(DEPTH) {
            expected.extend([(place - below) as u32, (word - CODE.start) as u32]);
            below = place;
        }
        prop_assert_eq!(found, expected);
    }
}
