//! The target's own clock, told now and then, as a witness: where more or less time passed by it than between the packets, bytes
//! are missing or changed, though no gap need say so; and where as much passed, none are.

/// Stretches between two moments at which the clock was told.
#[derive(Clone, Debug, Default)]
pub(super) struct ToldTime {
    /// By stream: what the clock said last, in ticks, and when.
    before: Vec<Option<(u64, u64)>>,
    /// In how many it agreed with the packets.
    agreed: usize,
    /// Those in which it did, joined where they meet; and those in which it did not.
    whole: Vec<(u64, u64)>,
    torn: Vec<(u64, u64)>,
}

/// A clock that is read beside the time stamp's is so many microseconds, or ticks, away from it at the most.
const SLACK: u64 = 4;

/// A clock is exact that agreed so often, and in so many of so many stretches.
const LEAST: usize = 4;
const MOSTLY: (usize, usize) = (3, 4);

/// No more stretches are noted.
const MOST: usize = 1000;

impl ToldTime {
    /// A stream's clock begins anew, or goes on behind a pause.
    pub(super) fn begin(&mut self, stream: usize) {
        if let Some(before) = self.before.get_mut(stream) {
            *before = None;
        }
    }

    /// A stream's clock says so many ticks at this time.
    pub(super) fn tell(&mut self, stream: usize, clock: u64, time: u64, hz: u32) {
        if self.before.len() <= stream {
            self.before.resize(stream + 1, None);
        }
        let Some((before, then)) = self.before[stream].replace((clock, time)) else {
            return;
        };
        // Counters have 32 bits.
        let passed = time.saturating_sub(then);
        let off = clock.wrapping_sub(before).wrapping_sub(passed) as i32;
        let slack = SLACK + SLACK * u64::from(hz) / 1_000_000;
        if u64::from(off.unsigned_abs()) > slack {
            if self.torn.len() < MOST {
                self.torn.push((then, time));
            }
            return;
        }
        self.agreed += 1;
        match self.whole.last_mut() {
            Some((_, end)) if *end == then => *end = time,
            _ => self.whole.push((then, time)),
        }
        self.whole.truncate(MOST);
    }

    fn is_exact(&self) -> bool {
        let (some, of) = MOSTLY;
        let all = self.agreed + self.torn.len();
        self.agreed >= LEAST && self.agreed * of >= all * some
    }

    /// Where bytes are missing or changed, in any stream.
    pub(super) fn torn(&self) -> &[(u64, u64)] {
        if self.is_exact() { &self.torn } else { &[] }
    }

    /// Where none are.
    pub(super) fn whole(&self) -> &[(u64, u64)] {
        if self.is_exact() { &self.whole } else { &[] }
    }
}
