//! One stream of two cores, split.
//!
//! The judge is a file that Espressif's OpenOCD has split: its parts are put back into the one stream that the
//! chip has sent, and splitting that gives the parts again, byte for byte.

use std::time::Duration;

use leakscope_capture::Interrupt;
use leakscope_capture::recording::{Existing, Finished, Limits, Recording};
use leakscope_capture::source::{Form, Item, Source, SourceError};
use leakscope_systemview::{Frame, Header, id, sync, varint};
use leakscope_testing::needs::corpus_bytes;

use crate::record;

struct Chip(Vec<u8>);

/// The same, and nobody knows that it has two cores.
struct Unknown(Chip);

impl Source for Unknown {
    fn name(&self) -> String {
        self.0.name()
    }

    fn next(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, SourceError> {
        self.0.next(bytes, timeout)
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}

impl Source for Chip {
    fn name(&self) -> String {
        "a chip with two cores".to_owned()
    }

    fn form(&self) -> Form {
        Form::CoreBit
    }

    fn next(&mut self, bytes: &mut Vec<u8>, _: Duration) -> Result<Item, SourceError> {
        *bytes = std::mem::take(&mut self.0);
        Ok(if bytes.is_empty() {
            Item::Ended
        } else {
            Item::Bytes { stream: 0 }
        })
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}

/// A packet of one core, or of both.
struct Stored {
    time: u64,
    core: u8,
    id: u32,
    payload: Vec<u8>,
}

/// The packets of a part, with absolute times.
fn packets(mut part: &[u8], core: u8) -> Vec<Stored> {
    part = part.strip_prefix(&sync::SYNC).expect("a sync");
    let mut time = 0;
    let mut packets = Vec::new();
    while !part.is_empty() {
        let frame = Frame::split(part).expect("whole packets");
        time += u64::from(frame.delta);
        packets.push(Stored {
            time,
            core,
            id: frame.id,
            payload: frame.payload.to_vec(),
        });
        part = &part[frame.length..];
    }
    packets
}

const FOR_BOTH: [u32; 12] = [
    id::OVERFLOW,
    id::TASK_START_READY,
    id::TASK_INFO,
    id::TRACE_START,
    id::TRACE_STOP,
    id::SYSTIME_CYCLES,
    id::SYSTIME_US,
    id::SYSDESC,
    id::STACK_INFO,
    id::MODULEDESC,
    id::INIT,
    id::NUMMODULES,
];

/// What the chip has sent: the packets of both parts in order of time, those that were copied once.
fn as_sent(parts: [&[u8]; 2]) -> Vec<u8> {
    let [first, second] = [packets(parts[0], 0), packets(parts[1], 1)];
    let only_second = second
        .into_iter()
        .filter(|packet| !FOR_BOTH.contains(&packet.id));
    let mut all: Vec<Stored> = first.into_iter().chain(only_second).collect();
    all.sort_by_key(|packet| packet.time);
    let mut stream = sync::SYNC.to_vec();
    let mut put = |bytes: &[u8]| stream.extend_from_slice(bytes);
    let mut time = 0;
    for packet in all {
        let core_bit = match (packet.core, packet.id) {
            (0, _) => 0,
            (_, 0..64) => 1 << 6,
            _ => 1 << 13,
        };
        let number = |number: u32| {
            let (bytes, length) = varint::write(number);
            bytes[..length].to_vec()
        };
        put(&number(packet.id | core_bit));
        if packet.id >= id::FIRST_WITH_LENGTH {
            put(&number(packet.payload.len() as u32));
        }
        put(&packet.payload);
        put(&number((packet.time - time) as u32));
        time = packet.time;
    }
    stream
}

/// The parts of a joined file.
fn parts(file: &[u8]) -> [&[u8]; 2] {
    let header = Header::parse(file);
    let offsets: Vec<_> = header.core_offsets().collect();
    assert_eq!(offsets[0], (0, 0));
    let (first, second) = file[header.data..].split_at(offsets[1].1 as usize);
    [first, second]
}

#[test]
fn as_openocd_does() {
    let Some(file) = corpus_bytes("idf-mcore-2026/heap_log_mcore.svdat") else {
        return;
    };
    let sent = as_sent(parts(&file));
    let recorded = record::until(Box::new(Chip(sent)), &Limits::default(), |_| false);
    assert_eq!(recorded.finished, Finished::Joined);
    let ours = parts(&recorded.file);
    assert_eq!(ours[0], parts(&file)[0]);
    assert_eq!(ours[1], parts(&file)[1]);
    assert!(Header::parse(&recorded.file).is_espressif());
}

/// What is damaged is not guessed at: it stays as it was sent.
#[test]
fn damaged_streams_are_left_alone() {
    let mut stream = sync::SYNC.to_vec();
    stream.extend([10, 0]);
    let offset = stream.len() as u64;
    stream.extend([0xFF; 8]);
    let chip = Box::new(Chip(stream.clone()));
    let recorded = record::until(chip, &Limits::default(), |_| false);
    let header = Header::parse(&recorded.file);
    assert!(header.has_core_bit());
    let offset = header.data as u64 + offset;
    assert_eq!(recorded.finished, Finished::NotSplit { offset });
    assert_eq!(recorded.data(), stream);
}

/// Readers see by what came that there are two cores.
#[test]
fn cores_that_only_the_packets_show() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("heap.svdat");
    let mut source = Unknown(Chip(
        [&sync::SYNC[..], &[10, 0, 0x42, 5, 3, 17, 4]].concat(),
    ));
    let mut recording =
        Recording::create(&path, &source, Existing::Refuse).expect("a folder with room");
    let (limits, interrupt) = (Limits::default(), Interrupt::default());
    recording.run(&mut source, &limits, &interrupt, &mut |_| {});
    recording.mark_core_bits();
    assert_eq!(recording.finish().expect("a disk"), Finished::Joined);
    let file = std::fs::read(&path).expect("the file");
    assert_eq!(parts(&file)[1][sync::SYNC.len()..], [10, 0, 2, 5, 3]);
}

/// A packet that was cut off stays the end of its core.
#[test]
fn a_stream_that_ends_inside_a_packet() {
    let mut stream = sync::SYNC.to_vec();
    // START, ISR_ENTER 5 on core 1 after 3 ticks, IDLE on core 0 after 4, half an ISR_ENTER.
    stream.extend([10, 0, 0x42, 5, 3, 17, 4, 2]);
    let recorded = record::until(Box::new(Chip(stream)), &Limits::default(), |_| false);
    assert_eq!(recorded.finished, Finished::Joined);
    let [first, second] = parts(&recorded.file);
    assert_eq!(first[sync::SYNC.len()..], [10, 0, 17, 7, 2]);
    assert_eq!(second[sync::SYNC.len()..], [10, 0, 2, 5, 3]);
}

/// A core that is silent for longer than one delta can say.
#[test]
fn a_long_silence() {
    let mut stream = sync::SYNC.to_vec();
    stream.extend([10, 0]);
    let long = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F];
    for _ in 0..2 {
        stream.push(17);
        stream.extend(long);
    }
    stream.extend([0x42, 5, 1]);
    let recorded = record::until(Box::new(Chip(stream)), &Limits::default(), |_| false);
    let [_, second] = parts(&recorded.file);
    let silence = packets(second, 1);
    let last = silence.last().expect("packets");
    assert_eq!((last.id, last.time), (2, 2 * u64::from(u32::MAX) + 1));
}
