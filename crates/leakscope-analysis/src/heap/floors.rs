//! The lowest number of live bytes of a call site, in each window of time.

use super::moment::{Moment, WINDOWS};

/// The window that the last event fell into.
#[derive(Clone, Debug, Default)]
pub(super) struct Floor {
    /// The live bytes since the last change. It counts when the next one comes, because until then the
    /// last may turn out to be one half of a reallocation.
    pub(super) level: u64,
    /// The lowest level so far.
    pub(super) lowest: u64,
    /// Where the window ends; earlier if windows have grown since. 0 as long as [`Floors::begin`] was not called.
    pub(super) until: u64,
}

/// The lowest number of live bytes in each window.
#[derive(Clone, Debug, Default)]
pub(super) struct Floors {
    window: usize,
    shift: u32,
    values: [u64; WINDOWS],
}

impl Floors {
    /// Nothing lived before the window of `time`.
    pub(super) fn begin(&mut self, time: u64, moment: &Moment) {
        self.shift = moment.window_shift;
        self.window = self.window_of(time, moment);
    }

    fn window_of(&self, time: u64, moment: &Moment) -> usize {
        let since_start = time.saturating_sub(moment.start);
        ((since_start >> self.shift) as usize).min(WINDOWS - 1)
    }

    /// The floor of each window so far.
    pub(super) fn values(&self) -> &[u64] {
        &self.values[..=self.window]
    }

    /// Goes on to the window of `time`: since the last change the level was the same.
    pub(super) fn enter_window(&mut self, floor: &Floor, time: u64, moment: &Moment) -> Floor {
        self.values[self.window] = floor.lowest;
        while self.shift < moment.window_shift {
            self.merge_pairs();
        }
        let window = self.window_of(time, moment);
        while self.window < window {
            self.window += 1;
            self.values[self.window] = floor.level;
        }
        Floor {
            level: floor.level,
            lowest: self.values[self.window],
            until: moment.end_of_window(self.window, self.shift),
        }
    }

    fn merge_pairs(&mut self) {
        for pair in 0..=self.window / 2 {
            let first = self.values[2 * pair];
            let second = match 2 * pair + 1 {
                index if index <= self.window => self.values[index],
                _ => first,
            };
            self.values[pair] = first.min(second);
        }
        self.window /= 2;
        self.shift += 1;
    }
}
