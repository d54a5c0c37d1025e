//! A line of text that is put together on the device, and cut where a packet ends.

use core::fmt::{self, Write};

/// The longest text in one packet: SEGGER's default, which readers expect.
pub(crate) const LONGEST: usize = 128;

/// At most [`LONGEST`] bytes, which end with a whole character.
pub(crate) struct Line {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Line {
    pub(crate) const NEW: Self = Self {
        bytes: [0; LONGEST],
        length: 0,
    };

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.len() - self.length;
        let mut end = room.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.bytes[self.length..][..end].copy_from_slice(&text.as_bytes()[..end]);
        self.length += end;
        if end < text.len() {
            return Err(fmt::Error);
        }
        Ok(())
    }
}
