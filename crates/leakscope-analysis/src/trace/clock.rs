//! Whether a new start sequence means that the target was reset: its own clock tells.

use leakscope_systemview::Init;

/// What the target's clock said last, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TargetClock {
    microseconds: Option<(u64, u64)>,
    cycles: Option<(u32, u64)>,
    /// Whether a start sequence came since.
    began: bool,
}

impl TargetClock {
    /// The clock says this many microseconds at `time`; returns whether it ran backwards.
    pub(super) fn microseconds(&mut self, now: u64, time: u64) -> bool {
        let before = self.microseconds.replace((now, time));
        before.is_some_and(|(before, _)| now < before)
    }

    /// A start sequence comes.
    pub(super) fn begin(&mut self) {
        self.began = true;
    }

    /// The clock says this many cycles at `time`, behind a start sequence (the time alone is told again now and then,
    /// and lost data make it look wrong); returns whether it cannot have come there by running on.
    ///
    /// The number wraps (after 18 s at 240 MHz), so that only one that is far off proves something.
    pub(super) fn cycles(&mut self, now: u32, time: u64, init: &Init) -> bool {
        let began = std::mem::take(&mut self.began);
        let Some((before, then)) = self.cycles.replace((now, time)) else {
            return false;
        };
        if !began {
            return false;
        }
        if init.timestamp_hz == 0 || init.cpu_hz == 0 {
            return false;
        }
        let elapsed = u128::from(time.saturating_sub(then)) * u128::from(init.cpu_hz)
            / u128::from(init.timestamp_hz);
        // The two clocks may drift apart, and a chip may change its frequency: a twentieth is allowed.
        let tolerance = elapsed / 20 + u128::from(init.cpu_hz / 10);
        if tolerance > u128::from(u32::MAX / 4) {
            return false;
        }
        let expected = before.wrapping_add(elapsed as u32);
        let off = now.wrapping_sub(expected).min(expected.wrapping_sub(now));
        u128::from(off) > tolerance
    }
}
