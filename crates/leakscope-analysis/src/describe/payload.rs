//! Where the values of parameters come from: a packet's payload, or the one number of an `END_CALL`.

use leakscope_systemview::varint;

/// Values still to be taken. What cannot be taken stays.
#[derive(Clone, Debug)]
pub(super) enum Payload<'a> {
    Encoded(&'a [u8]),
    Single(Option<u32>),
}

impl<'a> Payload<'a> {
    /// Takes a number.
    pub(super) fn number(&mut self) -> Option<u32> {
        match self {
            Self::Encoded(bytes) => {
                let (value, end) = varint::read(bytes, 0).ok()?;
                *bytes = &bytes[end..];
                Some(value)
            }
            Self::Single(value) => value.take(),
        }
    }

    /// Takes a string or a byte buffer: `n bytes[n]`, or `FF`, two bytes of length, and the bytes.
    ///
    /// Which of the two bytes comes first changed with version 3.5x of SystemView; the longer reading is
    /// taken if the payload has that many bytes.
    pub(super) fn buffer(&mut self) -> Option<&'a [u8]> {
        let Self::Encoded(bytes) = self else {
            return None;
        };
        let (buffer, rest) = match **bytes {
            [0xFF, first, second, ref rest @ ..] => {
                let high_first = usize::from(u16::from_be_bytes([first, second]));
                let low_first = usize::from(u16::from_le_bytes([first, second]));
                rest.split_at_checked(high_first.max(low_first))
                    .or_else(|| rest.split_at_checked(high_first.min(low_first)))?
            }
            [0xFF, ..] | [] => return None,
            [length, ref rest @ ..] => rest.split_at_checked(usize::from(length))?,
        };
        *bytes = rest;
        Some(buffer)
    }

    /// The bytes that no number could be taken from.
    pub(super) fn rest(&self) -> &'a [u8] {
        match self {
            Self::Encoded(bytes) => bytes,
            Self::Single(_) => &[],
        }
    }
}
