//! What all call sites share at one moment of a session.

/// What all sites share at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moment {
    /// When the session began.
    pub(super) start: u64,
    /// A window is 2 to this power ticks long; it grows so that the trace has at most
    /// [`WINDOWS`] of them.
    pub(super) window_shift: u32,
    /// Until when that is so.
    pub(super) full_at: u64,
    /// How many peaks of the whole heap there were.
    pub(super) peak: u64,
    /// How many cycles the user has marked.
    pub(super) cycle: u64,
}

impl Moment {
    /// Cycles that the user marked and that are over, after the first two.
    pub(super) fn whole_cycles(&self) -> u64 {
        self.cycle.saturating_sub(WARM_UP_CYCLES + 1)
    }

    /// Makes windows so long that they reach up to `time`.
    #[cold]
    pub(super) fn widen_windows(&mut self, time: u64) {
        while time.saturating_sub(self.start) >> self.window_shift >= WINDOWS as u64 {
            self.window_shift += 1;
        }
        self.full_at = self.end_of_window(WINDOWS - 1, self.window_shift);
    }

    /// The first moment behind a window.
    pub(super) fn end_of_window(&self, window: usize, shift: u32) -> u64 {
        let length = (window as u64 + 1).checked_mul(1 << shift);
        self.start.saturating_add(length.unwrap_or(u64::MAX))
    }
}

/// The most windows that a trace is divided into.
pub(super) const WINDOWS: usize = 32;

/// The first cycles, in which caches fill and lazy things come to be.
pub(super) const WARM_UP_CYCLES: u64 = 2;
