//! Cutting bytes into frames, before anything is known of what they mean.

use core::borrow::Borrow;

use crate::error::{FrameError, Malformed};
use crate::id;
use crate::text;
use crate::varint;

/// The longest payload that is believed: a recorder's longest string has 65 535 bytes.
pub const MAX_PAYLOAD: usize = 0x1_1000;

/// [`Frame::split_usual`] looks at so many bytes: no packet that it cuts is longer, less the eight bytes that are read
/// for its delta.
pub const WINDOW: usize = 2 + 1 + 0x7F + 8;

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
        match Self::split_usual(bytes, Shape::of_head) {
            Some((frame, _)) => Ok(frame),
            None => Self::split_unusual(bytes),
        }
    }

    /// As [`Frame::split`], but only for the packets that almost all of a trace consists of, and much
    /// faster: `None` says nothing of what stands there. They have an id of one or two bytes, a payload
    /// that does not end inside a number, and a [`Shape`]; [`WINDOW`] bytes must be there.
    ///
    /// `kind_of` says what is known of packets whose first two bytes are these, the first one in the lower byte. It
    /// may be a table of the caller's, who then has to look up each packet only once.
    #[inline(always)]
    pub fn split_usual<'k, K: Borrow<Shape>>(
        bytes: &'a [u8],
        kind_of: impl FnOnce(u16) -> &'k K,
    ) -> Option<(Self, &'k K)> {
        // Which of the shapes a packet has cannot be foreseen, so that there is no branch on it: all are
        // computed, and masks choose one. Nor is there a branch on whether bytes are there: the compiler
        // sees that none of them can lie beyond the window.
        const MORE: u32 = 0x80;
        let window: &[u8; WINDOW] = bytes.first_chunk()?;
        let head = u64::from_le_bytes(*window.first_chunk()?);
        let kind = kind_of(head as u16);
        let shape = kind.borrow();
        if ((head >> 8) as u8).wrapping_sub(shape.least_second) > shape.more_seconds {
            return None;
        }
        let length = head as u32 & shape.length;
        let length = length >> 8 | length >> 16;
        let number = varint::length_in(head >> 8, 5) as u32 & shape.number;
        let start = 1 + (shape.prefix & 3) as usize;
        let end = start + ((length | number) & 0x7F) as usize;
        let tail = u64::from_le_bytes(*window.get(end - 1..)?.first_chunk()?);
        let (last, too_long) = (tail as u32, number << 4);
        if (length | too_long | last | shape.unusual) & MORE != 0 {
            return None;
        }
        let (delta, delta_length) = varint::read_in(tail >> 8)?;
        let has_second = head >> 7 & 1;
        let second = head & 0x7F00 & has_second.wrapping_neg();
        let frame = Self {
            id: (head & 0x7F | second >> 1) as u32,
            core: 0,
            payload: window.get(start..end)?,
            payload_start: start,
            delta,
            length: end + delta_length,
        };
        Some((frame, kind))
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

/// How many numbers the payload of a packet without length begins with, and whether a string follows them;
/// `None` for ids from [`id::FIRST_WITH_LENGTH`] on.
#[must_use]
pub fn fields_without_length(id: u32) -> Option<(u8, bool)> {
    SHORT_PACKETS.get(id as usize).copied()
}

/// How a packet's first bytes say where its payload begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// All ones over the packet's byte that holds the length, if there is one.
    length: u32,
    /// All ones over the lowest byte if the payload is one number, which stands behind an id of one byte.
    number: u32,
    /// [`Shape::NEITHER`] if it is neither.
    unusual: u32,
    /// The second byte has at least this value, and at most so much more.
    least_second: u8,
    more_seconds: u8,
    /// How many bytes stand between the first byte and the payload.
    prefix: u8,
}

impl Shape {
    const NEITHER: u32 = 0x80;

    /// The shape of packets with this id, written as short as it can be.
    #[must_use]
    #[allow(clippy::indexing_slicing, reason = "there are so many")]
    pub const fn of(id: u32) -> Self {
        let (numbers, has_string) = if id < id::FIRST_WITH_LENGTH {
            SHORT_PACKETS[id as usize]
        } else {
            (0, false)
        };
        let has_length = id >= id::FIRST_WITH_LENGTH;
        let is_unusual = numbers > 1 || has_string || id > id::LAST;
        let has_second = id > 0x7F;
        Self {
            length: match (has_length, has_second) {
                (false, _) => 0,
                (true, false) => 0xFF00,
                (true, true) => 0xFF_0000,
            },
            number: if numbers == 1 { 0xFF } else { 0 },
            unusual: if is_unusual { Self::NEITHER } else { 0 },
            least_second: if has_second { (id >> 7) as u8 } else { 0 },
            more_seconds: if has_second { 0 } else { 0xFF },
            prefix: has_second as u8 + has_length as u8,
        }
    }

    /// The shape of packets that begin with these two bytes, the first one in the lower byte.
    #[must_use]
    #[inline]
    pub fn of_head(head: u16) -> &'static Self {
        const MORE: usize = 0x80;
        SHAPES
            .get(usize::from(head as u8))
            .unwrap_or(const { &SHAPES[MORE] })
    }

    /// Whether it is that of packets that [`Frame::split_usual`] never cuts: their payload is a string, or
    /// several numbers whose length is not said.
    #[must_use]
    pub const fn is_unusual(&self) -> bool {
        self.unusual != 0
    }

    /// A shape for which [`Shape::is_unusual`] is true.
    pub const UNUSUAL: Self = Self::of(u32::MAX);
}

/// The shape of packets by their first byte, up to the first one that is no whole id.
#[allow(
    clippy::indexing_slicing,
    reason = "a constant: the compiler has checked it"
)]
static SHAPES: [Shape; 0x81] = {
    let mut shapes = [Shape::of(0); 0x81];
    let mut first = 0;
    while first < shapes.len() {
        shapes[first] = Shape::of(first as u32);
        first += 1;
    }
    // Any id of two bytes that is not longer than it need be.
    shapes[0x80].least_second = 1;
    shapes[0x80].more_seconds = 0x7E;
    shapes
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
