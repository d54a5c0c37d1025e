//! Cutting packets where nothing is in doubt, and noticing where something is.

use std::ops::Range;

use leakscope_systemview::{Frame, FrameError, Packet, Text, WINDOW, id, sync, varint};

use super::explain::{can_be_torn, is_silence};
use super::price::{BIT, BYTE, Price, Prices};
use super::{LOOKBACK, Piece, RING, Ready, State, Stream, split};
use crate::trace::lane::Label;

/// How far to cut ahead of what is taken.
const AHEAD: usize = LOOKBACK + 1;

/// This many ordinary packets in a row that begin inside a packet are a rival to it.
const RIVALS: usize = 3;

/// A packet that is a surprise may cost this much more than its bytes, if it is no longer than so many.
const SURPRISE: Price = 8 * BIT;
const SHORT: usize = 64;

/// A longer one may cost this for each of its bytes.
const USUAL: Price = 7 * BIT;

/// A sync, `TRACE_START` and `INIT` at their longest.
pub(super) const START: usize = 64;

/// What stands at the front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Front {
    /// A packet, and it was cut.
    Packet,
    /// What more bytes must tell.
    Short,
    Doubtful,
}

impl Stream {
    /// Goes on; `None` if anything came of it.
    pub(super) fn read(&mut self) -> Option<Ready> {
        if let Some(step) = self.steps.pop_front() {
            return self.follow(&step);
        }
        if self.gap.is_some() || self.zeros > 0 || !self.is_inside {
            return self.resolve();
        }
        let before = self.cut;
        let front = self.cut_ahead();
        if self.cut > before {
            if self.cut == self.taken + AHEAD {
                self.smooth_until = self.smooth_until();
            }
            return None;
        }
        match front {
            Front::Doubtful => self.resolve(),
            _ if self.unread.is_empty() && self.complete => {
                self.sure = self.cut;
                if self.taken == self.sure {
                    self.state = State::End;
                }
                None
            }
            _ => {
                self.settle();
                Some(Ready::NeedBytes)
            }
        }
    }

    /// Cuts packets as long as nothing is in doubt, as far as it goes ahead.
    fn cut_ahead(&mut self) -> Front {
        let until = self.taken + AHEAD;
        while self.cut < until {
            let before = self.cut;
            if self.clock_runs {
                self.cut_quickly();
            }
            if self.cut == before {
                let front = self.cut_slowly();
                if front != Front::Packet {
                    return front;
                }
            }
        }
        Front::Packet
    }

    /// Cuts a packet that is ordinary, if that is quickly seen.
    fn cut_quickly(&mut self) {
        let start = self.unread.start;
        let bytes = &self.buffer[start..self.unread.end];
        if let Some((frame, quick)) = self.kinds.split_ordinary(bytes) {
            self.time += u64::from(frame.delta);
            let piece = Piece::of(&frame, start, self.time, quick.label);
            self.unread.start = start + frame.length;
            self.put(piece);
        }
    }

    /// Takes a packet, behind which [`LOOKBACK`] were cut, and cuts the next one, if that is quickly seen. Else, the
    /// counts are kept again.
    #[inline(always)]
    pub(super) fn cut_as_taken(&mut self) {
        let start = self.unread.start;
        let taken = self.taken + 1;
        self.taken = taken;
        if let Some((frame, quick)) = self.kinds.split_ordinary(&self.buffer[start..]) {
            self.time += u64::from(frame.delta);
            // Half the ring ahead.
            self.pieces[(taken % RING) ^ LOOKBACK] =
                Piece::of(&frame, start, self.time, quick.label);
            self.unread.start = start + frame.length;
            self.next_time = self.pieces[taken % RING].time;
        } else {
            self.cut_no_more();
        }
    }

    /// How far packets may be cut as they are taken, if the next one may: as far as a [`WINDOW`] of bytes is there, and
    /// [`Stream::history`] has no place to note.
    fn smooth_until(&self) -> usize {
        let room = self.unread.end.saturating_sub(WINDOW);
        let until = room.min(self.history.next(self.offset));
        if self.unread.start < until { until } else { 0 }
    }

    #[cold]
    pub(super) fn cut_no_more(&mut self) {
        self.smooth_until = 0;
        self.count_cut(LOOKBACK);
        self.foretell();
    }

    /// Packets are no longer cut as they are taken.
    pub(super) fn keep_counts(&mut self) {
        if std::mem::take(&mut self.smooth_until) > 0 {
            self.count_cut(AHEAD);
        }
    }

    /// Packets that were settled stay so, as in [`Stream::put`]; `ahead` were cut beyond what was taken.
    fn count_cut(&mut self, ahead: usize) {
        self.cut = self.taken + ahead;
        self.sure = self.sure.max(self.cut - LOOKBACK);
    }

    /// The next packet is this one.
    fn put(&mut self, piece: Piece) {
        self.history.pass(self.offset + u64::from(piece.start));
        self.pieces[self.cut % RING] = piece;
        self.cut += 1;
        self.sure = self.sure.max(self.cut - LOOKBACK);
    }

    /// Cuts one packet, if nothing about it is in doubt.
    fn cut_slowly(&mut self) -> Front {
        let bytes = self.unread_bytes();
        match split(bytes, self.part.core_bit) {
            Err(FrameError::Incomplete) if !self.complete || bytes.is_empty() => {
                return Front::Short;
            }
            Err(_) => return Front::Doubtful,
            Ok(frame) if self.kinds.is_usual(&frame) && self.kinds.is_usual_delta(frame.delta) => {}
            Ok(frame) if frame.id == id::NOP && !is_silence(&frame) => {
                if bytes.len() < START && !self.complete {
                    return Front::Short;
                }
                if sync::at(bytes, self.part.core_bit) != Some(sync::Sync::Start) {
                    return Front::Doubtful;
                }
                self.unread.start += sync::SYNC.len();
                return Front::Packet;
            }
            Ok(_) => match self.is_doubtful() {
                None => return Front::Short,
                Some(true) => return Front::Doubtful,
                Some(false) => {}
            },
        }
        self.accept(true);
        Front::Packet
    }

    /// Whether something about the packet at the front calls for a look at all explanations; `None` if more bytes
    /// must tell.
    fn is_doubtful(&mut self) -> Option<bool> {
        let frame = split(self.unread_bytes(), self.part.core_bit).ok()?;
        if is_of_start(frame.id) && self.start_was_swallowed() {
            return Some(true);
        }
        let is_odd = self.clock_runs && self.kinds.is_odd_delta(frame.delta);
        if frame.id > id::LAST || is_odd && !self.goes_on_silent(&frame) {
            return Some(true);
        }
        let is_known = self.kinds.is_known(frame.id);
        let is_sound = is_known && is_sound(&frame);
        if !is_known && frame.length > SHORT {
            // Nothing speaks for it, and all that it would swallow speaks against it.
            return Some(true);
        }
        let place = self.unread.start..self.unread.start + frame.length;
        if (!is_sound || frame.length > SHORT) && self.is_dear() {
            return Some(true);
        }
        self.has_rival(place, self.unread.end, self.complete)
    }

    /// Whether one of the packets that are not sure yet has a start sequence in it.
    fn start_was_swallowed(&self) -> bool {
        let mut unsure = self.sure..self.cut;
        unsure.any(|number| {
            let place = self.start_of(number)..self.start_of(number + 1);
            self.swallows_start(&place) == Some(true)
        })
    }

    /// Whether a long delta is no surprise: a core that begins late tells at once which parts of its clock's period have gone by,
    /// and then what is left.
    fn goes_on_silent(&self, frame: &Frame<'_>) -> bool {
        let last = self.last();
        match last.id() {
            id::INIT => is_silence(frame),
            id::NOP => is_silence(frame) || frame.delta < last.delta,
            _ => false,
        }
    }

    /// Whether the packet at the front costs more than such packets do.
    fn is_dear(&mut self) -> bool {
        let id = varint::read(self.unread_bytes(), 0).map_or(0, |(id, _)| id);
        if !self.kinds.is_known(id) {
            self.settle();
            self.learn_history();
        }
        let Ok(frame) = split(self.unread_bytes(), self.part.core_bit) else {
            return true;
        };
        let prices = Prices {
            counts: &self.counts,
            kinds: &self.kinds,
            news: &[],
        };
        let before = Some(self.last().id());
        let length = frame.length as Price;
        let most = if frame.length > SHORT {
            length * USUAL
        } else {
            length * BYTE + SURPRISE
        };
        prices.packet(&frame, before) > most
    }

    /// Whether ordinary packets begin inside a packet and lead beyond it: then it may be no packet, but what damage
    /// made of these; or a start sequence does. `None` if more than the bytes up to `end` must tell.
    fn has_rival(&self, packet: Range<usize>, end: usize, is_end: bool) -> Option<bool> {
        let mut is_certain = match self.swallows_start(&packet) {
            Some(true) => return Some(true),
            answer => answer.is_some(),
        };
        for at in packet.start + 1..packet.end {
            if !self.kinds.may_begin(self.buffer[at]) {
                continue;
            }
            match self.leads_on(at, packet.end, end) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => is_certain &= is_end,
            }
        }
        is_certain.then_some(false)
    }

    /// Whether a start sequence begins inside the packet that stands there, before what comes next: a reset has cut it off.
    /// `None` if more bytes must tell.
    fn swallows_start(&self, place: &Range<usize>) -> Option<bool> {
        let bytes = &self.buffer[place.start..self.unread.end];
        let seen = &bytes[..bytes.len().min(place.len() + sync::SYNC.len())];
        // Of ten bytes in a row, one is looked at.
        let mut some = seen.iter().step_by(sync::SYNC.len()).skip(1);
        if seen.last() != Some(&0) && some.all(|&byte| byte != 0) {
            return Some(false);
        }
        let frame = split(bytes, self.part.core_bit);
        let Some(Frame { length, .. }) = frame.ok().filter(|frame| can_be_torn(frame.id)) else {
            return Some(false);
        };
        let is_open = |at: usize| !self.complete && bytes.len() < at + START;
        for at in sync::zeros(seen, 1).filter(|&at| at < length) {
            if sync::at(&bytes[at..], self.part.core_bit) == Some(sync::Sync::Start) {
                return Some(true);
            }
            if is_open(at) {
                return None;
            }
        }
        // Zeros may go on behind what was supplied.
        let ends_in_zeros = bytes[length - 1..].iter().all(|&byte| byte == 0);
        (!ends_in_zeros || !is_open(length)).then_some(false)
    }

    fn leads_on(&self, mut at: usize, join: usize, end: usize) -> Option<bool> {
        for _ in 0..RIVALS {
            let bytes = &self.buffer[at..end];
            match self.ordinary_length(bytes) {
                Ok(_) if at >= join => return Some(true),
                Ok(length) => at += length,
                Err(FrameError::Incomplete) => return None,
                Err(FrameError::Malformed(_)) => return Some(false),
            }
            if at == join {
                return Some(false);
            }
        }
        Some(true)
    }

    /// The length of the ordinary packet at the front of `bytes`.
    pub(super) fn ordinary_length(&self, bytes: &[u8]) -> Result<usize, FrameError> {
        let none = Err(FrameError::Malformed(
            leakscope_systemview::Malformed::Payload,
        ));
        let core_bit = self.part.core_bit;
        let (id, start) = varint::read(bytes, 0)?;
        let bit = if start == 1 { 1 << 6 } else { 1 << 13 };
        let id = if core_bit { id & !bit } else { id };
        let claimed = if id < id::FIRST_WITH_LENGTH {
            0
        } else {
            varint::read(bytes, start)?.0
        };
        if !self.kinds.may_be_ordinary(id, claimed as usize) {
            return none;
        }
        let frame = split(bytes, core_bit)?;
        if self.kinds.is_ordinary(&frame) {
            Ok(frame.length)
        } else {
            none
        }
    }

    /// Finds out which of the packets that were cut may be taken: those that have no rival in the bytes up to the
    /// front.
    pub(super) fn settle(&mut self) {
        while self.sure < self.cut {
            let place = self.start_of(self.sure)..self.start_of(self.sure + 1);
            if self.has_rival(place, self.unread.start, false) != Some(false) {
                return;
            }
            self.sure += 1;
        }
    }

    /// The packet at the front is cut, and one more of its kind is known.
    pub(super) fn accept(&mut self, is_learnt: bool) {
        let start = self.unread.start;
        let Ok(frame) = split(self.unread_bytes(), self.part.core_bit) else {
            return;
        };
        let piece = self.piece(&frame);
        let length = frame.length;
        if is_learnt && self.kinds.is_news(&frame, self.cut) {
            // What was cut before is judged by what was known then.
            self.settle();
            let bytes = &self.buffer[start..start + length];
            if let Ok(frame) = split(bytes, self.part.core_bit) {
                self.kinds.learn(&frame);
            }
        }
        if is_learnt {
            self.kinds.learn_delta(piece.delta, self.cut);
        }
        self.unread.start += length;
        self.offer(piece);
    }

    /// The packet at the front.
    pub(super) fn piece(&self, frame: &Frame<'_>) -> Piece {
        let label = Label {
            id: frame.id as u16,
            core: self.part.core.max(frame.core),
            lane: self.kinds.lane(frame.id),
        };
        Piece::of(frame, self.unread.start, self.time, label)
    }

    /// The next piece is this one.
    pub(super) fn offer(&mut self, mut piece: Piece) {
        if self.clock_runs {
            self.time += u64::from(piece.delta);
            piece.time = self.time;
        }
        self.put(piece);
        if !self.clock_runs {
            self.clock_runs = true;
            self.sure = self.cut;
        }
    }
}

/// Whether packets with this id belong to a start sequence.
const fn is_of_start(id: u32) -> bool {
    matches!(
        id,
        id::TRACE_START
            | id::INIT
            | id::SYSDESC
            | id::SYSTIME_CYCLES
            | id::SYSTIME_US
            | id::TASK_INFO
            | id::MODULEDESC
    )
}

/// Whether its fields can be what they say.
fn is_sound(frame: &Frame<'_>) -> bool {
    match Packet::parse(frame) {
        Ok(
            Packet::SysDesc { text }
            | Packet::ModuleDesc { text, .. }
            | Packet::TaskInfo { name: text, .. },
        ) => is_readable(text),
        packet => packet.is_ok(),
    }
}

/// Whether a person could have written it: no control characters but white space and escapes.
pub(super) fn is_readable(text: Text<'_>) -> bool {
    let is_odd =
        |&byte: &u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x1B) || byte == 0x7F;
    !text.0.iter().any(is_odd)
}
