//! Cutting a stream into packets: OpenOCD takes whole ones only, and the stream's buffer is a ring, whose end cuts
//! some in two.

use leakscope_systemview::sync::SYNC;
use leakscope_systemview::{Frame, FrameError};

/// The longest packet: in front of it, its length is a byte.
const LONGEST: usize = u8::MAX as usize;

/// A packet, as far as it has come.
pub(super) struct Packet {
    bytes: [u8; LONGEST],
    length: usize,
}

/// What the bytes so far are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Part of a packet.
    Part,
    /// A packet.
    Whole,
    /// No packet, or one that is too long.
    Hopeless,
}

impl Packet {
    pub(super) const NEW: Self = Self {
        bytes: [0; LONGEST],
        length: 0,
    };

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// How many bytes have come.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Forgets the bytes behind the first `length`.
    pub(super) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Whether this is where a recording begins. (No recorder sends a NOP elsewhere.)
    pub(super) fn is_sync(&self) -> bool {
        self.as_bytes() == SYNC
    }

    /// Takes of `bytes` what belongs to the packet; what it has come to, and how many were taken.
    pub(super) fn push(&mut self, bytes: &[u8]) -> (Progress, usize) {
        let before = self.length;
        let count = bytes.len().min(LONGEST - before);
        self.bytes[before..before + count].copy_from_slice(&bytes[..count]);
        let all = &self.bytes[..before + count];
        let progress = match length_at_front(all) {
            Ok(length) => {
                self.length = length;
                Progress::Whole
            }
            Err(FrameError::Incomplete) if all.len() < LONGEST => {
                self.length = all.len();
                Progress::Part
            }
            Err(_) => {
                self.length = all.len();
                Progress::Hopeless
            }
        };
        (progress, self.length.saturating_sub(before))
    }
}

/// How long the packet at the front of `bytes` is; the sync counts as one.
fn length_at_front(bytes: &[u8]) -> Result<usize, FrameError> {
    if bytes.first() == Some(&0) {
        return match bytes.len() {
            0..10 => Err(FrameError::Incomplete),
            _ => Ok(SYNC.len()),
        };
    }
    Frame::split(bytes).map(|frame| frame.length)
}
