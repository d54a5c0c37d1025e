//! Bytes in doubt: what is looked at, and what becomes of the explanation.

use leakscope_systemview::sync::{self, Sync};
use leakscope_systemview::{FrameError, MAX_PAYLOAD, id, varint};

use super::cut::START;
use super::explain::{LONGEST_CUT, Step, What, Window, explain};
use super::price::{BIT, GAP, Price};
use super::torn::LOOK;
use super::{Ready, Special, State, Stream, split};

/// How many bytes behind a doubt are looked at, if there are so many: the first half is decided, the other
/// one is evidence. Behind a long packet, so many as that half.
const AHEAD: usize = 1024;

/// What it costs that a recording begins inside a packet.
const FIRST_GAP: Price = 20 * BIT;

/// In a gap this long, only syncs and this many ordinary packets in a row are looked for.
const LONG_GAP: u64 = 4096;
const ORDINARY_RUN: usize = 8;

/// Bytes that are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    offset: u64,
    bytes: u64,
}

impl Stream {
    /// Explains the bytes at the front, and what was cut but is not sure before them; `None` when that is done.
    pub(super) fn resolve(&mut self) -> Option<Ready> {
        let front = self.unread.start;
        let ahead = self.ahead();
        self.settle();
        if self.unread.len() <= ahead && !self.complete {
            return Some(Ready::NeedBytes);
        }
        self.take_back();
        let start = self.unread.start;
        let end = self.unread.end.min(front + ahead);
        if start == end {
            self.state = State::End;
            self.judge_zeros();
            return self.end_gap();
        }
        self.learn_history();
        if self.gap.is_some_and(|gap| gap.bytes >= LONG_GAP) && self.skip_far() {
            return None;
        }
        let window = Window {
            bytes: &self.buffer[start..end],
            core_bit: self.part.core_bit,
            is_end: self.complete && end == self.unread.end,
            first_gap: match (self.gap, self.is_inside) {
                (Some(_), _) => 0,
                (None, false) => FIRST_GAP,
                (None, true) => GAP,
            },
            is_broken: self.is_broken,
            before: (self.gap.is_none() && self.clock_runs).then(|| self.last().id()),
        };
        let decided = if window.is_end {
            end - start
        } else {
            front - start + ahead / 2
        };
        let mut steps = explain(&window, &self.counts, &self.kinds);
        steps.retain(|step| step.place.start < decided);
        if let Some(last) = steps.last_mut()
            && last.what == What::Gap
        {
            last.place.end = last.place.end.min(decided.max(last.place.start + 1));
        }
        self.is_inside = true;
        self.steps = steps.into();
        None
    }

    /// How many bytes must be there to decide what stands at the front: [`AHEAD`], or all of a long packet
    /// and some that follow it.
    fn ahead(&self) -> usize {
        let claimed = |bytes: &[u8]| {
            let (id, at) = varint::read(bytes, 0).ok()?;
            let (length, start) = varint::read(bytes, at)
                .ok()
                .filter(|_| id >= id::FIRST_WITH_LENGTH)?;
            Some(start + length as usize).filter(|&end| end <= MAX_PAYLOAD)
        };
        let claimed = claimed(self.unread_bytes()).filter(|_| self.gap.is_none());
        claimed.map_or(AHEAD, |claimed| AHEAD.max(claimed + AHEAD / 2))
    }

    /// Does the next step of an explanation; `None` if there is nothing to take yet.
    pub(super) fn follow(&mut self, step: &Step) -> Option<Ready> {
        // An input that is shorter than it was when it was explained ends here.
        let length = step.place.len().min(self.unread.len());
        let is_packet = !matches!(step.what, What::Gap | What::Zeros);
        if is_packet && std::mem::take(&mut self.lacks_start) {
            let offset = self.position();
            self.steps.push_front(step.clone());
            self.gap = None;
            return Some(self.special(Special::NoStart { offset }));
        }
        if is_packet {
            self.judge_zeros();
            if self.gap.is_some() {
                self.steps.push_front(step.clone());
                return self.end_gap();
            }
        }
        if step.what == What::Packet && !std::mem::take(&mut self.is_asked) {
            if self.unread.len() < LOOK && !self.complete {
                self.steps.push_front(step.clone());
                return Some(Ready::NeedBytes);
            }
            if let Some(special) = self.perhaps_torn() {
                self.steps.push_front(step.clone());
                self.is_asked = true;
                return Some(self.special(special));
            }
        }
        match step.what {
            What::Zeros => {
                self.pass(length);
                self.zeros += length as u64;
            }
            What::Gap => self.skip(length),
            What::Cut => return Some(self.cut_off()),
            What::Packet => return self.follow_packet(step),
            What::WithoutDelta => self.accept_without_delta(length),
        }
        None
    }

    /// The zeros that were passed are lost bytes, unless they are a sync, or stand where a recorder is silent: at the
    /// beginning, before a start sequence, behind a `TRACE_STOP`, at the end.
    fn judge_zeros(&mut self) {
        let zeros = self.zeros;
        if zeros == 0 {
            return;
        }
        let behind = self.unread_bytes();
        let behind = &behind[..behind.len().min(START)];
        let starts =
            || sync::at(&[&sync::SYNC, behind].concat(), self.part.core_bit) == Some(Sync::Start);
        let is_padding = zeros == sync::SYNC.len() as u64
            || !self.clock_runs
            || self.last().id() == id::TRACE_STOP
            || behind.is_empty()
            || starts();
        if is_padding {
            self.zeros = 0;
        } else {
            self.skip(0);
        }
    }

    fn follow_packet(&mut self, step: &Step) -> Option<Ready> {
        match split(self.unread_bytes(), self.part.core_bit) {
            Ok(_) => {
                // Beside a gap, a packet may be none. It would confirm itself.
                let next = self.steps.front().map(|next| next.what);
                let is_beside_gap =
                    std::mem::take(&mut self.is_behind_gap) || next == Some(What::Gap);
                self.accept(!is_beside_gap);
                self.believe(!is_beside_gap);
                None
            }
            Err(FrameError::Incomplete) if !self.complete => {
                self.steps.push_front(step.clone());
                Some(Ready::NeedBytes)
            }
            Err(FrameError::Incomplete) if self.unread.len() <= LONGEST_CUT => Some(self.cut_off()),
            // It claimed to go on behind what was looked at, and does not.
            Err(_) => {
                self.skip(1);
                None
            }
        }
    }

    /// What was cut as part of an explanation is sure, and learnt from.
    fn believe(&mut self, is_learnt: bool) {
        self.sure = self.cut;
        if is_learnt {
            self.learn_history();
        }
        self.history.forget(self.position());
    }

    fn accept_without_delta(&mut self, length: usize) {
        let start = self.unread.start;
        let bytes = [&self.buffer[start..start + length], &[0]].concat();
        if let Ok(frame) = split(&bytes, self.part.core_bit) {
            let piece = self.piece(&frame);
            self.unread.start += length;
            self.offer(piece);
            self.believe(false);
        }
        self.begin_gap();
    }

    /// The data end inside a packet. In a ring, it may go on at the beginning.
    fn cut_off(&mut self) -> Ready {
        let wrapped = std::mem::take(&mut self.wrapped);
        let whole = [self.unread_bytes(), &wrapped].concat();
        let frame = split(&whole, self.part.core_bit);
        if frame.is_ok_and(|frame| frame.length == whole.len()) && !wrapped.is_empty() {
            self.buffer.truncate(self.unread.end);
            self.buffer.extend(wrapped);
            self.supplied = self.buffer.len();
            self.unread.end = self.supplied;
            self.accept(true);
            self.believe(false);
            return Ready::Item;
        }
        let (offset, time) = (self.position(), self.time);
        let bytes = self.drop_rest();
        self.special(Special::Cut {
            offset,
            bytes,
            time,
        })
    }

    /// These bytes are no packets.
    fn pass(&mut self, count: usize) {
        self.unread.start += count;
        self.history.forget(self.position());
    }

    /// Zeros that were passed before it belong to it.
    fn begin_gap(&mut self) {
        let zeros = std::mem::take(&mut self.zeros);
        let offset = self.position() - zeros;
        let gap = self.gap.get_or_insert(Gap { offset, bytes: 0 });
        gap.bytes += zeros;
        self.is_broken = true;
    }

    fn skip(&mut self, count: usize) {
        self.begin_gap();
        self.is_behind_gap = true;
        if !self.clock_runs && self.wrapped.len() < LONGEST_CUT {
            let skipped = &self.buffer[self.unread.start..self.unread.start + count];
            self.wrapped.extend_from_slice(skipped);
        }
        self.pass(count);
        if let Some(gap) = &mut self.gap {
            gap.bytes += count as u64;
        }
    }

    /// The gap is over, and becomes an item; `None` if there was none.
    fn end_gap(&mut self) -> Option<Ready> {
        let Gap { offset, bytes } = self.gap.take()?;
        let time = self.time;
        let item = if self.clock_runs {
            Special::Skipped {
                offset,
                bytes,
                time,
            }
        } else {
            Special::BeforeStart { offset, bytes }
        };
        Some(self.special(item))
    }

    /// In a long gap: skips up to where a sync stands, or ordinary packets; whether any bytes were skipped.
    fn skip_far(&mut self) -> bool {
        let bytes = self.unread_bytes();
        let end = bytes.len();
        let stays = if self.complete {
            end
        } else {
            end.saturating_sub(AHEAD)
        };
        let far = (0..stays).find(|&at| {
            bytes[at..].starts_with(&sync::SYNC) && bytes.get(at + sync::SYNC.len()) != Some(&0)
                || self.runs_from(self.unread.start + at)
        });
        let count = far.unwrap_or(stays);
        self.skip(count);
        count > 0
    }

    /// Whether ordinary packets stand there in the buffer, one behind the other.
    fn runs_from(&self, mut at: usize) -> bool {
        (0..ORDINARY_RUN).all(|_| {
            let length = self.ordinary_length(&self.buffer[at..self.unread.end]);
            length.is_ok_and(|length| {
                at += length;
                true
            })
        })
    }
}
