//! Cutting bytes into frames, before anything is known of what they mean.

use crate::error::{FrameError, Malformed};
use crate::id;
use crate::text;
use crate::varint;

/// The longest payload that is believed: a recorder's longest string has 65 535 bytes.
pub const MAX_PAYLOAD: usize = 0x1_1000;

/// One packet, cut out of the stream: what it is called, its payload, and its place in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The packet's id, without core bit.
    pub id: u32,
    /// The core that spoke: 0, or 1 if [`Frame::split_with_core_bit`] found the bit set.
    pub core: u8,
    /// The parameters, still encoded.
    pub payload: &'a [u8],
    /// Where they begin: how many bytes the id and the length took.
    pub payload_start: usize,
    /// Ticks since the packet before it on the same delta chain.
    pub delta: u32,
    /// How many bytes the whole packet takes; at least 2.
    pub length: usize,
}

impl<'a> Frame<'a> {
    /// Cuts the packet at the front of `bytes`.
    ///
    /// # Errors
    /// [`FrameError::Incomplete`] if more bytes could make it whole, [`FrameError::Malformed`] if
    /// nothing could.
    #[inline]
    pub fn split(bytes: &'a [u8]) -> Result<Self, FrameError> {
        match Self::split_usual(bytes) {
            Some(frame) => Ok(frame),
            None => Self::split_unusual(bytes),
        }
    }

    /// The packets that almost all of a trace consists of: with an id of one or two bytes, a length of
    /// one, or at most one number. That nothing can be wrong with them but that they are cut off makes
    /// this twice as fast as the general way.
    #[inline]
    fn split_usual(bytes: &'a [u8]) -> Option<Self> {
        let first = *bytes.first()?;
        let (id, position) = if first < 0x80 {
            (u32::from(first), 1)
        } else {
            let second = *bytes.get(1)?;
            if second >= 0x80 {
                return None;
            }
            (u32::from(first & 0x7F) | u32::from(second) << 7, 2)
        };
        let (start, end) = if id < id::FIRST_WITH_LENGTH {
            match SHORT_PACKETS.get(id as usize)? {
                (0, false) => (position, position),
                (1, false) => (position, varint::end(bytes, position)?),
                _ => return None,
            }
        } else {
            let length = *bytes.get(position)?;
            if length >= 0x80 {
                return None;
            }
            (position + 1, position + 1 + usize::from(length))
        };
        let (delta, length) = varint::read_quickly(bytes, end)?;
        Some(Self {
            id,
            core: 0,
            payload: bytes.get(start..end)?,
            payload_start: start,
            delta,
            length,
        })
    }

    fn split_unusual(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let (id, position) = varint::read(bytes, 0)?;
        Self::split_after_id(bytes, id, 0, position)
    }

    /// As [`Frame::split`], for the link from an ESP chip, where bit 6 of the id's byte, or of its
    /// second one, is the core (`SEGGER_RTT_esp.c` in Espressif's `esp_sysview`).
    #[inline]
    pub fn split_with_core_bit(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let (id, position) = varint::read(bytes, 0)?;
        let core_bit = if position == 1 { 1 << 6 } else { 1 << 13 };
        let core = u8::from(id & core_bit != 0);
        Self::split_after_id(bytes, id & !core_bit, core, position)
    }

    fn split_after_id(
        bytes: &'a [u8],
        id: u32,
        core: u8,
        position: usize,
    ) -> Result<Self, FrameError> {
        let (start, end) = if id < id::FIRST_WITH_LENGTH {
            (position, end_of_short_packet(bytes, id, position)?)
        } else {
            let (length, start) = varint::read(bytes, position)?;
            if length as usize > MAX_PAYLOAD {
                return Err(Malformed::Length.into());
            }
            (start, start + length as usize)
        };
        let (delta, length) = varint::read(bytes, end)?;
        let payload = bytes.get(start..end).ok_or(FrameError::Incomplete)?;
        Ok(Self {
            id,
            core,
            payload,
            payload_start: start,
            delta,
            length,
        })
    }
}

/// How many numbers the payload of each packet below 24 has, and whether a string follows them.
#[allow(
    clippy::indexing_slicing,
    reason = "a constant: the compiler has checked it"
)]
const SHORT_PACKETS: [(u8, bool); id::FIRST_WITH_LENGTH as usize] = {
    let mut layouts = [(0, false); id::FIRST_WITH_LENGTH as usize];
    let mut id = 0;
    while id < id::FIRST_WITH_LENGTH {
        layouts[id as usize] = match id {
            id::OVERFLOW
            | id::ISR_ENTER
            | id::TASK_START_EXEC
            | id::TASK_START_READY
            | id::TASK_CREATE
            | id::SYSTIME_CYCLES
            | id::MARK_START
            | id::MARK_STOP
            | id::TIMER_ENTER => (1, false),
            id::TASK_STOP_READY | id::SYSTIME_US | id::DATA_SAMPLE => (2, false),
            id::STACK_INFO => (4, false),
            id::SYSDESC => (0, true),
            id::TASK_INFO | id::MODULEDESC => (2, true),
            _ => (0, false),
        };
        id += 1;
    }
    layouts
};

/// Where the payload of a packet below 24 ends.
#[inline]
fn end_of_short_packet(bytes: &[u8], id: u32, start: usize) -> Result<usize, FrameError> {
    let (numbers, has_string) = SHORT_PACKETS.get(id as usize).copied().unwrap_or_default();
    let mut position = start;
    for _ in 0..numbers {
        position = varint::read(bytes, position)?.1;
    }
    if has_string {
        position = text::read_unframed(bytes, position)?.1;
    }
    Ok(position)
}
