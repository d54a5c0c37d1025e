//! Writing the fields of a packet, where the packet will stay.

/// Writes bytes one after the other, without checking for room: [`Output`](super::Output) gives a cursor
/// only where there is enough for the longest packet of its kind.
#[derive(Debug)]
pub(crate) struct Cursor {
    next: *mut u8,
    #[cfg(debug_assertions)]
    end: *mut u8,
}

impl Cursor {
    /// Begins at `start`.
    ///
    /// # Safety
    /// `room` bytes from `start` on may be written, and the owner of the cursor writes no more than
    /// that.
    #[inline]
    pub(super) const unsafe fn new(start: *mut u8, room: usize) -> Self {
        let _ = room;
        Self {
            next: start,
            // SAFETY: promised by the caller.
            #[cfg(debug_assertions)]
            end: unsafe { start.add(room) },
        }
    }

    /// Where the next byte goes.
    #[inline]
    pub(super) const fn position(&self) -> *mut u8 {
        self.next
    }

    /// Leaves one byte out, and returns its place.
    #[inline]
    pub(super) fn skip_byte(&mut self) -> *mut u8 {
        let place = self.next;
        #[cfg(debug_assertions)]
        assert!(self.next < self.end, "a packet is longer than its longest");
        // SAFETY: there is room, as promised to `new`.
        self.next = unsafe { self.next.add(1) };
        place
    }

    #[inline]
    pub(crate) fn byte(&mut self, byte: u8) {
        #[cfg(debug_assertions)]
        assert!(self.next < self.end, "a packet is longer than its longest");
        // SAFETY: there is room, as promised to `new`.
        unsafe {
            self.next.write(byte);
            self.next = self.next.add(1);
        }
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        #[cfg(debug_assertions)]
        assert!(
            bytes.len() <= self.end.addr() - self.next.addr(),
            "a packet is longer than its longest"
        );
        // SAFETY: there is room, as promised to `new`; and what is written is no part of the buffer.
        unsafe {
            self.next
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            self.next = self.next.add(bytes.len());
        }
    }

    /// Writes a number: 1 to 5 bytes.
    #[inline]
    pub(crate) fn number(&mut self, mut value: u32) {
        while value > 0x7F {
            self.byte(value as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    /// The same, for packets that are rare: without code of its own in each of them.
    #[inline(never)]
    pub(crate) fn seldom_number(&mut self, value: u32) {
        self.number(value);
    }
}
