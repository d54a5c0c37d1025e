//! Where the parts of a joined file begin. The offsets in its header are right unless bytes were lost or came
//! in: then the start sequence nearby says it.

use leakscope_systemview::{id, sync};

use super::{Special, State, Stream, split};
use crate::trace::layout::Border;

/// `INIT` comes right behind `TRACE_START`, unless an interrupt is recorded between them.
const INIT_WITHIN: usize = 8;

/// From a border on, so many bytes say whether a start sequence stands there.
const START: usize = 128;

/// Where a border is.
enum Found {
    /// At this place in the buffer.
    At(usize),
    /// The data end before it.
    Nowhere,
    /// More bytes must tell.
    NotYet,
}

impl Stream {
    /// Finds out where the stream begins and ends among the bytes of others, as far as these are there.
    pub(super) fn find_borders(&mut self) {
        if let Some(border) = self.part.begins {
            let begin = match self.border(&border) {
                Found::NotYet => return,
                Found::At(begin) => begin,
                Found::Nowhere => {
                    self.state = State::End;
                    let offset = border.expected;
                    self.special = Some(Special::Missing { offset });
                    self.supplied
                }
            };
            self.part.begins = None;
            self.unread.start = begin;
            self.first = self.position();
            if let Some(bytes) = border
                .expected
                .checked_sub(self.first)
                .filter(|&bytes| bytes > 0)
            {
                let offset = self.first;
                self.special.get_or_insert(Special::Early { offset, bytes });
            }
        }
        self.unread.end = self.supplied;
        if let Some(border) = self.part.ends {
            match self.border(&border) {
                Found::NotYet => {
                    self.unread.end = self.in_buffer(border.from);
                    return;
                }
                Found::At(end) => {
                    self.supplied = end.max(self.unread.start);
                    // A reader that goes on from a checkpoint is given no more than this.
                    self.part.end = Some(self.supplied_to());
                }
                Found::Nowhere => {}
            }
            self.part.ends = None;
            self.complete = true;
            self.unread.end = self.supplied;
        }
    }

    fn in_buffer(&self, offset: u64) -> usize {
        (offset.saturating_sub(self.offset) as usize).min(self.supplied)
    }

    fn border(&self, border: &Border) -> Found {
        let [from, expected, to] =
            [border.from, border.expected, border.to].map(|offset| self.in_buffer(offset));
        let is_all = self.complete || self.supplied_to() >= border.to;
        let front = &self.buffer[expected..to.min(expected + START)];
        if sync::at(front, self.part.core_bit) == Some(sync::Sync::Start) {
            return Found::At(expected);
        }
        // Up to this far away, no other beginning can come any more.
        let near = (to - expected).checked_sub(START);
        if !is_all && near.is_none() {
            return Found::NotYet;
        }
        let bytes = &self.buffer[from..to];
        let begins = (0..bytes.len())
            .filter(|&at| u32::from(bytes[at]) == id::TRACE_START)
            .filter(|&at| starts(&bytes[at..bytes.len().min(at + START)], self.part.core_bit))
            .map(|at| (zeros_before(&bytes[..at]), from + at))
            .map(|(zeros, at)| (zeros < sync::SYNC.len(), at - zeros));
        let nearest = begins.min_by_key(|&(is_short, begin)| (is_short, begin.abs_diff(expected)));
        match nearest {
            Some((false, begin)) if near.is_some_and(|near| begin.abs_diff(expected) <= near) => {
                Found::At(begin)
            }
            _ if !is_all => Found::NotYet,
            Some((_, begin)) => Found::At(begin),
            None if expected < self.supplied => Found::At(expected),
            None => Found::Nowhere,
        }
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
