//! The buffer between those who record and the one who reads.

use core::sync::atomic::Ordering;

use super::output::{BARE, OVERFLOW};
use crate::sink::rtt::Channel;

/// Room for a packet of at most `longest` bytes, which is the writer's.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) start: *mut u8,
    pub(crate) longest: usize,
}

/// Bytes that are kept for the end of a recording: that it stops, and what was lost before that.
pub(crate) const RESERVE: usize = OVERFLOW + BARE;

/// Bytes that are written between two looks at all that comes up now and then: some 30 events.
const STRETCH: usize = 256;

/// A ring of `capacity` bytes, and behind it room to put a packet together that does not fit in one
/// piece.
///
/// There may be one writer at a time (it holds the stream's critical section) and one reader, who needs
/// no lock: each moves its own position, and touches only the bytes that are its own.
#[derive(Clone, Copy)]
pub(crate) struct Ring<'a> {
    start: *mut u8,
    capacity: usize,
    scratch: usize,
    /// Bytes that stay free.
    reserve: usize,
    channel: &'a Channel,
}

impl<'a> Ring<'a> {
    /// # Safety
    /// `capacity + scratch` bytes from `start` on may be read and written for `'a`, by nobody but
    /// through a ring with the same `channel`.
    #[inline]
    pub(crate) const unsafe fn new(
        start: *mut u8,
        capacity: usize,
        scratch: usize,
        channel: &'a Channel,
    ) -> Self {
        Self {
            start,
            capacity,
            scratch,
            reserve: RESERVE,
            channel,
        }
    }

    /// Gives the reserve away.
    pub(crate) fn open_reserve(&mut self) {
        self.reserve = 0;
    }

    /// Where a packet of at most `longest` bytes can be written as it is; `None` if there is less room in one
    /// piece. (It is `None` too where the room is just enough: the long way then reaches the end of the ring, which
    /// needs no thought here.)
    ///
    /// A debug probe could write any number as the position up to which it has read. Then more is said
    /// to be free than is; but what is said to be free lies below the capacity.
    #[inline]
    pub(crate) fn place(&self, longest: usize) -> Option<Place> {
        let write = self.write_position();
        let read = self.channel.read_position(Ordering::Acquire);
        let end = write + longest + self.reserve;
        let has_room = end < self.capacity && (read <= write || end < read);
        // SAFETY: `write` is below the capacity.
        let start = || unsafe { self.start.add(write) };
        has_room.then(|| Place {
            start: start(),
            longest,
        })
    }

    /// Up to which position packets of at most `longest` bytes can be written one after the other without another look
    /// at the reader, which can only make more room; not much further than this one.
    pub(crate) fn limit(&self, longest: usize) -> usize {
        let (write, read) = (self.write_position(), self.read_position());
        let end = if read <= write { self.capacity } else { read };
        end.saturating_sub(longest + self.reserve)
            .min(write + STRETCH)
    }

    /// Where the next byte goes, and how many there are in all.
    pub(crate) fn position(&self) -> (usize, usize) {
        (self.write_position(), self.capacity)
    }

    /// A place for a packet of at most `longest` bytes below the [`limit`](Self::limit) of those.
    #[inline]
    pub(crate) fn place_below(&self, limit: usize, longest: usize) -> Option<Place> {
        let write = self.write_position();
        // SAFETY: `write` is below the capacity.
        let start = || unsafe { self.start.add(write) };
        (write < limit).then(|| Place {
            start: start(),
            longest,
        })
    }

    /// How many bytes are free, without the reserve.
    pub(crate) fn free(&self) -> usize {
        let (write, read) = (self.write_position(), self.read_position());
        let all = if read > write {
            read - write - 1
        } else {
            self.capacity - (write - read) - 1
        };
        all.saturating_sub(self.reserve)
    }

    /// Where packets are put together for which there is no [`place`](Self::place).
    #[inline]
    pub(crate) fn scratch(&self) -> (*mut u8, usize) {
        // SAFETY: the scratch bytes follow the capacity.
        (unsafe { self.start.add(self.capacity) }, self.scratch)
    }

    /// Hands over `length` bytes that were written at a [`place`](Self::place).
    #[inline]
    pub(crate) fn commit(&self, place: Place, length: usize) {
        // SAFETY: both point into the buffer. (To read the position again would take longer.)
        let write = unsafe { place.start.offset_from(self.start) as usize };
        self.channel.set_write_position(write + length);
    }

    /// Hands over the first `length` bytes of the scratch; false if they do not fit.
    #[cold]
    #[inline(never)]
    pub(crate) fn commit_scratch(self, length: usize) -> bool {
        if length > self.free() {
            return false;
        }
        let write = self.write_position();
        let first = length.min(self.capacity - write);
        let (scratch, _) = self.scratch();
        // SAFETY: `first` bytes lie between the write position and the capacity, the others at the
        // front, and all are free; the scratch lies behind the capacity, so nothing overlaps.
        unsafe {
            self.start
                .add(write)
                .copy_from_nonoverlapping(scratch, first);
            self.start
                .copy_from_nonoverlapping(scratch.add(first), length - first);
        }
        let end = write + length;
        self.channel.set_write_position(if end >= self.capacity {
            end - self.capacity
        } else {
            end
        });
        true
    }

    /// For the reader: the bytes that can be read in one piece.
    pub(crate) fn readable(&self) -> &'a [u8] {
        let write = self
            .channel
            .write_position(Ordering::Acquire)
            .min(self.capacity);
        let read = self.read_position();
        let end = if write >= read { write } else { self.capacity };
        // SAFETY: these bytes were handed over, and no writer touches them before `release`.
        unsafe { core::slice::from_raw_parts(self.start.add(read), end - read) }
    }

    /// For the reader: gives back the first `length` bytes of what was [`readable`](Self::readable).
    pub(crate) fn release(&self, length: usize) {
        let end = self.read_position() + length;
        self.channel
            .set_read_position(if end >= self.capacity { 0 } else { end });
    }

    /// Nobody but the recorder moves it, so it is always below the capacity.
    #[inline]
    fn write_position(&self) -> usize {
        self.channel.write_position(Ordering::Relaxed)
    }

    /// A debug probe moves it, and might write anything: out of range counts as 0.
    #[inline]
    fn read_position(&self) -> usize {
        let read = self.channel.read_position(Ordering::Acquire);
        if read < self.capacity { read } else { 0 }
    }
}
