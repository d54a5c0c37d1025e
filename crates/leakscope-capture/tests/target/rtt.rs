//! RTT's buffers, read out of simulated memory.

use std::io;

use leakscope_capture::memory::{Memory, MemoryError, WordLayout};
use leakscope_capture::rtt::{Place, Progress, ReadError, Reader, Session};
use leakscope_capture::{Receiver, TargetEvent};
use proptest::prelude::*;

use crate::device::{BASE, BLOCK, Device};

const PLACE: Place = Place::At(BLOCK);

fn found(cores: usize) -> Progress {
    let mut channels = vec!["Terminal".to_owned()];
    channels.extend(vec!["SysView".to_owned(); cores]);
    Progress::Found {
        channels,
        read: (1..=cores).collect(),
    }
}

/// Looks, and keeps what comes.
fn look(
    reader: &mut Reader,
    memory: &mut impl Memory,
    taken: &mut [Vec<u8>],
) -> Result<Progress, ReadError> {
    reader.look(memory, &mut |core, bytes| {
        taken[core].extend(bytes);
        Ok(())
    })
}

/// What happens to a device.
#[derive(Clone, Debug)]
enum Step {
    Write { core: usize, length: usize },
    Look,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let write = (0..2usize, 0..40usize).prop_map(|(core, length)| Step::Write { core, length });
    prop::collection::vec(prop_oneof![3 => write, 1 => Just(Step::Look)], 0..200)
}

fn layouts() -> impl Strategy<Value = WordLayout> {
    any::<(bool, bool)>().prop_map(|(is_64_bit, is_big_endian)| WordLayout {
        is_64_bit,
        is_big_endian,
    })
}

proptest! {
    /// Whatever is written arrives, once and in order, and the target learns of it.
    #[test]
    fn what_is_written_is_read(layout in layouts(), size in 2..100u32, steps in steps()) {
        let mut device = Device::new(layout, 2, size);
        device.initialise();
        let mut reader = Reader::new(PLACE, layout);
        let mut taken = vec![Vec::new(); 2];
        prop_assert_eq!(look(&mut reader, &mut device, &mut taken).unwrap(), found(2));
        let mut byte = 0u8;
        for step in steps {
            match step {
                Step::Write { core, length } => {
                    let bytes: Vec<u8> = (0..length).map(|index| byte.wrapping_add(index as u8)).collect();
                    byte = byte.wrapping_add(length as u8);
                    device.write(core, &bytes);
                }
                Step::Look => {
                    let waiting: usize = (0..2).map(|core| device.written[core].len() - taken[core].len()).sum();
                    let progress = look(&mut reader, &mut device, &mut taken).unwrap();
                    let Progress::Read { bytes, fill } = progress else {
                        panic!("{progress:?}");
                    };
                    prop_assert_eq!(bytes, waiting as u64);
                    prop_assert!(fill < 100);
                    prop_assert_eq!(&taken, &device.written);
                    for core in 0..2 {
                        let position = device.written[core].len() as u32 % size;
                        prop_assert_eq!(device.read_position(core), position);
                    }
                }
            }
        }
    }

    /// Whatever lies in memory, and whatever becomes of it, a look ends.
    #[test]
    fn damage_is_no_more_than_damage(
        layout in layouts(),
        damage in prop::collection::vec((0..0x200usize, any::<u32>(), 0..4u8), 1..30),
    ) {
        let mut device = Device::new(layout, 2, 64);
        device.initialise();
        let mut at = Reader::new(PLACE, layout);
        let mut anywhere = Reader::new(Place::Within(vec![0..8, BASE..BASE + 0x8000]), layout);
        for (word, value, kind) in damage {
            // Small numbers are more often plausible.
            let value = if kind == 0 { value } else { value % 100 };
            device.set_word(BASE + 4 * (word as u64 % 0x80) + 0x80, value);
            for reader in [&mut at, &mut anywhere] {
                let mut bytes = 0;
                let result = reader.look(&mut device, &mut |_, part| {
                    bytes += part.len();
                    Ok(())
                });
                let _ = reader.send(&mut device, &[1]);
                prop_assert!(!matches!(result, Err(ReadError::Receiver(_))));
                // No buffer in RAM is larger than RAM.
                prop_assert!(bytes <= 2 * 0x4000);
            }
        }
    }

    /// Commands arrive whole or not at all.
    #[test]
    fn commands_arrive(layout in layouts(), lengths in prop::collection::vec(0..9usize, 0..20), take in any::<u32>()) {
        let mut device = Device::new(layout, 1, 64);
        device.initialise();
        let mut reader = Reader::new(PLACE, layout);
        look(&mut reader, &mut device, &mut [Vec::new()]).unwrap();
        let mut waiting = std::collections::VecDeque::new();
        for (index, length) in lengths.into_iter().enumerate() {
            let command: Vec<u8> = (0..length as u8).map(|byte| byte + 10 * index as u8).collect();
            let has_room = waiting.len() + length < 8;
            prop_assert_eq!(reader.send(&mut device, &command).unwrap(), has_room);
            if has_room {
                waiting.extend(command);
            }
            if take >> index & 1 == 1 {
                prop_assert_eq!(device.next_command(0), waiting.pop_front());
            }
        }
        while let Some(byte) = waiting.pop_front() {
            prop_assert_eq!(device.next_command(0), Some(byte));
        }
        prop_assert_eq!(device.next_command(0), None);
    }
}

#[test]
fn a_control_block_that_comes_later_is_found() {
    let mut device = Device::new(WordLayout::default(), 1, 64);
    let mut reader = Reader::new(PLACE, WordLayout::default());
    let mut taken = vec![Vec::new()];
    assert_eq!(
        look(&mut reader, &mut device, &mut taken).unwrap(),
        Progress::Absent
    );
    device.initialise();
    assert_eq!(
        look(&mut reader, &mut device, &mut taken).unwrap(),
        found(1)
    );
}

#[test]
fn a_reset_begins_anew() {
    let mut device = Device::new(WordLayout::default(), 1, 64);
    device.initialise();
    let mut reader = Reader::new(PLACE, WordLayout::default());
    let mut taken = vec![Vec::new()];
    look(&mut reader, &mut device, &mut taken).unwrap();
    device.write(0, b"before");
    look(&mut reader, &mut device, &mut taken).unwrap();

    // RAM is cleared, and filled again between two looks.
    device.initialise();
    device.write(0, b"after");
    let progress = look(&mut reader, &mut device, &mut taken).unwrap();
    assert_eq!(progress, Progress::Restarted);
    look(&mut reader, &mut device, &mut taken).unwrap();
    assert_eq!(taken[0], b"beforeafter");

    // The same, seen in between.
    device.ram.fill(0);
    let progress = look(&mut reader, &mut device, &mut taken).unwrap();
    assert_eq!(progress, Progress::Absent);
    device.initialise();
    let progress = look(&mut reader, &mut device, &mut taken).unwrap();
    assert_eq!(progress, Progress::Restarted);
}

#[test]
fn what_nobody_could_take_stays() {
    let mut device = Device::new(WordLayout::default(), 1, 64);
    device.initialise();
    let mut reader = Reader::new(PLACE, WordLayout::default());
    let mut taken = vec![Vec::new()];
    look(&mut reader, &mut device, &mut taken).unwrap();
    device.write(0, b"precious");
    let result = reader.look(&mut device, &mut |_, _| {
        Err(io::ErrorKind::StorageFull.into())
    });
    assert!(matches!(result, Err(ReadError::Receiver(_))));
    assert_eq!(device.read_position(0), 0);
    look(&mut reader, &mut device, &mut taken).unwrap();
    assert_eq!(taken[0], b"precious");
}

/// A device whose memory cannot be written while `is_cut`.
struct Cut {
    device: Device,
    is_cut: bool,
}

impl Memory for Cut {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), MemoryError> {
        self.device.read(address, bytes)
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryError> {
        if self.is_cut {
            return Err(MemoryError::Lost("the cable".into()));
        }
        Memory::write(&mut self.device, address, bytes)
    }
}

#[test]
fn a_link_that_returns_brings_nothing_twice() {
    let mut memory = Cut {
        device: Device::new(WordLayout::default(), 1, 64),
        is_cut: false,
    };
    memory.device.initialise();
    let mut reader = Reader::new(PLACE, WordLayout::default());
    let mut taken = vec![Vec::new()];
    look(&mut reader, &mut memory, &mut taken).unwrap();
    memory.device.write(0, b"one ");
    memory.is_cut = true;
    assert!(look(&mut reader, &mut memory, &mut taken).is_err());
    memory.is_cut = false;
    memory.device.write(0, b"two");
    let progress = look(&mut reader, &mut memory, &mut taken).unwrap();
    assert_eq!(progress, Progress::Read { bytes: 3, fill: 4 });
    assert_eq!(taken[0], b"one two");
    assert_eq!(memory.device.read_position(0), 7);
}

#[test]
fn of_several_identifications_the_right_one_is_found() {
    let mut device = Device::new(WordLayout::default(), 1, 64);
    device.initialise();
    // In the text of a program, with words behind it that are none of a control block; and at the end.
    for place in [0, 0x40, 0x3FF0] {
        device.ram[place..place + 16].copy_from_slice(b"SEGGER RTT\0\0\0\0\0\0");
        if place == 0x40 {
            device.ram[place + 16..place + 24].fill(0xAA);
        }
    }
    // Of which only the middle can be read.
    let ranges = vec![
        BASE - 0x10_0000..BASE - 0x100,
        BASE - 0x200..BASE + 0x10_0000,
    ];
    let mut reader = Reader::new(Place::Within(ranges), WordLayout::default());
    let mut taken = vec![Vec::new()];
    assert_eq!(
        look(&mut reader, &mut device, &mut taken).unwrap(),
        found(1)
    );
    device.write(0, b"here");
    look(&mut reader, &mut device, &mut taken).unwrap();
    assert_eq!(taken[0], b"here");
}

#[test]
fn other_channels_are_named() {
    let mut device = Device::new(WordLayout::default(), 1, 64);
    device.initialise();
    device.ram[0x810..0x818].copy_from_slice(b"defmt\0\0\0");
    let mut reader = Reader::new(PLACE, WordLayout::default());
    let progress = look(&mut reader, &mut device, &mut [Vec::new()]).unwrap();
    let channels = vec!["Terminal".to_owned(), "defmt".to_owned()];
    assert_eq!(progress, Progress::NoChannel { channels });
}

#[test]
fn names_out_of_reach_are_guessed() {
    let mut device = Device::new(WordLayout::default(), 1, 64);
    device.initialise();
    // Both names lie in flash.
    for (channel, name) in [(0, 0x0800_0000), (1, 0x0800_0010)] {
        device.set_word(BLOCK + 24 + 24 * channel, name);
    }
    let mut reader = Reader::new(PLACE, WordLayout::default());
    let progress = look(&mut reader, &mut device, &mut [Vec::new()]).unwrap();
    let channels = vec![String::new(); 2];
    let read = vec![1];
    assert_eq!(progress, Progress::Found { channels, read });
}

/// What a receiver was given.
#[derive(Default)]
struct Told {
    events: Vec<TargetEvent>,
    bytes: Vec<u8>,
}

impl Receiver for Told {
    fn bytes(&mut self, _: usize, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend(bytes);
        Ok(())
    }

    fn event(&mut self, event: TargetEvent) {
        self.events.push(event);
    }
}

/// Readers of the recording could take a device that is reset early for one that says the same again: a sync, a TRACE_START and
/// a TRACE_STOP stand between, if anything had come, and the mark before them: what the buffer held is lost.
#[test]
fn a_reset_ends_the_session() {
    let layout = WordLayout::default();
    let mut device = Device::new(layout, 1, 64);
    let mut session = Session::new(Reader::new(PLACE, layout));
    let mut told = Told::default();
    for sent in ["", "before", "after", "", "at last"] {
        device.initialise();
        session.look(&mut device, &mut told).unwrap();
        device.write(0, sent.as_bytes());
        session.look(&mut device, &mut told).unwrap();
    }
    let end = [&[0xFF; 512][..], b"\0\0\0\0\0\0\0\0\0\0\x0A\0\x0B\0"].concat();
    let expected = [b"before", &end[..], b"after", &end, b"at last"].concat();
    assert!(told.bytes == expected, "{}", told.bytes.escape_ascii());
}

/// A recorder in post-mortem mode overwrites its buffer, and moves the reader's position for that. It is not reset all the
/// time.
#[test]
fn a_buffer_that_is_overwritten_is_told_of_once() {
    let layout = WordLayout::default();
    let mut device = Device::new(layout, 1, 64);
    device.initialise();
    let mut session = Session::new(Reader::new(PLACE, layout));
    let mut told = Told::default();
    for position in 1..40 {
        session.look(&mut device, &mut told).unwrap();
        let words = device.words(0, false);
        device.set_word(words + 4, (position + 5) % 64);
        device.set_word(words + 8, (position + 6) % 64);
    }
    let is_notice = |event: &&TargetEvent| matches!(event, TargetEvent::Notice(text) if text.contains("post-mortem mode"));
    assert_eq!(told.events.iter().filter(is_notice).count(), 1);
    let resets = told
        .events
        .iter()
        .filter(|event| **event == TargetEvent::Reset);
    assert!(resets.count() < 5, "{:?}", told.events);
}
