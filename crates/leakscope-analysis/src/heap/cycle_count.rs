//! What the cycles that the user marked left behind at a call site.

use crate::findings::Cycles;

/// What the marked cycles left behind.
#[derive(Clone, Debug, Default)]
pub(super) struct CycleCount {
    live_at_start: u64,
    live_after_warm_up: u64,
    pub(super) cycles: Cycles,
}

/// The first cycles, in which caches fill and lazy things come to be.
pub(super) const WARM_UP_CYCLES: u64 = 2;

impl CycleCount {
    /// Another cycle than `from` has begun: until then, nothing had changed since the last event.
    pub(super) fn settle(&mut self, from: u64, live: u64) {
        // Cycle 0 is the time before the first mark; what came before a cycle's end is `live`.
        if from > WARM_UP_CYCLES && live > self.live_at_start {
            self.cycles.grown += 1;
        }
        if from <= WARM_UP_CYCLES {
            self.live_after_warm_up = live;
        }
        self.cycles.net_bytes = live as i64 - self.live_after_warm_up as i64;
        self.live_at_start = live;
    }
}
