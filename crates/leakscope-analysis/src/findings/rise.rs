//! How a row of floors rises, and whether it does so to the end.

use super::theil_sen;

/// Windows needed: with fewer, a level that merely wanders rises all the way too often.
const LEAST_WINDOWS: usize = 8;

/// The sum of all falls is at most this share of the sum of all rises. A level that wanders at random
/// falls as much as it rises.
const FALLS: f64 = 0.25;

/// No floor is below this share of an earlier one: what is emptied now and then is a cache.
const KEPT: f64 = 0.75;

/// This share of the windows has a floor higher than all before it; of the last third, too.
const NEW_HEIGHTS: f64 = 1.0 / 3.0;

/// The line through the floors explains at least this share of the rise; otherwise it is one step.
const LINE: f64 = 0.5;

/// The line through the last third is at least this steep, compared to the line through all: less is a
/// level that is reached, or nearly.
const STILL_RISING: f64 = 0.4;

/// The second half rises by this many standard deviations of what chance does to a level that blocks
/// merely keep by coming and going.
const ABOVE_CHANCE: f64 = 3.0;

/// The last new height lies within this share of the windows before the end, or no longer ago than the
/// longest wait for one.
const RECENT: f64 = 0.1;

/// The lows of the quarters rise by more than this many standard deviations of what chance does to a level …
const LOWS_CHANCE: f64 = 1.0;

/// … and from the third quarter to the last by this share of what they rose before at least: less is a level that is reached.
const LOWS_GO_ON: f64 = 0.3;

/// Whether the lowest floor of each quarter, from the second on, is higher than that of the one before, by more than chance.
pub(super) fn lows_rise(floors: &[u64], scatter: f64) -> bool {
    let low = |quarter: usize| {
        let of_quarter = &floors[floors.len() * quarter / 4..floors.len() * (quarter + 1) / 4];
        of_quarter.iter().min().map_or(0.0, |&low| low as f64)
    };
    let (second, third, last) = (low(1), low(2), low(3));
    second < third
        && third < last
        && last - third >= LOWS_GO_ON * (third - second)
        && last - second > LOWS_CHANCE * (last * scatter).sqrt()
}

/// All of the last third lies above all of the first by more than this many standard deviations of what chance does.
const ABOVE_START: f64 = 2.0;

/// Whether the last third of the floors lies above the first, by more than chance.
pub(super) fn is_above_its_start(floors: &[u64], scatter: f64) -> bool {
    let third = floors.len() / 3;
    let first = floors[..third]
        .iter()
        .max()
        .map_or(0.0, |&high| high as f64);
    let last = floors[floors.len() - third..]
        .iter()
        .min()
        .map_or(0.0, |&low| low as f64);
    floors.len() >= LEAST_WINDOWS && last - first > ABOVE_START * (last * scatter).sqrt()
}

/// Measures of a row of floors. Lengths are windows, levels are bytes.
pub struct Rise {
    windows: usize,
    slack: f64,
    /// From the first floor to the last.
    net: f64,
    /// The floor in the middle.
    middle: f64,
    /// The last floor.
    last: f64,
    /// The sum of all steps down.
    falls: f64,
    /// The sum of all steps up.
    rises: f64,
    /// The lowest share of an earlier height that a later floor fell to.
    lowest_share: f64,
    /// Windows with a floor higher than all before.
    pub(super) new_heights: usize,
    /// Those of them in the last third.
    late_heights: usize,
    /// Since the last of these.
    since_last: usize,
    /// The longest time between two of these.
    longest_wait: usize,
    /// Bytes a window.
    slope: f64,
    /// The same of the last third.
    late_slope: f64,
}

impl Rise {
    /// `None` if there are no floors. Falls of up to `slack` bytes in all count for nothing, and neither does a
    /// level that is lower by that.
    pub fn of(floors: &[u64], slack: f64) -> Option<Self> {
        let (&first, &last) = (floors.first()?, floors.last()?);
        let late = floors.len() - floors.len().div_ceil(3);
        let mut rise = Self {
            windows: floors.len(),
            slack,
            net: last as f64 - first as f64,
            middle: floors[floors.len() / 2] as f64,
            last: last as f64,
            falls: 0.0,
            rises: 0.0,
            lowest_share: 1.0,
            new_heights: 0,
            late_heights: 0,
            since_last: 0,
            longest_wait: 0,
            slope: theil_sen::slope(floors),
            late_slope: theil_sen::slope(&floors[late..]),
        };
        let mut height = first;
        for (index, pair) in floors.windows(2).enumerate() {
            let (before, after) = (pair[0] as f64, pair[1] as f64);
            rise.falls += (before - after).max(0.0);
            rise.rises += (after - before).max(0.0);
            rise.since_last += 1;
            if pair[1] > height {
                height = pair[1];
                rise.new_heights += 1;
                rise.late_heights += usize::from(index + 1 >= late);
                rise.longest_wait = rise.longest_wait.max(rise.since_last);
                rise.since_last = 0;
            } else if height > 0 {
                rise.lowest_share = rise.lowest_share.min((after + slack) / height as f64);
            }
        }
        Some(rise)
    }

    /// Whether the floors rise all the way, do not come back, and have not reached a level. Chance gives
    /// a level of so many bytes a variance of `scatter` times that.
    pub fn is_lasting(&self, scatter: f64) -> bool {
        self.windows >= LEAST_WINDOWS
            && self.is_steady()
            && self.goes_on()
            && self.is_no_chance(scatter)
    }

    /// Whether the floors rise to the end, though they may have come back on the way.
    pub fn keeps_rising(&self) -> bool {
        self.windows >= LEAST_WINDOWS
            && self.net > 0.0
            && self.falls <= FALLS * self.rises
            && self.goes_on()
    }

    /// Whether no floor is below the one before it.
    pub fn never_falls(&self) -> bool {
        self.falls == 0.0
    }

    /// Chance makes floors fall, too; where they never do, it is no explanation.
    fn is_no_chance(&self, scatter: f64) -> bool {
        let chance = ((self.middle + self.last) * scatter).sqrt();
        self.never_falls() || self.last - self.middle >= ABOVE_CHANCE * chance
    }

    fn is_steady(&self) -> bool {
        let windows = self.windows as f64;
        self.net > 0.0
            && self.falls <= FALLS * self.rises + self.slack
            && self.lowest_share >= KEPT
            && self.new_heights as f64 >= NEW_HEIGHTS * windows
            && self.slope * (windows - 1.0) >= LINE * self.net
    }

    fn goes_on(&self) -> bool {
        let windows = self.windows as f64;
        let recent = self.since_last as f64 <= RECENT * windows;
        self.late_heights as f64 >= NEW_HEIGHTS * windows / 3.0
            && self.late_slope >= STILL_RISING * self.slope
            && (recent || self.since_last <= self.longest_wait)
    }
}
