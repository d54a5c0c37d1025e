//! What stands between a recording that exists and another session behind it.

use std::io;

use leakscope_systemview::{Frame, FrameError, Header, id, sync};

use super::{BEGINNING, END_OF_TRACE, LOST_LINK, header};
use crate::input::Input;

/// What one read brings. A packet that takes more is damage.
const CHUNK: usize = 256 * 1024;

/// Why nothing can be added to a file, or what comes first if it can.
pub(super) enum Joint {
    /// It is none that this can be done with.
    None(&'static str),
    /// These bytes.
    Bytes(Vec<u8>),
}

/// Looks how the recording in `input` ends.
pub(super) fn joint(input: &mut Input) -> io::Result<Joint> {
    let head = input.head(header::LONGEST)?;
    let header = Header::parse(&head);
    if header::has_several_cores(&header) {
        return Ok(Joint::None("it has several cores"));
    }
    if header.value("Part").is_some() {
        return Ok(Joint::None("it is one of several parts"));
    }
    if sync::find(&head, header.data, false).is_none() {
        return Ok(Joint::None("it does not begin as a recording does"));
    }
    let ended = end_of(input, header.data as u64)?;
    let end = match (ended.last, ended.is_whole) {
        (id::TRACE_STOP, true) => Vec::new(),
        (_, true) => END_OF_TRACE.to_vec(),
        // A packet was cut off: what follows is none of its bytes.
        (_, false) => [&LOST_LINK[..], &END_OF_TRACE].concat(),
    };
    Ok(Joint::Bytes([&end[..], &BEGINNING, &ended.init].concat()))
}

/// How a recording ends.
struct Ended {
    /// The id of the last packet.
    last: u32,
    /// Whether the file ends with its last byte.
    is_whole: bool,
    /// The last INIT, without time: behind damage, a start without it is not believed.
    init: Vec<u8>,
}

fn end_of(input: &mut Input, start: u64) -> io::Result<Ended> {
    let (mut last, mut init) = (id::NOP, Vec::new());
    let mut buffer = Vec::new();
    let mut position = start;
    loop {
        let kept = buffer.len();
        buffer.resize(kept + CHUNK, 0);
        let count = input.read_at(position, &mut buffer[kept..])?;
        buffer.truncate(kept + count);
        position += count as u64;
        let mut at = 0;
        while at < buffer.len() {
            let rest = &buffer[at..];
            match Frame::split(rest) {
                _ if rest.starts_with(&sync::SYNC) => at += sync::SYNC.len(),
                Ok(frame) => {
                    last = frame.id;
                    if last == id::INIT {
                        let end = frame.payload_start + frame.payload.len();
                        init = [&rest[..end], &[0]].concat();
                    }
                    at += frame.length;
                }
                Err(FrameError::Incomplete) if rest.len() < CHUNK => break,
                Err(_) => at += 1,
            }
        }
        buffer.drain(..at);
        if count == 0 {
            return Ok(Ended {
                last,
                is_whole: buffer.is_empty(),
                init,
            });
        }
    }
}
