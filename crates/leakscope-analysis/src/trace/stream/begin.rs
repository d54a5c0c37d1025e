//! Where a stream begins: at its start sequence, or where its packets begin to make sense.

use leakscope_systemview::{Text, sync};

use super::{LONGEST_PACKET, Ready, Special, State, Stream};
use crate::trace::plausible::{self, Judgement, Seen, is_readable};

/// So many bytes are searched for a start sequence before other beginnings are tried.
const SEARCH: usize = 256 * 1024;

/// So many plausible packets in a row show that a recording was found that has lost its start.
const RUN_WITHOUT_START: usize = 128;

impl Stream {
    /// Looks for the beginning; `None` when it stands there.
    pub(super) fn search(&mut self) -> Option<Ready> {
        let bytes = self.unread_bytes();
        let offset = self.position();
        let may_grow = !self.complete && bytes.len() < SEARCH;
        if may_grow && sync::at(bytes, self.part.core_bit).is_none() {
            return Some(Ready::NeedBytes);
        }
        if let Some(start) = sync::find(bytes, 0, self.part.core_bit) {
            self.unread.start += start;
            self.state = State::Reading;
            let bytes = start as u64;
            return match bytes {
                0 => None,
                _ => Some(self.special(Special::BeforeStart { offset, bytes })),
            };
        }
        if may_grow {
            return Some(Ready::NeedBytes);
        }
        if bytes.is_empty() {
            self.state = State::End;
            return None;
        }
        let begin = if plausible::is_another_format(bytes) {
            None
        } else {
            // Ten zeros are a better beginning than none.
            let zeros = sync::zeros(bytes, 0).map(|at| at + sync::SYNC.len());
            let mut places = zeros.chain(0..bytes.len());
            places.find(|&at| self.may_begin(at))
        };
        let Some(begin) = begin else {
            self.drop_rest();
            return Some(self.special(Special::Nothing { offset }));
        };
        self.unread.start += begin;
        self.state = State::Reading;
        let offset = self.position();
        Some(self.special(Special::NoStart { offset }))
    }

    /// Whether a recording may begin `at` bytes into what was not read yet, although no start sequence
    /// stands there.
    fn may_begin(&self, at: usize) -> bool {
        let mut ids = Vec::with_capacity(RUN_WITHOUT_START);
        let mut length = 0;
        let run = self.follow(at, RUN_WITHOUT_START, |frame| {
            ids.push(frame.id);
            length += frame.length;
            Seen::is_plausible(frame)
        });
        let is_whole = ids.len() == RUN_WITHOUT_START;
        ids.sort_unstable();
        ids.dedup();
        let bytes = &self.unread_bytes()[at..];
        run == Judgement::Good
            && !is_readable(Text(&bytes[..length.min(bytes.len())]))
            && if is_whole {
                ids.len() <= RUN_WITHOUT_START / 4
            } else {
                at <= LONGEST_PACKET
            }
    }
}
