//! Bytes that are written down elsewhere: in `docs/dialects.md`, and in real recordings.

use std::sync::atomic::Ordering;

use leakscope_recorder::dialect::{EspIdf, Leakscope};
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Block, Recorder};

use crate::host::{FakeClock, drained};

/// The bytes of every line of the document that begins with two hexadecimal digits, up to the text.
fn documented_bytes() -> Vec<u8> {
    let document = include_str!("../../../../docs/dialects.md");
    let example = document
        .split("### An example")
        .nth(1)
        .and_then(|rest| rest.split("```").nth(1))
        .expect("the document has an example");
    let mut bytes = Vec::new();
    for line in example.lines() {
        for word in line.split_whitespace() {
            match u8::from_str_radix(word, 16) {
                Ok(byte) if word.len() == 2 => bytes.push(byte),
                _ => break,
            }
        }
    }
    assert!(bytes.len() > 40, "{bytes:02x?}");
    bytes
}

/// Bytes of the `Heap` event in the document.
const UNITS: usize = 31;

#[test]
fn leakscopes_dialect_is_as_documented() {
    let clock = FakeClock::at(0);
    let config = Config::new("")
        .heap(0x2000_0000, 65536)
        .code(0x0800_0000..0x0810_0000);
    let stream: Stream<Leakscope<2>, _> = Stream::new();
    stream.init(&clock, config);
    stream.start();
    let start = drained(&stream, 0);
    let after = |ticks| {
        clock.0.fetch_add(ticks, Ordering::Relaxed);
    };
    let block = Block {
        address: 0x2000_0440,
        size: 24,
    };
    // The hash decides under which number a stack goes: with a table of four, one way stays.
    let stack = [0x0800_0220, 0x0800_0934];
    after(9);
    stream.alloc(block, Origin::Frames(&stack));
    after(100);
    stream.free(block, Origin::Unknown);
    after(3);
    stream.failed(16384, Origin::Unknown);
    let events = drained(&stream, 0);

    let documented = documented_bytes();
    let (units, documented) = documented.split_at(UNITS);
    let pointer_bytes = size_of::<usize>() as u8;
    let units: Vec<u8> = units
        .iter()
        .enumerate()
        .map(|(at, &byte)| match at {
            4 => pointer_bytes,
            at if at + 1 == UNITS => 0, // the delta: here all at once
            _ => byte,
        })
        .collect();
    let is_told = start.windows(UNITS).any(|bytes| bytes == units);
    assert!(is_told, "{start:02x?}");
    let number = events[3];
    let mut renumbered = documented.to_vec();
    renumbered[3] = number;
    assert_eq!(events.len(), renumbered.len(), "{events:02x?}");
    let alloc = renumbered.windows(2).position(|id| id == [0x80, 0x04]);
    let alloc = alloc.expect("an Alloc");
    renumbered[alloc + 6] = number;
    renumbered[alloc + 7] = 0; // stored at the same time as the definition
    assert_eq!(events, renumbered);
}

/// `heap_log_mcore.svdat` of ESP-IDF, at 1469 and 1521.
#[test]
fn esp_idfs_dialect_is_as_in_a_real_recording() {
    let clock = FakeClock::at(0);
    let stream: Stream<EspIdf<10>, _> = Stream::new();
    stream.init(&clock, Config::new(""));
    stream.start();
    let start = drained(&stream, 0);
    let mut description = vec![0x16, 0x00, 0x80, 0x04, 0x26];
    description.extend(b"M=ESP32 SystemView Heap Tracing Module");
    description.push(0);
    let is_told = start
        .windows(description.len())
        .any(|bytes| bytes == description);
    assert!(is_told);

    clock.0.fetch_add(2302, Ordering::Relaxed);
    let callers = [
        0x400D_6A21,
        0x4008_1234,
        0x400E_0001,
        0x4008_5678,
        0x400D_0000,
        0x4008_0004,
    ];
    let block = Block {
        address: 0x3FFB_68A0,
        size: 8,
    };
    stream.alloc(block, Origin::Frames(&callers));
    let bytes = drained(&stream, 0);
    // Id 512, 40 bytes, the address, the size; six callers of five bytes, four zeros; the delta.
    assert_eq!(bytes[..3], [0x80, 0x04, 40]);
    assert_eq!(bytes[3..8], [0xA0, 0xD1, 0xED, 0xFF, 0x03]);
    assert_eq!(bytes[8], 8);
    assert_eq!(bytes[39..], [0, 0, 0, 0, 0xFE, 0x11]);
}
