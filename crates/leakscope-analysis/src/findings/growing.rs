//! A leak behind ordinary use: blocks are freed, and yet the lowest level rises and does not come back.

use super::case::{Case, Floors};
use super::{Confidence, Finding, Verdict, Word, theil_sen};

/// Windows needed: with fewer, a level that merely wanders rises all the way too often.
const LEAST_WINDOWS: usize = 8;

/// With this many windows the verdict is sure.
const MANY_WINDOWS: usize = 16;

/// The sum of all falls is at most this share of the sum of all rises. A level that wanders at random
/// falls as much as it rises.
const FALLS: f64 = 0.25;

/// No floor is below this share of an earlier one: what is emptied now and then is a cache.
const KEPT: f64 = 0.75;

/// This share of the windows has a floor higher than all before it.
const NEW_HEIGHTS: f64 = 1.0 / 3.0;

/// The line through the floors explains at least this share of the rise; otherwise it is one step.
const LINE: f64 = 0.5;

/// The last third rises by at least this share of what the first third rises by: less is a level that
/// is nearly reached.
const STILL_RISING: f64 = 0.25;

/// The last new height lies within this share of the windows before the end.
const RECENT: f64 = 0.1;

/// Answers for sites whose floor rises to the end of the observed stretch.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    let floors = case.floors();
    let rise = Rise::of(floors.bytes)?;
    (case.freed_before_shutdown() && rise.is_lasting()).then(|| Finding {
        verdict: Verdict::LeakGrowing,
        confidence: if floors.bytes.len() >= MANY_WINDOWS {
            Confidence::High
        } else {
            Confidence::Medium
        },
        reason: vec![
            Word::Text("the lowest level rose from "),
            Word::Bytes(floors.bytes.first().copied().unwrap_or_default()),
            Word::Text(" to "),
            Word::Bytes(floors.bytes.last().copied().unwrap_or_default()),
            Word::Text(", to a new height in "),
            Word::Count(rise.new_heights as u64),
            Word::Text(" of "),
            Word::Count(floors.bytes.len() as u64),
            Word::Text(" windows of "),
            Word::Duration(floors.window),
            Word::Text(" since "),
            Word::Moment(floors.start(0)),
        ],
    })
}

/// Bytes by which the floors rise in a window.
pub(super) fn slope(floors: &Floors<'_>) -> f64 {
    theil_sen::slope(floors.bytes)
}

/// How a row of floors rises.
struct Rise {
    windows: usize,
    /// From the first to the last.
    net: f64,
    falls: f64,
    rises: f64,
    /// The lowest share of an earlier height that a later floor fell to.
    lowest_share: f64,
    /// Windows with a floor higher than all before.
    new_heights: usize,
    /// Windows since the last of these.
    since_last: usize,
    /// The most windows between two of these.
    longest_wait: usize,
    /// The rise of each third.
    thirds: [f64; 3],
    slope: f64,
}

impl Rise {
    fn of(floors: &[u64]) -> Option<Self> {
        let (&first, &last) = (floors.first()?, floors.last()?);
        let windows = floors.len();
        let third = |n: usize| floors[(windows - 1) * n / 3] as f64;
        let mut rise = Self {
            windows,
            net: last as f64 - first as f64,
            falls: 0.0,
            rises: 0.0,
            lowest_share: 1.0,
            new_heights: 0,
            since_last: 0,
            longest_wait: 0,
            thirds: [
                third(1) - third(0),
                third(2) - third(1),
                third(3) - third(2),
            ],
            slope: theil_sen::slope(floors),
        };
        let mut height = first;
        for pair in floors.windows(2) {
            let (before, after) = (pair[0] as f64, pair[1] as f64);
            rise.falls += (before - after).max(0.0);
            rise.rises += (after - before).max(0.0);
            rise.since_last += 1;
            if pair[1] > height {
                height = pair[1];
                rise.new_heights += 1;
                rise.longest_wait = rise.longest_wait.max(rise.since_last);
                rise.since_last = 0;
            } else {
                rise.lowest_share = rise.lowest_share.min(after / height as f64);
            }
        }
        Some(rise)
    }

    fn is_lasting(&self) -> bool {
        let windows = self.windows as f64;
        let recent = (self.since_last as f64) <= RECENT * windows;
        self.windows >= LEAST_WINDOWS
            && self.net > 0.0
            && self.falls <= FALLS * self.rises
            && self.lowest_share >= KEPT
            && self.new_heights as f64 >= NEW_HEIGHTS * windows
            && self.slope * (windows - 1.0) >= LINE * self.net
            && self.thirds[2] >= STILL_RISING * self.thirds[0]
            && (recent || self.since_last <= self.longest_wait)
    }
}
