//! A packet that a reset has torn, whose delta noise on the line completes to minutes that did not pass.

use leakscope_systemview::{Packet, id};

use super::explain::{Step, What};
use super::{Special, Stream, split};
use crate::trace::clock::Clock;

/// How many bytes are looked at: so many are there behind all that was explained.
pub(super) const LOOK: usize = 512;

impl Stream {
    /// When the packet at the front came, if that is long after all before it, and what the clock says right behind it in a start
    /// sequence; `None` if that is not so. A packet that was torn can be read as well as any other, so that the target's clock is asked.
    pub(super) fn perhaps_torn(&self) -> Option<Special> {
        let bytes = self.unread_bytes();
        let mut rest = &bytes[..bytes.len().min(LOOK)];
        let mut next = |skipped: usize| {
            rest = rest.get(skipped..)?;
            let frame = split(rest, self.part.core_bit).ok()?;
            rest = &rest[frame.length..];
            Some(frame)
        };
        let torn = next(0)?;
        // A recorder that is silent tells so.
        let is_told = matches!(torn.id, id::TRACE_STOP | id::NOP);
        if is_told || !self.kinds.is_odd_delta(torn.delta) {
            return None;
        }
        let between = self.steps.iter().map_while(|step| match step.what {
            What::Gap | What::Zeros => Some(step.place.len()),
            _ => None,
        });
        let start = next(between.sum())?;
        if start.id != id::TRACE_START {
            return None;
        }
        let mut time = self.time + u64::from(torn.delta) + u64::from(start.delta);
        let clock = std::iter::from_fn(|| next(0)).find_map(|frame| {
            time += u64::from(frame.delta);
            match Packet::parse(&frame) {
                Ok(Packet::SystimeUs { microseconds }) => Some(Clock::Microseconds(microseconds)),
                Ok(Packet::SystimeCycles { cycles }) => Some(Clock::Cycles(cycles)),
                _ => None,
            }
        })?;
        Some(Special::PerhapsTorn { time, clock })
    }

    /// The delta of the packet at the front is damage.
    pub(in crate::trace) fn leave_delta_out(&mut self) {
        let Ok(frame) = split(self.unread_bytes(), self.part.core_bit) else {
            return;
        };
        let end = frame.payload_start + frame.payload.len();
        self.is_asked = false;
        if let Some(mut delta) = self.steps.pop_front() {
            let start = delta.place.start;
            let packet = Step {
                what: What::WithoutDelta,
                place: start..start + end,
            };
            delta.what = What::Gap;
            delta.place.start = packet.place.end;
            self.steps.push_front(delta);
            self.steps.push_front(packet);
        }
    }
}
