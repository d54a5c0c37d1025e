//! What can be wrong with bytes, and with a buffer to write to.

use core::fmt;

/// Why no frame could be cut from the front of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The bytes end inside the packet: with more of them it may be whole.
    Incomplete,
    /// No continuation of these bytes is a packet.
    Malformed(Malformed),
}

/// What makes bytes impossible as a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A number of more than five bytes.
    Number,
    /// A payload longer than [`MAX_PAYLOAD`](crate::MAX_PAYLOAD).
    Length,
    /// A string of impossible length, or with bytes that no text has.
    String,
    /// The payload ends before its last field, or goes on after it.
    Payload,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete => f.write_str("the packet is cut off"),
            Self::Malformed(what) => what.fmt(f),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "a number has more than five bytes",
            Self::Length => "the packet claims an impossible length",
            Self::String => "a string has an impossible length or is no text",
            Self::Payload => "the payload does not have the fields of its packet",
        })
    }
}

impl From<Malformed> for FrameError {
    fn from(what: Malformed) -> Self {
        Self::Malformed(what)
    }
}

impl core::error::Error for FrameError {}
impl core::error::Error for Malformed {}

/// The buffer given to write a packet to has no room for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferTooSmall;

impl fmt::Display for BufferTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the buffer has no room for the packet")
    }
}

impl core::error::Error for BufferTooSmall {}
