//! Whether a new start sequence means that the target was reset: its own clock tells.

use leakscope_systemview::Init;

/// What the target's clock said last, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TargetClock {
    microseconds: Option<(u64, u64)>,
    /// What it said behind the first start sequence since the target was reset, in microseconds.
    at_first: Option<u64>,
    cycles: Option<(u32, u64)>,
    /// Whether a start sequence came since.
    began: bool,
}

/// A clock that runs in steps, and a recorder that takes its time, in microseconds.
const STEPS: u64 = 100_000;

/// A target that tells of itself so long after its reset, in microseconds, may do so after the next one, too: at most so
/// much later, beside twice that.
const EARLY: u64 = 60_000_000;
const LATER: u64 = 2_000_000;

impl TargetClock {
    /// The clock says this many microseconds at `time`; returns whether it ran backwards, or, behind a start sequence,
    /// whether it cannot have come there by running on, and may have from zero.
    pub(super) fn microseconds(&mut self, now: u64, time: u64, init: &Init) -> bool {
        let began = std::mem::take(&mut self.began);
        let before = self.microseconds.replace((now, time));
        let first = *self.at_first.get_or_insert(now);
        let was_reset = before.is_some_and(|(before, then)| {
            let is_from_zero = first <= EARLY && now <= 2 * first + LATER;
            now < before
                || began
                    && is_from_zero
                    && stays_behind(now - before, time.saturating_sub(then), init)
        });
        if was_reset {
            self.at_first = Some(now);
        }
        was_reset
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

/// Whether a clock that runs on would be further than `advance` microseconds after so many ticks. Some systems count
/// milliseconds or ticks in their place: theirs may be.
fn stays_behind(advance: u64, ticks: u64, init: &Init) -> bool {
    if init.timestamp_hz == 0 {
        return false;
    }
    let microseconds = u128::from(ticks) * 1_000_000 / u128::from(init.timestamp_hz);
    let runs_on = [microseconds, microseconds / 1000, u128::from(ticks)]
        .iter()
        .any(|elapsed| u128::from(advance).abs_diff(*elapsed) <= elapsed / 20);
    !runs_on && u128::from(advance) + microseconds / 20 + u128::from(STEPS) < microseconds
}
