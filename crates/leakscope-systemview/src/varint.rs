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
        Some(_) => read_any(bytes, position),
        None => Err(FrameError::Incomplete),
    }
}

/// As [`read`], without a branch on how long the number is: faster where that cannot be foreseen, or is seldom one byte.
/// Most numbers stand before others, so that eight bytes can be looked at at once.
///
/// # Errors
/// As [`read`].
#[inline]
pub fn read_any(bytes: &[u8], position: usize) -> Result<(u32, usize), FrameError> {
    let eight = bytes.get(position..position.wrapping_add(8));
    let Some(word) = eight.and_then(|eight| eight.first_chunk()) else {
        return read_at_end(bytes, position);
    };
    let word = u64::from_le_bytes(*word);
    let last = !word & MORE >> 24;
    if last == 0 {
        return Err(Malformed::Number.into());
    }
    let digits = word & (last ^ (last - 1)) & !MORE;
    let pairs = digits & 0x7F_007F_007F | (digits & 0x7F00_7F00) >> 1;
    let value = pairs & 0x3FFF | (pairs & 0x3FFF_0000) >> 2 | pairs >> 4 & 0xF000_0000;
    Ok((value as u32, position + length_to(last)))
}

/// How many bytes there are up to the topmost bit of one, which is the lowest that is set.
#[inline(always)]
const fn length_to(last: u64) -> usize {
    (last.trailing_zeros() / 8 + 1) as usize
}

#[cold]
fn read_at_end(bytes: &[u8], position: usize) -> Result<(u32, usize), FrameError> {
    let mut value = 0u32;
    let rest = bytes.get(position..).unwrap_or_default();
    for (index, &byte) in rest.iter().take(MAX_LENGTH).enumerate() {
        value |= u32::from(byte & 0x7F) << (7 * index as u32);
        if byte < 0x80 {
            return Ok((value, position + index + 1));
        }
    }
    if rest.len() < MAX_LENGTH {
        Err(FrameError::Incomplete)
    } else {
        Err(Malformed::Number.into())
    }
}

/// The topmost bit of each byte: set on all bytes of a number but its last.
const MORE: u64 = 0x8080_8080_8080_8080;

/// How many bytes the number takes that stands in the lowest bytes of `word`; 8 or more if it is longer than
/// `longest`, which must be below 8.
#[inline]
pub(crate) const fn length_in(word: u64, longest: u32) -> u64 {
    let last = !word & (MORE >> (64 - 8 * longest));
    length_to(last) as u64
}

/// The number in the lowest bytes of `word`, and how many bytes it takes; `None` if these are more than
/// four. There is no branch on its length: that is the one thing about a number that cannot be foreseen.
#[inline]
pub(crate) fn read_in(word: u64) -> Option<(u32, usize)> {
    let last = !word & MORE >> 32;
    if last == 0 {
        return None;
    }
    let digits = word as u32 & (last as u32 ^ (last as u32 - 1)) & 0x7F7F_7F7F;
    let pairs = digits - (digits >> 1 & 0x3F80_3F80);
    let value = pairs & 0x3FFF | pairs >> 2 & 0x0FFF_C000;
    Some((value, length_to(last)))
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
