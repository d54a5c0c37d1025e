//! How many bytes leakscope's dialect saves: on Espressif's own recordings, and on a made-up program that
//! has many more call sites.

use std::sync::atomic::Ordering;

use leakscope_recorder::dialect::{Dialect, EspIdf, Leakscope};
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Block, Recorder};
use leakscope_systemview::varint::Numbers;
use leakscope_systemview::{Frame, Header, sync};
use leakscope_testing::needs::corpus_bytes;

use crate::host::{FakeClock, drained};

const DEPTH: usize = 10;
/// The goal: bytes of leakscope's dialect, as a part of ESP-IDF's.
const GOAL: f64 = 0.35;

#[derive(Clone, Debug)]
enum Call {
    Alloc(Block),
    Free(Block),
}

/// A call, when it was made, and its call stack.
type Recorded = (u32, Call, Vec<usize>);

/// The bytes of the heap events alone, in a dialect whose host knows where heap and code lie.
fn bytes_of<D: Dialect>(calls: &[Recorded]) -> usize {
    let config = Config::new("ratio")
        .heap(0x3FFA_E000, 0x5_2000)
        .code(0x4008_0000..0x4040_0000);
    let clock = FakeClock::at(0);
    let stream: Stream<D, _, 8192> = Stream::new();
    stream.init(&clock, config);
    stream.start();
    drained(&stream, 0);
    let mut bytes = 0;
    for (time, call, stack) in calls {
        clock.0.store(*time, Ordering::Relaxed);
        match *call {
            Call::Alloc(block) => stream.alloc(block, Origin::Frames(stack)),
            Call::Free(block) => stream.free(block, Origin::Frames(stack)),
        }
        bytes += drained(&stream, 0).len();
    }
    bytes
}

fn ratio(name: &str, calls: &[Recorded]) -> f64 {
    let stacks: std::collections::HashSet<_> = calls.iter().map(|(_, _, stack)| stack).collect();
    let (esp_idf, leakscope) = (
        bytes_of::<EspIdf<DEPTH>>(calls),
        bytes_of::<Leakscope<DEPTH>>(calls),
    );
    let per_event = |bytes: usize| bytes as f64 / calls.len() as f64;
    println!(
        "{name}: {} events, {} distinct call stacks; bytes an event at depth {DEPTH}: ESP-IDF {:.1}, \
         leakscope {:.1}; ratio {:.2}",
        calls.len(),
        stacks.len(),
        per_event(esp_idf),
        per_event(leakscope),
        per_event(leakscope) / per_event(esp_idf)
    );
    per_event(leakscope) / per_event(esp_idf)
}

/// A program at work: 100 call sites with stacks of 4 to 10 frames, some of them used a hundred times as
/// often as others; blocks live for a while, and are freed elsewhere. Without chance, so that the numbers
/// can be repeated.
fn made_up() -> Vec<Recorded> {
    const SITES: usize = 100;
    let stack = |site: usize| -> Vec<usize> {
        (0..4 + site % 7)
            .map(|frame| 0x4008_0000 + (site * 7919 + frame * 104_729) % 0x10_0000)
            .collect()
    };
    let mut state = 1u32;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    let mut live = std::collections::VecDeque::new();
    let mut calls = Vec::new();
    let mut time = 0;
    for step in 0..20_000 {
        time += random(1000) as u32;
        let site = random(SITES) * random(SITES) * random(SITES) / (SITES * SITES);
        let block = Block {
            address: 0x3FFB_0000 + (step * 52) % 0x4_0000,
            size: 8 + random(200),
        };
        calls.push((time, Call::Alloc(block), stack(site)));
        live.push_back((block, site));
        if live.len() > 100 + random(50) {
            let (block, site) = live.pop_front().expect("there are some");
            calls.push((time, Call::Free(block), stack(site + SITES)));
        }
    }
    calls
}

#[test]
fn of_a_made_up_program() {
    assert!(ratio("made-up program", &made_up()) <= GOAL);
}

/// What an event takes in SystemView's framing, with the definitions of stacks and all that is told again: of these, an
/// id takes two bytes, a length one, an address three, a size one or two, a stack two, and a time two.
#[test]
fn an_event_takes_twelve_bytes() {
    let calls = made_up();
    let bytes = bytes_of::<Leakscope<DEPTH>>(&calls);
    assert!(bytes <= 12 * calls.len(), "{bytes}");
}

#[test]
fn of_real_recordings() {
    for folder in ["idf-mcore-2026", "idf-esp-extension-2021"] {
        let Some(file) = corpus_bytes(&format!("{folder}/heap_log_mcore.svdat")) else {
            return;
        };
        let calls = heap_events(&file);
        assert!(calls.len() >= 99, "{folder}: {}", calls.len());
        assert!(ratio(folder, &calls) <= GOAL, "{folder}");
    }
}

/// The heap events of a recording by ESP-IDF, core after core. The frees are given the sizes of their
/// blocks, which leakscope's dialect has to send and ESP-IDF's does not.
fn heap_events(file: &[u8]) -> Vec<Recorded> {
    let header = Header::parse(file);
    let split = if header.has_core_bit() {
        Frame::split_with_core_bit
    } else {
        Frame::split
    };
    let mut rest = &file[header.data..];
    let mut sizes = std::collections::HashMap::new();
    let mut calls = Vec::new();
    let mut time = 0u32;
    while let Ok(frame) = split(rest) {
        if rest.starts_with(&sync::SYNC) {
            rest = &rest[sync::SYNC.len()..];
            continue;
        }
        rest = &rest[frame.length..];
        time = time.wrapping_add(frame.delta);
        let numbers: Vec<_> = Numbers::new(frame.payload).map(|n| n as usize).collect();
        let stack = |callers: &[usize]| callers.iter().copied().take_while(|&c| c != 0).collect();
        match (frame.id, numbers.as_slice()) {
            (512, [address, size, callers @ ..]) => {
                let block = Block {
                    address: *address,
                    size: *size,
                };
                sizes.insert(*address, *size);
                calls.push((time, Call::Alloc(block), stack(callers)));
            }
            (513, [address, callers @ ..]) => {
                let block = Block {
                    address: *address,
                    size: sizes.remove(address).unwrap_or(0),
                };
                calls.push((time, Call::Free(block), stack(callers)));
            }
            _ => {}
        }
    }
    calls
}
