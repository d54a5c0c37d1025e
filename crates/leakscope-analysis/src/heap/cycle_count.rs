//! What the cycles that the user marked left behind at a call site.

use super::moment::{WARM_UP_CYCLES, WINDOWS};
use crate::findings::{CycleSteps, Cycles};

/// What the marked cycles left behind.
#[derive(Clone, Debug, Default)]
pub(super) struct CycleCount {
    live_at_start: u64,
    live_after_warm_up: u64,
    pub(super) cycles: Cycles,
    /// Bytes gained in each group of cycles after the first ones. What has no entry yet gained nothing.
    steps: Vec<i64>,
    /// A group is 2 to this power cycles.
    shift: u32,
}

impl CycleCount {
    /// Another cycle than `from` has begun: until then, nothing had changed since the last event.
    pub(super) fn settle(&mut self, from: u64, live: u64) {
        // Cycle 0 is the time before the first mark; what came before a cycle's end is `live`.
        if from > WARM_UP_CYCLES && live > self.live_at_start {
            self.cycles.grown += 1;
        }
        if from > WARM_UP_CYCLES && live != self.live_at_start {
            let cycle = from - WARM_UP_CYCLES - 1;
            self.widen_groups(cycle);
            let group = (cycle >> self.shift) as usize;
            self.steps.resize(self.steps.len().max(group + 1), 0);
            self.steps[group] += live as i64 - self.live_at_start as i64;
        }
        if from <= WARM_UP_CYCLES {
            self.live_after_warm_up = live;
        }
        self.cycles.net_bytes = live as i64 - self.live_after_warm_up as i64;
        self.live_at_start = live;
    }

    /// Makes groups so long that [`WINDOWS`] of them reach beyond `cycle`.
    fn widen_groups(&mut self, cycle: u64) {
        while cycle >> self.shift >= WINDOWS as u64 {
            self.shift += 1;
            self.steps = self.steps.chunks(2).map(|pair| pair.iter().sum()).collect();
        }
    }

    /// Bytes gained in each group of `whole` cycles; those at the end that fill no group are left out.
    pub(super) fn steps(mut self, whole: u64) -> CycleSteps {
        if whole == 0 {
            return CycleSteps::default();
        }
        self.widen_groups(whole - 1);
        self.steps.resize((whole >> self.shift) as usize, 0);
        CycleSteps {
            bytes: self.steps,
            cycles: 1 << self.shift,
        }
    }
}
