//! Packets into the ring, with their time, and the account of those that found no room.

#![allow(
    clippy::inline_always,
    reason = "a call for each packet, with its output in memory, cost a third of the instructions"
)]

use leakscope_systemview::{BufferTooSmall, Writer, id};

use super::OVERFLOW;
use super::cursor::Cursor;
use super::ring::Ring;
use crate::dialect::Dialect;

/// What a stream does with events at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Mode {
    /// Nothing. It is 0, so that a new stream is all zeros.
    Stopped = 0,
    /// It stores them.
    Recording,
    /// It stores them, and lets the caller wait for room.
    Waiting,
    /// The buffer was full: before the next event, it has to tell how many were dropped.
    Dropping,
}

/// What has to be known of the packets before.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) mode: Mode,
    /// The mode to return to from [`Mode::Dropping`].
    pub(super) usual_mode: Mode,
    /// When the last packet was stored.
    pub(super) last: u32,
    /// How many were dropped, not counting those that found the buffer full.
    pub(super) dropped: u32,
    /// Whether the host knows that nothing runs.
    pub(super) idle: bool,
}

impl Chain {
    pub(super) const NEW: Self = Self {
        mode: Mode::Stopped,
        usual_mode: Mode::Stopped,
        last: 0,
        dropped: 0,
        idle: false,
    };
}

/// Writes the fields of a packet.
pub(super) type Fields<'f> = dyn FnMut(&mut Writer<'_>) -> Result<(), BufferTooSmall> + 'f;

/// Writes packets at one point in time. Exists inside the critical section only.
pub struct Output<'a> {
    pub(super) ring: Ring<'a>,
    pub(super) chain: &'a mut Chain,
    pub(super) now: u32,
    /// Which bits of the clock count.
    pub(super) clock_mask: u32,
}

impl Output<'_> {
    /// An event of the heap module.
    #[inline(always)]
    pub(crate) fn module_event<D: Dialect>(
        &mut self,
        id: u32,
        fields: impl FnOnce(&mut Cursor),
    ) -> bool {
        self.event_with_length(id, D::LONGEST, fields)
    }

    /// A packet with an id from 24 on, of at most `longest` bytes in all; returns whether it was stored.
    #[inline(always)]
    pub(crate) fn event_with_length(
        &mut self,
        id: u32,
        longest: usize,
        fields: impl FnOnce(&mut Cursor),
    ) -> bool {
        self.store(longest, |cursor| {
            cursor.number(id);
            let length_at = cursor.skip_byte();
            let start = cursor.position();
            fields(cursor);
            // SAFETY: both point into the packet.
            let length = unsafe { cursor.position().offset_from_unsigned(start) };
            // Where the packet's longest form is short enough, the compiler sees that.
            if longest <= SHORT_LENGTH || length <= 0x7F {
                // SAFETY: the byte that was left out.
                unsafe { length_at.write(length as u8) };
            } else {
                cursor.byte(0);
                widen(length_at, length);
            }
        })
    }

    /// A packet with an id below 24, and a number or none.
    #[inline(always)]
    pub(super) fn short(&mut self, id: u32, number: Option<u32>) -> bool {
        self.store(1 + 5 + 5, |cursor| {
            cursor.byte(id as u8);
            if let Some(number) = number {
                cursor.number(number);
            }
        })
    }

    /// Any packet, put together outside the ring: for what is rare or has text.
    #[inline(never)]
    pub(super) fn packet(&mut self, id: u32, fields: &mut Fields<'_>) -> bool {
        if self.chain.mode == Mode::Dropping && !self.reborrow().tell_overflow() {
            return false;
        }
        let (scratch, room) = self.ring.scratch();
        // SAFETY: the scratch belongs to the writer, which this is.
        let scratch = unsafe { core::slice::from_raw_parts_mut(scratch, room) };
        let mut writer = Writer::new(scratch);
        let stored = self
            .write_packet(&mut writer, id, fields)
            .is_ok_and(|()| self.ring.commit_scratch(writer.written().len()));
        self.account(stored)
    }

    fn write_packet(
        &self,
        writer: &mut Writer<'_>,
        id: u32,
        fields: &mut Fields<'_>,
    ) -> Result<(), BufferTooSmall> {
        writer.number(id)?;
        if id < id::FIRST_WITH_LENGTH {
            fields(writer)?;
        } else {
            writer.with_length(fields)?;
        }
        writer.number(self.delta())
    }

    /// A packet without fields.
    pub(super) fn bare(&mut self, id: u32) -> bool {
        self.packet(id, &mut |_| Ok(()))
    }

    /// Bytes as they are, without time; false if there is no room.
    pub(super) fn raw(&mut self, bytes: &[u8]) -> bool {
        let (scratch, room) = self.ring.scratch();
        assert!(bytes.len() <= room, "raw bytes are few");
        // SAFETY: the scratch belongs to the writer, which this is, and has room.
        unsafe { scratch.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.ring.commit_scratch(bytes.len())
    }

    /// An event is dropped without an attempt to store it.
    pub(super) fn drop_event(&mut self) {
        if self.chain.mode == Mode::Dropping {
            self.chain.dropped = self.chain.dropped.wrapping_add(1);
        } else {
            self.chain.mode = Mode::Dropping;
        }
    }

    /// The same output, to be given away. What is called rarely takes an output by value, so that the usual
    /// way can keep it in registers.
    #[inline(always)]
    pub(crate) fn reborrow(&mut self) -> Output<'_> {
        Output {
            ring: self.ring,
            chain: self.chain,
            now: self.now,
            clock_mask: self.clock_mask,
        }
    }

    #[inline(always)]
    fn store(&mut self, longest: usize, write: impl FnOnce(&mut Cursor)) -> bool {
        if self.chain.mode == Mode::Dropping && !self.reborrow().tell_overflow() {
            return false;
        }
        let stored = self.try_store(longest, write);
        self.account(stored)
    }

    #[inline(always)]
    fn account(&mut self, stored: bool) -> bool {
        if stored {
            self.chain.last = self.now;
        } else {
            // As in SEGGER's recorder, the event that finds the buffer full is not counted.
            self.chain.mode = Mode::Dropping;
        }
        stored
    }

    #[inline(always)]
    fn try_store(&self, longest: usize, write: impl FnOnce(&mut Cursor)) -> bool {
        let (place, free) = self.ring.place();
        let in_place = free >= longest;
        let start = if in_place {
            place
        } else {
            self.ring.scratch().0
        };
        // SAFETY: there are `longest` bytes at the place, and in the scratch, which is as large as the
        // longest packet; both are the writer's.
        let mut cursor = unsafe { Cursor::new(start, longest) };
        write(&mut cursor);
        cursor.number(self.delta());
        // SAFETY: both point into the packet.
        let length = unsafe { cursor.position().offset_from_unsigned(start) };
        if in_place {
            self.ring.commit(length);
            return true;
        }
        self.ring.commit_scratch(length)
    }

    /// Tries to say how many events were dropped. If there is no room even for that, the event at hand
    /// is dropped and counted.
    #[cold]
    #[inline(never)]
    fn tell_overflow(self) -> bool {
        let dropped = self.chain.dropped;
        let stored = self.try_store(OVERFLOW, |cursor| {
            cursor.byte(id::OVERFLOW as u8);
            cursor.number(dropped);
        });
        if stored {
            self.chain.last = self.now;
            self.chain.mode = self.chain.usual_mode;
            self.chain.idle = false;
        } else {
            self.chain.dropped = dropped.wrapping_add(1);
        }
        stored
    }

    #[inline(always)]
    fn delta(&self) -> u32 {
        self.now.wrapping_sub(self.chain.last) & self.clock_mask
    }
}

/// A packet that is at most this long in all has a payload of at most 127 bytes: with an id of two bytes
/// and a delta of one.
const SHORT_LENGTH: usize = 2 + 1 + 0x7F + 1;

/// Writes a length of more than 127 at `length_at`, and moves the payload behind it up by one byte, for
/// which there must be room.
#[cold]
#[inline(never)]
fn widen(length_at: *mut u8, length: usize) {
    // SAFETY: `length` bytes follow the byte that was left out, and one more.
    unsafe {
        let payload = length_at.add(1);
        payload.copy_to(payload.add(1), length);
        length_at.write(length as u8 | 0x80);
        payload.write((length >> 7) as u8);
    }
}
