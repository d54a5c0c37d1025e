//! One stream of two cores, with Espressif's core bit in its ids, taken apart as OpenOCD does it.
//!
//! Some packets are of interest to both cores and go to both. One clock runs over the stream, so each core's
//! deltas are reckoned anew: from the packet before it in the same part.

use std::io;

use leakscope_systemview::{Frame, FrameError, Packet, id, sync, varint};

use super::joined::Joined;
use crate::input::Input;

const CORES: usize = 2;

/// What one read brings. A packet that takes more is damage.
const CHUNK: usize = 256 * 1024;

/// How splitting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Split,
    /// At this offset stands something that is no packet.
    Damaged {
        offset: u64,
    },
}

/// Splits what stands in `input` from `start` on.
pub(super) fn split(input: &mut Input, start: u64, joined: &mut Joined) -> io::Result<Outcome> {
    let mut splitter = Splitter {
        joined,
        pending: [0; CORES],
        last_core: 0,
    };
    for core in 0..CORES {
        splitter.joined.part(core)?;
    }
    let mut buffer = Vec::new();
    let mut position = start;
    loop {
        let kept = buffer.len();
        buffer.resize(kept + CHUNK, 0);
        let count = input.read_at(position + kept as u64, &mut buffer[kept..])?;
        buffer.truncate(kept + count);
        let is_end = count == 0;
        let taken = match splitter.take(&buffer)? {
            Taken::Damage(at) => {
                let offset = position + at as u64;
                return Ok(Outcome::Damaged { offset });
            }
            Taken::All(taken) => taken,
        };
        if is_end {
            splitter.keep_rest(&buffer[taken..])?;
            return Ok(Outcome::Split);
        }
        buffer.drain(..taken);
        position += taken as u64;
        if buffer.len() > CHUNK {
            return Ok(Outcome::Damaged { offset: position });
        }
    }
}

struct Splitter<'j> {
    joined: &'j mut Joined,
    /// Ticks that have gone by since the last packet in each part.
    pending: [u64; CORES],
    last_core: usize,
}

enum Taken {
    /// This many bytes, in whole packets.
    All(usize),
    /// Something that is no packet begins there.
    Damage(usize),
}

impl Splitter<'_> {
    fn take(&mut self, bytes: &[u8]) -> io::Result<Taken> {
        let mut at = 0;
        loop {
            let rest = &bytes[at..];
            if rest.starts_with(&sync::SYNC) {
                for core in 0..CORES {
                    self.joined.part(core)?.write(&sync::SYNC)?;
                }
                at += sync::SYNC.len();
                continue;
            }
            if sync::SYNC.starts_with(rest) {
                return Ok(Taken::All(at));
            }
            match Frame::split_with_core_bit(rest) {
                Ok(frame) if is_packet(&frame) => {
                    self.write(&frame)?;
                    at += frame.length;
                }
                Err(FrameError::Incomplete) => return Ok(Taken::All(at)),
                _ => return Ok(Taken::Damage(at)),
            }
        }
    }

    fn write(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        let own = usize::from(frame.core);
        self.last_core = own;
        for core in 0..CORES {
            self.pending[core] += u64::from(frame.delta);
            if core != own && !id::is_for_both_cores(frame.id) {
                continue;
            }
            let delta = std::mem::take(&mut self.pending[core]);
            let delta = self.pass_silence(core, delta)?;
            let renamed = renamed(frame, core);
            let mut bytes = Vec::with_capacity(frame.length + 8);
            put(&mut bytes, frame.id);
            let payload = renamed.as_deref().unwrap_or(frame.payload);
            if frame.id >= id::FIRST_WITH_LENGTH {
                put(&mut bytes, payload.len() as u32);
            }
            bytes.extend_from_slice(payload);
            put(&mut bytes, delta);
            self.joined.part(core)?.write(&bytes)?;
        }
        Ok(())
    }

    /// A silence that is too long for one delta is spread over packets that say nothing.
    fn pass_silence(&mut self, core: usize, mut delta: u64) -> io::Result<u32> {
        loop {
            if let Ok(delta) = u32::try_from(delta) {
                return Ok(delta);
            }
            let mut bytes = Vec::new();
            put(&mut bytes, id::NOP);
            put(&mut bytes, u32::MAX);
            self.joined.part(core)?.write(&bytes)?;
            delta -= u64::from(u32::MAX);
        }
    }

    /// The recording may end inside a packet, and the joined file shows that too.
    fn keep_rest(&mut self, rest: &[u8]) -> io::Result<()> {
        let core = self.last_core;
        self.joined.part(core)?.write(rest)
    }
}

fn put(bytes: &mut Vec<u8>, number: u32) {
    let (digits, length) = varint::write(number);
    bytes.extend_from_slice(&digits[..length]);
}

/// A packet that no recorder sends is damage.
fn is_packet(frame: &Frame<'_>) -> bool {
    frame.id != id::NOP && Packet::parse(frame).is_ok()
}

/// The description of the system, as core 1 has it: there, the core is another.
fn renamed(frame: &Frame<'_>, core: usize) -> Option<Vec<u8>> {
    const FROM: &[u8] = b"C=core0";
    if frame.id != id::SYSDESC || core != 1 {
        return None;
    }
    let at = frame
        .payload
        .windows(FROM.len())
        .position(|bytes| bytes == FROM)?;
    let mut payload = frame.payload.to_vec();
    payload[at + FROM.len() - 1] = b'1';
    Some(payload)
}
