//! Where the parts of a joined file begin. The offsets in its header are right unless bytes were lost or came
//! in: then the start sequence nearby says it.

use leakscope_systemview::{id, sync};

use super::{Ready, Special, State, Stream, split};
use crate::trace::layout::Border;

/// `INIT` comes right behind `TRACE_START`, unless an interrupt is recorded between them.
const INIT_WITHIN: usize = 8;

impl Stream {
    /// Finds out where the stream begins and ends among the bytes of others; `None` when that is known.
    pub(super) fn find_borders(&mut self) -> Option<Ready> {
        if let Some(border) = self.part.begins {
            if !self.has_all_of(&border) {
                return Some(Ready::NeedBytes);
            }
            self.part.begins = None;
            match self.border(&border) {
                Some(begin) => self.unread.start = begin,
                None => {
                    let offset = border.expected;
                    self.unread.start = self.unread.end;
                    self.state = State::End;
                    self.first = self.position();
                    return Some(self.special(Special::Missing { offset }));
                }
            }
            self.first = self.position();
        }
        if let Some(border) = self.part.ends
            && self.supplied_to() >= border.from
        {
            if !self.has_all_of(&border) {
                return Some(Ready::NeedBytes);
            }
            self.part.ends = None;
            if let Some(end) = self.border(&border) {
                self.unread.end = end.max(self.unread.start);
                self.complete = true;
            }
        }
        None
    }

    fn has_all_of(&self, border: &Border) -> bool {
        self.complete || self.supplied_to() >= border.to
    }

    /// Where in the buffer the border is; `None` if the data end before it.
    fn border(&self, border: &Border) -> Option<usize> {
        let in_buffer =
            |offset: u64| (offset.saturating_sub(self.offset) as usize).min(self.unread.end);
        let (from, to) = (in_buffer(border.from), in_buffer(border.to));
        let expected = in_buffer(border.expected);
        let there = sync::at(&self.buffer[expected..to], self.part.core_bit);
        if there == Some(sync::Sync::Start) {
            return Some(expected);
        }
        let bytes = &self.buffer[from..to];
        let first = bytes
            .iter()
            .enumerate()
            .filter(|&(_, &byte)| u32::from(byte) == id::TRACE_START);
        let places = first
            .map(|(at, _)| at)
            .filter(|&at| starts(&bytes[at..], self.part.core_bit));
        let begins = places.map(|at| (zeros_before(&bytes[..at]), from + at));
        let begins = begins.map(|(zeros, at)| (zeros < sync::SYNC.len(), at - zeros));
        let nearest = begins.min_by_key(|&(is_short, begin)| (is_short, begin.abs_diff(expected)));
        nearest.map(|(_, begin)| begin).or_else(|| {
            (self.offset + (self.unread.end as u64) > border.expected).then_some(expected)
        })
    }
}

/// Whether `INIT` follows the `TRACE_START` that stands there.
fn starts(bytes: &[u8], core_bit: bool) -> bool {
    let mut rest = bytes;
    let mut next = || {
        let frame = split(rest, core_bit)
            .ok()
            .filter(|frame| frame.id != id::NOP)?;
        rest = &rest[frame.length..];
        Some(frame)
    };
    next().is_some()
        && (1..INIT_WITHIN)
            .map_while(|_| next())
            .any(|frame| frame.id == id::INIT && (4..=20).contains(&frame.payload.len()))
}

/// How many zeros of a sync stand there, at the end.
fn zeros_before(bytes: &[u8]) -> usize {
    let zeros = bytes.iter().rev().take_while(|&&byte| byte == 0);
    zeros.take(sync::SYNC.len()).count()
}
