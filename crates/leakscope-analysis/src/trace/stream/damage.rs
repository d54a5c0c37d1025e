//! The way on behind bytes that are no packets.

use leakscope_systemview::{Frame, FrameError, id, sync};

use super::{CONFIRMATION, FEW, LONGEST_PACKET, Ready, START, Special, State, Stream, split};
use crate::trace::plausible::{Judgement, Seen};

/// So many plausible packets in a row show that the way was found again.
const RUN: usize = 12;

/// After damage, a silence is believed if it is shorter than this many bytes take at the usual rate, or
/// at least if it is shorter than [`SHORT_SILENCE`].
const USUAL_BYTES: u64 = 1 << 16;

/// A tenth of a second at 40 MHz, in ticks.
const SHORT_SILENCE: u64 = 1 << 22;

/// A silence longer than this (6.7 s at 40 MHz) is never believed after damage.
const MODERATE_SILENCE: u64 = 1 << 28;

impl Stream {
    pub(super) fn lose_way(&mut self) -> Option<Ready> {
        self.unread.start += 1;
        self.state = State::Lost { skipped: 1 };
        None
    }

    /// Skips bytes until packets follow that make sense.
    pub(super) fn find_way(&mut self) -> Ready {
        let State::Lost { skipped } = self.state else {
            return Ready::End;
        };
        let length = self.unread.len();
        for at in 0..length {
            let judgement = match sync::at(&self.unread_bytes()[at..], self.part.core_bit) {
                Some(sync::Sync::Start) => Judgement::Good,
                _ => self.run_from(at),
            };
            match judgement {
                Judgement::Good => return self.found_way(skipped, at),
                Judgement::NeedBytes => {
                    self.unread.start += at;
                    let skipped = skipped + at as u64;
                    self.state = State::Lost { skipped };
                    return Ready::NeedBytes;
                }
                Judgement::Bad => {}
            }
        }
        if self.complete {
            return self.found_way(skipped, length);
        }
        self.unread.start = self.unread.end;
        let skipped = skipped + length as u64;
        self.state = State::Lost { skipped };
        Ready::NeedBytes
    }

    fn found_way(&mut self, skipped: u64, more: usize) -> Ready {
        self.unread.start += more;
        let bytes = skipped + more as u64;
        self.state = State::Reading;
        self.special = Some(Special::Skipped {
            offset: self.position() - bytes,
            bytes,
            time: self.time,
        });
        Ready::Item
    }

    /// Whether the stream may go on `at` bytes into what was not read yet: with packets that make sense,
    /// and speak of little that is new.
    pub(super) fn run_from(&self, at: usize) -> Judgement {
        let longest = self.longest_silence();
        let (mut known, mut new) = (0, 0);
        self.follow(at, RUN, |frame| {
            if self.seen.is_known(frame) {
                known += 1;
            } else {
                new += 1;
            }
            known > 0
                && new <= FEW
                && self.seen.is_short(frame)
                && frame.delta <= longest
                && Seen::is_plausible(frame)
        })
    }

    /// The longest silence, in ticks, that is believed behind damage: so many ticks as usually go by
    /// in many packets.
    fn longest_silence(&self) -> u32 {
        let bytes = (self.position() - self.part.start).max(1);
        let ticks = (self.time / bytes).saturating_mul(USUAL_BYTES);
        ticks.clamp(SHORT_SILENCE, MODERATE_SILENCE) as u32
    }

    /// Judges the `count` packets that begin `at` bytes into what was not read yet.
    pub(super) fn follow(
        &self,
        mut at: usize,
        count: usize,
        mut accepts: impl FnMut(&Frame<'_>) -> bool,
    ) -> Judgement {
        /// Fewer packets do if the data end behind them.
        const AT_THE_END: usize = 3;
        let bytes = self.unread_bytes();
        for index in 0..count {
            let rest = bytes.get(at..).unwrap_or_default();
            match split(rest, self.part.core_bit) {
                Ok(frame) if frame.id == id::NOP => {
                    return match sync::at(rest, self.part.core_bit) {
                        Some(sync::Sync::Start) => Judgement::Good,
                        _ if rest.len() < START && !self.complete => Judgement::NeedBytes,
                        _ => Judgement::Bad,
                    };
                }
                Ok(frame) if accepts(&frame) => at += frame.length,
                Err(FrameError::Incomplete) if !self.complete => return Judgement::NeedBytes,
                Err(FrameError::Incomplete) if rest.len() > LONGEST_PACKET => {
                    return Judgement::Bad;
                }
                Err(FrameError::Incomplete) if index >= AT_THE_END || count == CONFIRMATION => {
                    return Judgement::Good;
                }
                _ => return Judgement::Bad,
            }
        }
        Judgement::Good
    }
}
