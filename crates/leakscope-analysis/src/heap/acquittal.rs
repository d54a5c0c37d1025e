//! What a much longer session knows of a call site that short ones accuse.
//!
//! What fills up looks like a leak until it is full, and what lives for longer than a session as if nobody freed it.

use super::carried::Held;
use super::site_record::Judged;
use crate::findings::{self, Confidence, Finding, Lifetimes, SiteHistory, Span, Verdict};

/// A session that is so many times as long knows better: see [`crate::findings::Phases`].
const LONGER: u64 = 4;

/// A call site that does not rise for two thirds of the time in which it filled up is done: that is the silence of 40 % of a
/// recording which says so of one that does not pause.
const SILENT: (u64, u64) = (2, 3);

/// Where two thirds as many blocks were to come again, chance brings no more than the square root of their number, less this, in one
/// of 50 cases at most.
const FEW: u64 = 2;

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

    /// With what it may hold beside, from before a pause.
    pub(super) fn and_held(self, held: Option<&Held>) -> Self {
        Self {
            peak_bytes: self.peak_bytes + held.map_or(0, |held| held.bytes),
            ..self
        }
    }

    /// Of a call site that held this for so long.
    pub(super) fn held(level: &Level, ticks: u64) -> Self {
        Self {
            ticks,
            peak_bytes: level.bytes,
            largest: level.bytes / level.blocks.max(1),
            ..Self::default()
        }
    }

    /// Blocks that were not freed in it.
    pub(super) fn left(&self) -> u64 {
        self.allocations.saturating_sub(self.frees)
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
        let allocations = self.allocations.max(other.allocations);
        Self {
            ticks: self.ticks.max(other.ticks),
            allocations,
            frees: allocations - self.left().max(other.left()),
            peak_bytes: self.peak_bytes.max(other.peak_bytes),
            oldest: self.oldest.max(other.oldest),
            ..Self::default()
        }
    }
}

/// What a call site holds behind a pause: blocks from before it, and others that took the places of such.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    /// When its piece of the recording ends.
    pub(super) blocks: u64,
    pub(super) bytes: u64,
    /// Blocks when it began.
    at_first: u64,
}

impl Level {
    /// Of blocks from before the pause alone.
    pub(super) fn before(held: &Held) -> Self {
        Self {
            blocks: held.blocks,
            bytes: held.bytes,
            at_first: held.blocks + held.ended,
        }
    }

    /// With what was allocated since.
    pub(super) fn and(self, blocks: u64, bytes: u64) -> Self {
        Self {
            blocks: self.blocks + blocks,
            bytes: self.bytes + bytes,
            ..self
        }
    }

    /// By how many blocks it rose.
    pub(super) fn rise(&self) -> i32 {
        let blocks = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
        blocks(self.blocks) - blocks(self.at_first)
    }
}

/// Who may know better: of each kind of evidence the longest session. Most call sites have none.
#[derive(Clone, Debug, Default)]
pub(super) struct Acquittals {
    /// The most that the sessions show that accuse it.
    accused: Shown,
    /// It was full.
    full: Option<Box<Judged>>,
    /// It held its level behind pauses.
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

    /// What sessions show that hold a level from before a pause.
    pub(super) fn note_held(&mut self, judged: &Judged) {
        keep_longest(&mut self.held, judged);
    }

    /// Whether a call site that has risen by so many blocks goes on as it was accused. Then it holds no level.
    pub(super) fn rises(&mut self, blocks: i32) -> bool {
        let most = self.accused.left().isqrt().saturating_sub(FEW);
        let rises = i64::from(blocks) > most as i64;
        if rises {
            self.held = None;
        }
        rises
    }

    /// That all is in flight of which this was found, by what all pieces of a recording show that pauses: blocks usually became as old, of
    /// as many as were allocated in a piece that accuses, and as many were freed as should have been seen. A single block that grows
    /// is no older than its last enlargement.
    pub(super) fn in_flight(
        &self,
        found: &Finding,
        lives: &Lifetimes,
        expected: f64,
    ) -> Option<Finding> {
        let accused = &self.accused;
        let usual = lives.percentile(USUAL)?;
        // That none is freed is refuted by each of these. That more come than go is not.
        let scatter = match found.verdict {
            Verdict::LeakSteady => 2.0 * expected.sqrt(),
            _ => 0.0,
        };
        let is_usual = usual >= accused.oldest && lives.count() >= accused.allocations;
        let all_end = lives.count() as f64 + scatter >= expected;
        (is_usual && all_end && accused.left() > 1).then(|| {
            findings::in_flight_between_pauses(accused.left(), accused.oldest, lives, usual)
        })
    }

    /// The session that knows better than all that accuse it: they show no more than it does, and it is no leak there.
    pub(super) fn known_better(&self) -> Option<&Judged> {
        let accused = &self.accused;
        let longer = |judged: &&Judged| {
            judged.shown.is_longer_than(accused) && judged.shown.reaches(accused)
        };
        let full = self.full.as_deref().filter(longer);
        let held = self.held.as_deref().filter(|judged| {
            is_silent_for(judged.shown.ticks, accused.ticks) && judged.shown.reaches(accused)
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

/// Whether it did not rise for so many ticks of those in which it had.
pub(super) fn is_silent_for(ticks: u64, rising: u64) -> bool {
    let (part, whole) = SILENT;
    ticks.saturating_mul(whole) >= rising.saturating_mul(part)
}

fn keep_longest(kept: &mut Option<Box<Judged>>, judged: &Judged) {
    if (kept.as_ref()).is_none_or(|kept| kept.shown.ticks < judged.shown.ticks) {
        *kept = Some(Box::new(judged.clone()));
    }
}

/// How likely it is that a session leaves so many blocks at least, of all that were left in it and in these others, if that is what is
/// in use when a session ends. At most this is as the length of a queue: one block more is always as much less likely. Each way to
/// share them out among the sessions is then as likely as the others.
pub(super) fn chance_of(left: u64, others: &[u64]) -> f64 {
    let sum: u64 = others.iter().sum();
    let shares = (1..=others.len() as u64).map(|other| {
        let without = (sum + other) as f64;
        without / (without + left as f64)
    });
    shares.product()
}
