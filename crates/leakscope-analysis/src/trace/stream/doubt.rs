//! Packets that are not like others before them: whether they are packets at all.

use leakscope_systemview::{Frame, FrameError, sync};

use super::{CONFIRMATION, FEW, Ready, START, Special, State, Stream, split};
use crate::trace::plausible::{Judgement, Seen};

/// Behind a packet that is none, the way is looked for within so many bytes.
const NEAR: usize = 128;

impl Stream {
    /// Reads a packet that is not ordinary, or finds out what stands there instead; `None` if something
    /// without meaning was passed over.
    pub(super) fn read_doubtful(&mut self) -> Option<Ready> {
        let bytes = self.unread_bytes();
        if bytes.is_empty() && self.complete {
            self.state = State::End;
            return None;
        }
        if bytes.starts_with(&sync::SYNC[..bytes.len().min(2)]) {
            return self.read_zeros();
        }
        match split(bytes, self.part.core_bit) {
            Ok(frame) => match self.judge_doubtful(&frame) {
                Judgement::Good => self.accept(),
                Judgement::NeedBytes => Some(Ready::NeedBytes),
                Judgement::Bad => self.lose_way(),
            },
            Err(FrameError::Incomplete) if !self.complete => Some(Ready::NeedBytes),
            Err(FrameError::Incomplete) if self.goes_on() => self.lose_way(),
            Err(FrameError::Incomplete) => Some(self.cut()),
            Err(FrameError::Malformed(_)) => self.lose_way(),
        }
    }

    /// Whether packets follow a packet that seems to go beyond the end: its length is damaged.
    pub(super) fn goes_on(&self) -> bool {
        (1..self.unread.len()).any(|at| self.run_from(at) == Judgement::Good)
    }

    /// A doubtful packet stands if packets that make sense follow it, or if at least no others begin
    /// where it and those behind it are said to be.
    pub(super) fn judge_doubtful(&self, frame: &Frame<'_>) -> Judgement {
        if !Seen::is_possible(frame) {
            return Judgement::Bad;
        }
        let (mut chain, mut sound) = (frame.length, 0);
        let judgement = self.follow(frame.length, CONFIRMATION, |next| {
            let is_plausible = Seen::is_plausible(next);
            chain += if is_plausible { next.length } else { 0 };
            sound += usize::from(is_plausible);
            is_plausible
        });
        let contested = match judgement {
            Judgement::Good if self.seen.is_short(frame) => return Judgement::Good,
            Judgement::Good => frame.length,
            // The next damage is not far, but behind these.
            Judgement::Bad if sound >= FEW && self.seen.is_short(frame) => return Judgement::Good,
            Judgement::Bad => chain.min(frame.length + NEAR),
            Judgement::NeedBytes => return Judgement::NeedBytes,
        };
        let rival = (1..contested)
            .map(|at| self.run_from(at))
            .find(|judgement| *judgement != Judgement::Bad);
        match rival {
            Some(Judgement::Good) => Judgement::Bad,
            Some(judgement) => judgement,
            None => Judgement::Good,
        }
    }

    /// The data end inside a packet.
    fn cut(&mut self) -> Ready {
        let (offset, time) = (self.position(), self.time);
        let bytes = self.drop_rest();
        self.special(Special::Cut {
            offset,
            bytes,
            time,
        })
    }

    /// Two zeros or more: a sync, padding at the end, or `NOP` packets, which no recorder sends.
    fn read_zeros(&mut self) -> Option<Ready> {
        let bytes = self.unread_bytes();
        if bytes.len() < START && !self.complete {
            return Some(Ready::NeedBytes);
        }
        if bytes.iter().all(|&byte| byte == 0) {
            return self.read_padding();
        }
        if sync::at(bytes, self.part.core_bit) == Some(sync::Sync::Start) {
            self.unread.start += sync::SYNC.len();
            return None;
        }
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        let skipped = zeros.min(sync::SYNC.len()) & !1;
        match self.run_from(skipped) {
            Judgement::Good => {
                self.unread.start += skipped;
                None
            }
            Judgement::NeedBytes => Some(Ready::NeedBytes),
            Judgement::Bad => self.lose_way(),
        }
    }

    /// Nothing but zeros is left, so far.
    fn read_padding(&mut self) -> Option<Ready> {
        let zeros = self.unread.len();
        match (self.complete, zeros) {
            (true, 1) => Some(self.cut()),
            (true, _) => {
                self.drop_rest();
                None
            }
            (false, _) => {
                // A sync may still follow: the last ten are its.
                self.unread.start += zeros.saturating_sub(sync::SYNC.len());
                Some(Ready::NeedBytes)
            }
        }
    }
}
