//! Bytes in doubt: what is looked at, and what becomes of the explanation.

use leakscope_systemview::{Frame, FrameError, MAX_PAYLOAD, id, sync, varint};

use super::explain::{LONGEST_CUT, Step, What, Window, explain};
use super::price::{BIT, Price, Prices};
use super::{Ready, Special, State, Stream, split};

/// A packet that costs more than this for each of its bytes is in doubt.
const DOUBT: Price = 6 * BIT;

/// How many bytes behind a doubt are looked at, if there are so many: the first half is decided, the other
/// one is evidence. Behind a long packet, so many as that half.
pub(super) const AHEAD: usize = 1024;

/// In a gap this long, packets are looked for that are ordinary, this many in a row.
const LONG_GAP: u64 = 64 * 1024;
const ORDINARY_RUN: usize = 8;

/// Bytes that are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    offset: u64,
    bytes: u64,
}

impl Stream {
    /// Whether the packet at the front costs no more than packets do.
    pub(super) fn is_cheap(&self, frame: &Frame<'_>) -> bool {
        let has_text = matches!(frame.id, id::SYSDESC | id::TASK_INFO | id::MODULEDESC);
        if frame.length > AHEAD || frame.id > id::LAST || has_text && frame.payload.len() > 0xFF {
            return false;
        }
        let prices = Prices {
            counts: &self.counts,
            news: &[],
        };
        let sums = super::explain::letters(frame.payload);
        let payload = prices.payload(frame.id, frame.payload, frame.payload.len(), &sums);
        let rest = frame.length - frame.payload_start - frame.payload.len();
        let before = self.pieces[self.cut - 1].id();
        let price = prices.id(frame.id, Some(before)) + payload + prices.delta(frame.delta, rest);
        price <= frame.length as Price * DOUBT
    }

    /// Explains the bytes at the front, and what was cut but not yet given out before them; `None` when
    /// that is done.
    pub(super) fn resolve(&mut self) -> Option<Ready> {
        let front = self.unread.start;
        let ahead = self.ahead();
        if self.unread.len() <= ahead && !self.complete {
            return Some(Ready::NeedBytes);
        }
        self.take_back();
        let start = self.unread.start;
        let end = self.unread.end.min(front + ahead);
        if start == end {
            self.state = State::End;
            return self.end_gap();
        }
        if self.gap.is_some_and(|gap| gap.bytes >= LONG_GAP) && self.skip_far() {
            return None;
        }
        let window = Window {
            bytes: &self.buffer[start..end],
            core_bit: self.part.core_bit,
            is_end: self.complete && end == self.unread.end,
            first_gap: match (self.gap, self.is_inside) {
                (Some(_), _) => 0,
                (None, false) => super::begin::FIRST_GAP,
                (None, true) => super::price::GAP,
            },
            before: self.gap.is_none().then(|| self.pieces[self.cut - 1].id()),
        };
        let decided = if window.is_end {
            end - start
        } else {
            front - start + ahead / 2
        };
        let (steps, _) = explain(&window, &self.counts);
        self.is_inside = true;
        self.steps = steps
            .into_iter()
            .filter(|step| step.place.start < decided)
            .collect();
        if let Some(last) = self.steps.back_mut()
            && last.what == What::Gap
        {
            last.place.end = last.place.end.min(decided.max(last.place.start + 1));
        }
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
        claimed(self.unread_bytes()).map_or(AHEAD, |claimed| AHEAD.max(claimed + AHEAD / 2))
    }

    /// What was cut and not yet given out is cut again.
    fn take_back(&mut self) {
        if let Some(first) = self.pieces[self.sure..self.cut].first() {
            self.unread.start = first.start as usize;
            self.time = first.time.saturating_sub(u64::from(first.delta));
            self.number -= (self.cut - self.sure) as u64;
            self.cut = self.sure;
            self.clock_runs &= self.number > 0;
        }
    }

    /// Does the next step of an explanation; `None` if there is nothing to take yet.
    pub(super) fn follow(&mut self, step: &Step) -> Option<Ready> {
        let length = step.place.len();
        let is_packet = !matches!(step.what, What::Gap | What::Zeros);
        if is_packet && std::mem::take(&mut self.lacks_start) {
            let offset = self.position();
            self.steps.push_front(step.clone());
            self.gap = None;
            return Some(self.special(Special::NoStart { offset }));
        }
        let goes_on =
            step.what == What::Gap || step.what == What::Zeros && !self.is_padding(length);
        if !goes_on && self.gap.is_some() {
            self.steps.push_front(step.clone());
            return self.end_gap();
        }
        match step.what {
            What::Zeros if self.is_padding(length) => self.unread.start += length,
            What::Gap | What::Zeros => self.skip(length),
            What::Cut => return Some(self.cut_off()),
            What::Packet => return self.follow_packet(step),
            What::WithoutDelta => {
                let bytes = &self.buffer[self.unread.start..self.unread.start + length];
                let padded = [bytes, &[0]].concat();
                if let Ok(mut frame) = split(&padded, self.part.core_bit) {
                    frame.length -= 1;
                    self.accept(&frame);
                    self.begin_gap();
                }
            }
        }
        None
    }

    /// Whether so many zeros at the front are a sync, or stand where a recorder is silent: at the beginning, before
    /// a `TRACE_START`, behind a `TRACE_STOP`, at the end.
    fn is_padding(&self, length: usize) -> bool {
        let next = self.unread_bytes().get(length);
        length >= sync::SYNC.len()
            || self.number == 0
            || self.pieces[self.cut - 1].id() == id::TRACE_STOP
            || next.is_none_or(|&next| u32::from(next) == id::TRACE_START)
    }

    fn follow_packet(&mut self, step: &Step) -> Option<Ready> {
        let bytes = &self.buffer[self.unread.clone()];
        match split(bytes, self.part.core_bit) {
            Ok(frame) => {
                let payload = frame.payload.to_vec();
                let frame = Frame {
                    payload: &payload,
                    ..frame
                };
                self.accept(&frame);
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

    /// The data end inside a packet.
    fn cut_off(&mut self) -> Ready {
        let (offset, time) = (self.position(), self.time);
        let bytes = self.drop_rest();
        self.special(Special::Cut {
            offset,
            bytes,
            time,
        })
    }

    fn begin_gap(&mut self) {
        let offset = self.position();
        self.gap.get_or_insert(Gap { offset, bytes: 0 });
    }

    fn skip(&mut self, count: usize) {
        self.begin_gap();
        self.unread.start += count;
        if let Some(gap) = &mut self.gap {
            gap.bytes += count as u64;
        }
    }

    /// The gap is over, and becomes an item; `None` if there was none.
    fn end_gap(&mut self) -> Option<Ready> {
        let Gap { offset, bytes } = self.gap.take()?;
        let time = self.time;
        let item = if self.number == 0 {
            Special::BeforeStart { offset, bytes }
        } else {
            Special::Skipped {
                offset,
                bytes,
                time,
            }
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
                || self.runs_from(at)
        });
        let count = far.unwrap_or(stays);
        self.skip(count);
        count > 0
    }

    /// Whether ordinary packets stand there, one behind the other.
    fn runs_from(&self, mut at: usize) -> bool {
        (0..ORDINARY_RUN).all(|_| {
            let frame = split(&self.unread_bytes()[at..], self.part.core_bit);
            frame.is_ok_and(|frame| {
                at += frame.length;
                self.kinds.ordinary(&frame).is_some()
            })
        })
    }
}
