//! What several sessions together show of a call site: their numbers added up, for the fastest of many grows fast by chance.

use super::{CycleSteps, Growth, Left, Verdict, theil_sen};

impl Left {
    /// Adds what a later session left.
    pub(crate) fn join(&mut self, later: &Self) {
        self.ticks = self.ticks.saturating_add(later.ticks);
        self.blocks += later.blocks;
        self.bytes = self.bytes.saturating_add(later.bytes);
        self.squared_bytes += later.squared_bytes;
        if self.windows.is_empty() {
            self.windows.clone_from(&later.windows);
        } else {
            for (sum, bytes) in self.windows.iter_mut().zip(&later.windows) {
                *sum = sum.saturating_add(*bytes);
            }
        }
        self.join_floors(later);
        self.cycles.join(&later.cycles);
    }

    /// Takes blocks out that were not left behind.
    pub(crate) fn take_out(&mut self, others: &Self) {
        self.blocks -= others.blocks;
        self.bytes -= others.bytes;
        self.squared_bytes -= others.squared_bytes;
    }

    /// The later floors begin where the ones before ended: what counts is how they rise.
    fn join_floors(&mut self, later: &Self) {
        if self.floors.is_empty() {
            self.floors.clone_from(&later.floors);
            self.floor_ticks = later.floor_ticks;
            return;
        }
        let mut later = (later.floors.clone(), later.floor_ticks);
        while self.floor_ticks < later.1 {
            widen_floors(&mut self.floors, &mut self.floor_ticks);
        }
        while later.1 < self.floor_ticks && later.0.len() > 1 {
            widen_floors(&mut later.0, &mut later.1);
        }
        if let (Some(&end), [begin, rest @ ..]) = (self.floors.last(), &later.0[..]) {
            // None falls below 0.
            let lift = begin.saturating_sub(end);
            for floor in &mut self.floors {
                *floor = floor.saturating_add(lift);
            }
            let above = (end + lift) - begin;
            let rest = rest.iter().map(|floor| floor.saturating_add(above));
            self.floors.extend(rest);
        }
        while self.floors.len() > Self::WINDOWS {
            widen_floors(&mut self.floors, &mut self.floor_ticks);
        }
    }

    /// Without what belongs to other verdicts.
    #[must_use]
    pub(crate) fn shown_with(mut self, verdict: Verdict) -> Self {
        if !verdict.is_leak() {
            self.windows.clear();
        } else if verdict != Verdict::LeakGrowing {
            self.floors.clear();
            self.floor_ticks = 0;
        }
        self
    }

    /// How fast it grew in all sessions, of which those where nothing was allocated took `unused` ticks; `cycles` is what the
    /// marked cycles of all left. `None` of what does not leak.
    pub(crate) fn growth(&self, verdict: Verdict, unused: u64, cycles: Growth) -> Option<Growth> {
        match verdict {
            Verdict::LeakSteady | Verdict::LeakSurvivors => {
                Some(Growth::new(self.bytes, self.ticks - unused))
            }
            Verdict::LeakGrowing => {
                let windows = self.floors.len() as u64;
                let bytes = theil_sen::slope(&self.floors) * windows as f64;
                let ticks = self.floor_ticks.saturating_mul(windows);
                Some(Growth::new(bytes.max(0.0) as u64, ticks))
            }
            Verdict::LeakPerCycle => Some(cycles),
            _ => None,
        }
    }
}

/// Windows twice as long; what fills none is left out.
fn widen_floors(floors: &mut Vec<u64>, ticks: &mut u64) {
    *floors = (floors.chunks_exact(2))
        .map(|pair| pair[0].min(pair[1]))
        .collect();
    *ticks = ticks.saturating_mul(2);
}

impl CycleSteps {
    fn join(&mut self, later: &Self) {
        if later.cycles == 0 {
            return;
        }
        if self.cycles == 0 {
            self.clone_from(later);
            return;
        }
        let mut later = later.clone();
        while self.cycles < later.cycles {
            self.widen();
        }
        while later.cycles < self.cycles {
            later.widen();
        }
        self.bytes.extend(later.bytes);
        while self.bytes.len() > Left::WINDOWS {
            self.widen();
        }
    }

    /// Groups of twice as many cycles; what fills none is left out.
    fn widen(&mut self) {
        let pairs = self.bytes.chunks_exact(2);
        self.bytes = pairs.map(|pair| pair[0].saturating_add(pair[1])).collect();
        self.cycles = self.cycles.saturating_mul(2);
    }
}
