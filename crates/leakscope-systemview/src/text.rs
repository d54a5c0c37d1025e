//! Strings on the wire, and byte buffers, which look the same.
//!
//! `n bytes[n]` up to 254, or `FF`, two bytes of length, and the bytes. Recorders up to 3.40 wrote the
//! low byte of that length first, later ones the high byte; nothing in the stream says which. The longer
//! reading is taken if it fits: in a packet with length, if it ends inside; in one without, if all of it
//! is text.

use core::fmt;

use crate::error::{FrameError, Malformed};

/// Bytes that a device sent as text: no known character set, not to be trusted.
///
/// Shown as UTF-8, with U+FFFD for what is none. Control characters are shown as they are: callers
/// that write to a terminal or a page remove them there.
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
    // The readings differ by 255 bytes or more, and that much never follows a string: if the longer one
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
    let (start, length) = if length == 0xFF {
        let Some(&[first, second]) = bytes.get(position + 1..position + 3) else {
            return Err(FrameError::Incomplete);
        };
        let start = position + 3;
        let rest = bytes.get(start..).unwrap_or_default();
        (start, long_length(rest, [first, second])?)
    } else {
        (position + 1, usize::from(length))
    };
    let end = start + length;
    let text = bytes.get(start..end).ok_or(FrameError::Incomplete)?;
    Ok((Text(text), end))
}

/// Longer strings than this have not been seen in packets without length: recorders build a packet on
/// the stack, and cut strings at 128 bytes unless told otherwise.
const PLAUSIBLE: usize = 1024;

/// How much of `rest` is the string whose length was sent as `length`, in one byte order or the other.
///
/// The readings differ by 255 bytes or more. Where the shorter one is right, packets follow, and that
/// many bytes of packets hold some that no text has.
fn long_length(rest: &[u8], length: [u8; 2]) -> Result<usize, FrameError> {
    let high_first = usize::from(u16::from_be_bytes(length));
    let low_first = usize::from(u16::from_le_bytes(length));
    let (shorter, longer) = (high_first.min(low_first), high_first.max(low_first));
    let within = rest.get(..longer).unwrap_or(rest);
    let text = within
        .iter()
        .position(|&byte| !is_text(byte))
        .unwrap_or(within.len());
    let is_cut = text == rest.len();
    if text == longer {
        Ok(longer)
    } else if text < shorter {
        Err(if is_cut {
            FrameError::Incomplete
        } else {
            Malformed::String.into()
        })
    } else if is_cut && longer == high_first && longer <= PLAUSIBLE {
        // Later recorders are the more usual ones: wait for the rest.
        Err(FrameError::Incomplete)
    } else {
        Ok(shorter)
    }
}

/// Whether a text can hold this byte: no control character but white space and the start of colour codes.
/// Recorders end a string at NUL.
fn is_text(byte: u8) -> bool {
    byte >= 0x20 && byte != 0x7F || matches!(byte, b'\t' | b'\n' | b'\r' | 0x1B)
}
