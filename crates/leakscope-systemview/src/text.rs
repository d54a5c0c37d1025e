//! Strings on the wire, and byte buffers, which look the same.
//!
//! `n bytes[n]` up to 254, or `FF`, two bytes of length, and the bytes. Recorders up to 3.40 wrote the
//! low byte of that length first, later ones the high byte; nothing in the stream says which, so that
//! the reading is taken that fits the packet, and where none is framed, the one that gives text.

use core::fmt;

use crate::error::{FrameError, Malformed};

/// Bytes that a device sent as text: no known character set, not to be trusted.
///
/// Shown as UTF-8, with U+FFFD for what is none. Control characters are shown as they are: whoever
/// writes to a terminal or a page removes them there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Text<'a>(pub &'a [u8]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_str("\u{FFFD}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(text.as_bytes())
    }
}

/// A string at `position` of a payload whose end is known; returns it and the position behind it.
///
/// # Errors
/// [`Malformed::String`] if it would end beyond the payload.
pub(crate) fn read_framed(payload: &[u8], position: usize) -> Result<(Text<'_>, usize), Malformed> {
    let length = *payload.get(position).ok_or(Malformed::Payload)?;
    let take = |start: usize, length: usize| {
        payload
            .get(start..start + length)
            .map(|bytes| (Text(bytes), start + length))
            .ok_or(Malformed::String)
    };
    if length != 0xFF {
        return take(position + 1, usize::from(length));
    }
    let Some(&[first, second]) = payload.get(position + 1..position + 3) else {
        return Err(Malformed::String);
    };
    let high_first = usize::from(u16::from_be_bytes([first, second]));
    let low_first = usize::from(u16::from_le_bytes([first, second]));
    // The readings differ by 255 bytes or more, and never so much follows a string: if the longer one
    // fits, it is right.
    take(position + 3, high_first.max(low_first))
        .or_else(|_| take(position + 3, high_first.min(low_first)))
}

/// A string at `position` of bytes whose packet has no length; returns it and the position behind it.
pub(crate) fn read_unframed(
    bytes: &[u8],
    position: usize,
) -> Result<(Text<'_>, usize), FrameError> {
    let length = *bytes.get(position).ok_or(FrameError::Incomplete)?;
    let take = |start: usize, length: usize| {
        let text = bytes
            .get(start..start + length)
            .ok_or(FrameError::Incomplete)?;
        if is_text(text) {
            Ok((Text(text), start + length))
        } else {
            Err(FrameError::Malformed(Malformed::String))
        }
    };
    if length != 0xFF {
        let start = position + 1;
        let end = start + usize::from(length);
        let text = bytes.get(start..end).ok_or(FrameError::Incomplete)?;
        return Ok((Text(text), end));
    }
    let Some(&[first, second]) = bytes.get(position + 1..position + 3) else {
        return Err(FrameError::Incomplete);
    };
    let high_first = usize::from(u16::from_be_bytes([first, second]));
    let low_first = usize::from(u16::from_le_bytes([first, second]));
    // Names and descriptions are short: where one reading is below 256, it is the right one.
    let (likely, other) = if low_first < 256 && high_first >= 256 {
        (low_first, high_first)
    } else {
        (high_first, low_first)
    };
    match take(position + 3, likely) {
        Err(error) if other < likely => take(position + 3, other).or(Err(error)),
        Err(FrameError::Malformed(_)) => take(position + 3, other),
        result => result,
    }
}

/// Whether a person could have written this: no control characters but white space.
fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| {
        byte >= 0x20 && byte != 0x7F || matches!(byte, b'\t' | b'\n' | b'\r' | 0x1B | 0)
    })
}
