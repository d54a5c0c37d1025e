//! What a much longer session knows of a call site that short ones accuse.
//!
//! What fills up looks like a leak until it is full, and what lives for longer than a session as if nobody freed it.

use super::site_record::Judged;
use crate::findings::{Confidence, SiteHistory, Span, Verdict};

/// A session that is so many times as long knows better: see [`crate::findings::Phases`].
const LONGER: u64 = 4;

/// A call site that allocates nothing for two thirds of the time in which it filled up is done: that is the silence of 40 % of a
/// recording which says so of one that does not pause.
const SILENT: (u64, u64) = (2, 3);

/// Of the blocks that were freed, this share in percent was no older.
const USUAL: u64 = 95;

/// What a session shows of a call site beside its verdict. Times are ticks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown {
    /// How long the session is.
    pub(super) ticks: u64,
    /// Blocks allocated in it.
    pub(super) allocations: u64,
    /// Those of them that were freed.
    frees: u64,
    /// The most bytes that lived at once in it.
    pub(super) peak_bytes: u64,
    /// The size of the largest block.
    largest: u64,
    /// The age of the oldest block that was outstanding.
    oldest: u64,
    /// How old those that were freed usually were; 0 if none was.
    usual_life: u64,
    /// How long it took until half of what was outstanding was there.
    half_came: u64,
}

impl Shown {
    pub(super) fn of(history: &SiteHistory, span: &Span) -> Self {
        let births = &history.live_births;
        let oldest = births.first().map(|birth| span.end.saturating_sub(*birth));
        let middle = births.get(births.len() / 2);
        let half_came = middle.map(|birth| birth.saturating_sub(span.start));
        Self {
            ticks: span.end - span.start,
            allocations: history.allocations,
            frees: history.frees,
            peak_bytes: history.max_live_bytes,
            largest: history.largest,
            oldest: oldest.unwrap_or(0),
            usual_life: history.lifetimes.percentile(USUAL).unwrap_or(0),
            half_came: half_came.unwrap_or(0),
        }
    }

    /// Of a call site that held so many bytes for so long, and allocated none.
    pub(super) fn held(bytes: u64, ticks: u64) -> Self {
        Self {
            ticks,
            peak_bytes: bytes,
            ..Self::default()
        }
    }

    /// Four times as long, but for what no clock is worth: one in twenty.
    pub(super) fn is_longer_than(&self, other: &Self) -> bool {
        self.ticks.saturating_add(self.ticks / 20) >= other.ticks.saturating_mul(LONGER)
    }

    /// With about as many allocations, or more: three quarters at least.
    pub(super) fn is_as_busy(&self, other: &Self) -> bool {
        self.allocations >= other.allocations - other.allocations / 4
    }

    /// Whether it held as much as the other: what fills up by itself scatters by the root of the number of its blocks, and
    /// twice that is allowed for.
    fn reaches(&self, other: &Self) -> bool {
        let scatter = 2.0 * (self.peak_bytes as f64 * self.largest as f64).sqrt();
        self.peak_bytes as f64 + scatter >= other.peak_bytes as f64
    }

    /// The most of both.
    fn most(&self, other: &Self) -> Self {
        Self {
            ticks: self.ticks.max(other.ticks),
            allocations: self.allocations.max(other.allocations),
            peak_bytes: self.peak_bytes.max(other.peak_bytes),
            oldest: self.oldest.max(other.oldest),
            ..Self::default()
        }
    }
}

/// Who may know better: of each kind of evidence the longest session. Most call sites have none.
#[derive(Clone, Debug, Default)]
pub(super) struct Acquittals {
    /// The most that the sessions show that accuse it.
    accused: Shown,
    /// It was full.
    full: Option<Box<Judged>>,
    /// It held its blocks behind pauses, and allocated none.
    held: Option<Box<Judged>>,
    /// It freed blocks.
    released: Option<Box<Judged>>,
    /// It left blocks, and fits no pattern.
    left: Option<Box<Judged>>,
}

impl Acquittals {
    /// What another session shows.
    pub(super) fn note(&mut self, judged: &Judged) {
        let Judged { finding, shown, .. } = judged;
        match finding.verdict {
            verdict if verdict.is_leak() => {
                self.accused = self.accused.most(shown);
                return;
            }
            // What lost data hide is no evidence.
            Verdict::Uncertain | Verdict::Lost => return,
            Verdict::Bounded | Verdict::Once if finding.confidence >= Confidence::Medium => {
                keep_longest(&mut self.full, judged);
            }
            Verdict::Unclassified => keep_longest(&mut self.left, judged),
            _ => {}
        }
        if shown.frees > 0 {
            keep_longest(&mut self.released, judged);
        }
    }

    /// What sessions show that hold blocks from before a pause, and allocate none.
    pub(super) fn note_held(&mut self, judged: &Judged) {
        keep_longest(&mut self.held, judged);
    }

    /// The session that knows better than all that accuse it: they show no more than it does, and it is no leak there.
    pub(super) fn known_better(&self) -> Option<&Judged> {
        let accused = &self.accused;
        let longer = |judged: &&Judged| {
            judged.shown.is_longer_than(accused) && judged.shown.reaches(accused)
        };
        let full = self.full.as_deref().filter(longer);
        let held = self.held.as_deref().filter(|judged| {
            let (part, whole) = SILENT;
            judged.shown.ticks.saturating_mul(whole) >= accused.ticks.saturating_mul(part)
                && judged.shown.reaches(accused)
        });
        // It freed as many, and those were as old.
        let released = self.released.as_deref().filter(longer).filter(|judged| {
            judged.shown.frees >= accused.allocations && judged.shown.usual_life >= accused.oldest
        });
        // It began like them, and did not go on so.
        let left = self.left.as_deref().filter(longer).filter(|judged| {
            judged.shown.is_as_busy(accused) && judged.shown.half_came <= accused.ticks
        });
        full.or(held).or(released).or(left)
    }
}

fn keep_longest(kept: &mut Option<Box<Judged>>, judged: &Judged) {
    if (kept.as_ref()).is_none_or(|kept| kept.shown.ticks < judged.shown.ticks) {
        *kept = Some(Box::new(judged.clone()));
    }
}
