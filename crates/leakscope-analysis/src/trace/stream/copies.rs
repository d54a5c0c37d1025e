//! What comes next in a stream of which other streams hold copies, and a clock that is set by them.

use leakscope_systemview::id;

use super::{Stream, split};
use crate::trace::alignment::Copy;
use crate::trace::copies::hash;

/// How far copies are looked for, in bytes.
pub(super) const AHEAD: usize = 2048;

impl Stream {
    /// The packets of the next [`AHEAD`] bytes that stand in other streams, too.
    pub(in crate::trace) fn copies_ahead(&self) -> Vec<Copy> {
        let pending = &self.pieces[self.taken..self.cut];
        let first = pending
            .first()
            .map_or(self.unread.start, |first| first.start as usize);
        let last = self.unread.end.min(first + AHEAD);
        let mut copies = Vec::new();
        for piece in pending {
            if id::is_for_both_cores(piece.id()) {
                copies.push((hash(piece.id(), self.payload(piece)), piece.time));
            }
        }
        let (mut at, mut time) = (self.unread.start, self.time);
        while let Some(bytes) = self.buffer.get(at..last)
            && let Ok(frame) = split(bytes, self.part.core_bit)
            && frame.id != id::NOP
        {
            time += u64::from(frame.delta);
            at += frame.length;
            if id::is_for_both_cores(frame.id) {
                copies.push((hash(frame.id, frame.payload), time));
            }
        }
        copies
    }

    /// Moves the clock, but not back behind `earliest`.
    pub(in crate::trace) fn shift(&mut self, ticks: i64, earliest: u64) {
        let next = self.pieces[self.taken..self.cut]
            .first()
            .map_or(self.time, |next| next.time);
        let ticks = ticks.max(earliest as i64 - next as i64);
        for piece in &mut self.pieces[self.taken..self.cut] {
            piece.time = piece.time.saturating_add_signed(ticks);
        }
        self.time = self.time.saturating_add_signed(ticks);
        if let Some(next) = self.pieces[self.taken..self.sure].first() {
            self.next_time = next.time;
        }
    }
}
