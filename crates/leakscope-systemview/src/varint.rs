//! Numbers on the wire: 7 bits a byte, least significant first, bit 7 set on all but the last.
//!
//! A `u32` takes one to five bytes; the fifth carries four bits and what else it holds is dropped, as
//! SystemView's own readers do. Longer-than-needed forms (`FF 00` for 127) are legal.
//! Signed numbers and floats travel as the `u32` of the same bits.

use crate::error::{FrameError, Malformed};

/// The most bytes that one number can take.
pub const MAX_LENGTH: usize = 5;

/// Reads one number at `position` of `bytes`; returns it and the position behind it.
///
/// # Errors
/// [`FrameError::Incomplete`] if the bytes end first, [`Malformed::Number`] if a sixth byte would be
/// needed.
#[inline]
pub fn read(bytes: &[u8], position: usize) -> Result<(u32, usize), FrameError> {
    match bytes.get(position) {
        Some(&byte) if byte < 0x80 => Ok((u32::from(byte), position + 1)),
        Some(_) => read_long(bytes, position),
        None => Err(FrameError::Incomplete),
    }
}

/// Most numbers stand before others, so that five bytes can be looked at without asking for each
/// whether it is there.
#[inline]
fn read_long(bytes: &[u8], position: usize) -> Result<(u32, usize), FrameError> {
    let Some(&[first, second, third, fourth, fifth]) =
        bytes.get(position..).and_then(|rest| rest.first_chunk())
    else {
        return read_at_end(bytes, position);
    };
    let mut value = u32::from(first & 0x7F) | u32::from(second & 0x7F) << 7;
    if second < 0x80 {
        return Ok((value, position + 2));
    }
    value |= u32::from(third & 0x7F) << 14;
    if third < 0x80 {
        return Ok((value, position + 3));
    }
    value |= u32::from(fourth & 0x7F) << 21;
    if fourth < 0x80 {
        return Ok((value, position + 4));
    }
    value |= u32::from(fifth & 0x7F) << 28;
    if fifth < 0x80 {
        return Ok((value, position + 5));
    }
    Err(Malformed::Number.into())
}

#[cold]
fn read_at_end(bytes: &[u8], position: usize) -> Result<(u32, usize), FrameError> {
    let mut value = 0u32;
    let rest = bytes.get(position..).unwrap_or_default();
    for (index, &byte) in rest.iter().enumerate() {
        value |= u32::from(byte & 0x7F) << (7 * index as u32);
        if byte < 0x80 {
            return Ok((value, position + index + 1));
        }
    }
    Err(FrameError::Incomplete)
}

/// As [`read`], but `None` also for a number that is longer than this is fast for, or near the end.
#[inline]
pub(crate) fn read_quickly(bytes: &[u8], position: usize) -> Option<(u32, usize)> {
    let first = u32::from(*bytes.get(position)?);
    if first < 0x80 {
        return Some((first, position + 1));
    }
    let second = u32::from(*bytes.get(position + 1)?);
    if second < 0x80 {
        return Some((first & 0x7F | second << 7, position + 2));
    }
    let third = u32::from(*bytes.get(position + 2)?);
    if third < 0x80 {
        return Some((
            first & 0x7F | (second & 0x7F) << 7 | third << 14,
            position + 3,
        ));
    }
    None
}

/// Where the number at `position` ends; `None` if it is cut off or too long.
#[inline]
pub(crate) fn end(bytes: &[u8], position: usize) -> Option<usize> {
    let rest = bytes.get(position..)?.iter().take(MAX_LENGTH);
    let last = rest.take_while(|&&byte| byte >= 0x80).count();
    (last < MAX_LENGTH && position + last < bytes.len()).then_some(position + last + 1)
}

/// The bytes that [`write()`] takes for `value`.
#[inline]
#[must_use]
pub const fn length(value: u32) -> usize {
    match value {
        0..=0x7F => 1,
        0x80..=0x3FFF => 2,
        0x4000..=0x1F_FFFF => 3,
        0x20_0000..=0x0FFF_FFFF => 4,
        _ => 5,
    }
}

/// The shortest form of `value`: an array of which the first `.1` bytes count.
#[inline]
#[must_use]
pub fn write(mut value: u32) -> ([u8; MAX_LENGTH], usize) {
    let mut bytes = [0; MAX_LENGTH];
    let mut length = 0;
    for byte in &mut bytes {
        length += 1;
        if value < 0x80 {
            *byte = value as u8;
            break;
        }
        *byte = value as u8 | 0x80;
        value >>= 7;
    }
    (bytes, length)
}

/// The numbers that fill a payload to its end, one after the other.
///
/// Ends early, with [`Numbers::is_whole`] false, at a number that is cut off or too long.
///
/// ```
/// use leakscope_systemview::varint::Numbers;
/// let mut numbers = Numbers::new(&[0x05, 0x80, 0x01]);
/// assert_eq!(numbers.by_ref().collect::<Vec<_>>(), [5, 128]);
/// assert!(numbers.is_whole());
/// ```
#[derive(Clone, Debug)]
pub struct Numbers<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Numbers<'a> {
    /// The numbers in `bytes`.
    #[inline]
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Whether everything has been read and nothing was left over.
    #[inline]
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.position == self.bytes.len()
    }

    /// What has not been read yet.
    #[inline]
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }
}

impl Iterator for Numbers<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        let (value, position) = read(self.bytes, self.position).ok()?;
        self.position = position;
        Some(value)
    }
}
