//! What all sessions together show of a call site.

use super::acquittal::{self, Acquittals, Level, Shown};
use super::contexts::Contexts;
use super::paused::FreedLater;
use super::pieces::{Kept, Recorded};
use super::site::Site;
use super::site_id::SiteId;
use crate::findings::{
    self, Confidence, Finding, Growth, Left, Lifetimes, Phases, Rank, SiteHistory, Verdict, Word,
};
use crate::outcome::{Block, CallSite};
use crate::trace::StackCertainty;

/// One call site, summed over sessions.
#[derive(Clone, Debug, Default)]
pub(super) struct SiteRecord {
    verdict: Option<Judged>,
    /// What long sessions know against those that accuse it.
    acquittals: Acquittals,
    /// How many sessions accuse it.
    accusing: u32,
    /// The longest of those that say it is no leak.
    denying: Vec<Denying>,
    /// How many sessions used it, and whether some are pieces of one boot, with pauses between.
    used: u32,
    has_pieces: bool,
    /// What it left in all sessions.
    left: Left,
    /// What of that was in use when a session ended in which blocks came and went without a leak: it was not left behind.
    in_use: Left,
    /// How long it was watched in those that did not use it, in ticks.
    unused_ticks: u64,
    /// Of a boot with pauses: how long its level rose, how long it has held it since then, in ticks, and by how many blocks that rose
    /// nevertheless.
    rising_ticks: u64,
    held_ticks: u64,
    risen: i32,
    /// What the cycles that were marked left.
    cycles: Option<Growth>,
    /// How old blocks were when they were freed, in any piece of a recording that pauses.
    lives: Option<Box<Lifetimes>>,
    pub(super) allocations: u64,
    pub(super) frees: u64,
    pub(super) reallocations: u64,
    pub(super) failed: u64,
    pub(super) allocated_bytes: u64,
    pub(super) outstanding_blocks: u64,
    pub(super) outstanding_bytes: u64,
    pub(super) peak_bytes: u64,
    pub(super) range: Option<(u64, u64)>,
    pub(super) period: Option<(u64, u64)>,
    pub(super) contexts: u64,
    pub(super) cores: u64,
    pub(super) blocks: Vec<Block>,
}

/// What one session shows of a call site.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) finding: Finding,
    pub(super) growth: Growth,
    /// The session's number.
    pub(super) session: usize,
    /// What else it shows.
    pub(super) shown: Shown,
}

/// A session that denies a leak. Counts are of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Denying {
    ticks: u64,
    allocations: u32,
    /// What lived at its end.
    left: u32,
}

/// The most of these that are kept.
const MOST_DENYING: usize = 8;

/// Where so many deny for each that accuses, no leak of all is to be expected: of those, two thirds show, so that four in a row
/// hide one in 75 times.
const MANY_DENY: u64 = 4;

/// What so many sessions leave by chance is this seldom more, of all of them together.
const BY_CHANCE: f64 = 0.01;

impl Judged {
    fn is_leak(&self) -> bool {
        self.finding.verdict.is_leak()
    }

    fn is_no_leak(&self) -> bool {
        matches!(
            self.finding.verdict,
            Verdict::LateRelease
                | Verdict::Bounded
                | Verdict::Once
                | Verdict::InFlight
                | Verdict::AllFreed
        )
    }

    /// Whether a session of so many ticks and allocations is about as long and as busy, or more so.
    fn is_matched_by(&self, other: &Denying) -> bool {
        let nearly = |all: u64| all - all / 4;
        other.ticks >= nearly(self.shown.ticks)
            && u64::from(other.allocations) >= nearly(self.shown.allocations)
    }

    fn is_longer_than(&self, other: &Self) -> bool {
        self.shown.is_longer_than(&other.shown)
    }

    fn rank(&self) -> Rank {
        Rank {
            verdict: self.finding.verdict,
            growth: self.growth,
            outstanding_bytes: 0,
            first_allocation: 0,
        }
    }
}

impl SiteRecord {
    /// Of a call site that no session has used, in which such a one was seen to leave this: nothing, while it was watched.
    pub(super) fn unused(left: &Left) -> Self {
        Self {
            left: left.clone(),
            unused_ticks: left.ticks,
            ..Self::default()
        }
    }

    /// A session did not use it.
    pub(super) fn leave_unused(&mut self, left: &Left) {
        self.left.join(left);
        self.unused_ticks += left.ticks;
    }

    /// What a session left, or what was in use at its end, and its marked cycles, if there were any.
    pub(super) fn leave(&mut self, is_in_use: bool, left: &Left, cycles: Option<Growth>) {
        self.used += 1;
        self.left.join(left);
        if is_in_use {
            self.in_use.join(left);
        }
        if let Some(cycles) = cycles {
            match &mut self.cycles {
                Some(sum) => sum.join(cycles),
                None => self.cycles = Some(cycles),
            }
        }
    }

    /// What was freed behind a pause lived when its session ended.
    pub(super) fn give_back(&mut self, later: &FreedLater) {
        self.frees -= later.blocks;
        self.outstanding_blocks += later.blocks;
        self.outstanding_bytes += later.bytes;
    }

    /// How old blocks of a piece were when they were freed, in it or behind a pause.
    pub(super) fn note_lives(&mut self, in_piece: &Lifetimes, later: Option<&FreedLater>) {
        let lives = self.lives.get_or_insert_default();
        lives.join(in_piece);
        if let Some(later) = later {
            lives.take_out(&later.at_pause);
            lives.join(&later.lives);
        }
    }

    pub(super) fn add(&mut self, site: &Site, history: &SiteHistory) {
        self.allocations += site.allocations;
        self.frees += site.frees;
        self.reallocations += site.reallocations();
        self.failed += site.failed();
        self.allocated_bytes += site.allocated_bytes;
        self.outstanding_blocks += site.live_blocks();
        self.outstanding_bytes += site.live_bytes;
        self.peak_bytes = self.peak_bytes.max(history.max_live_bytes);
        self.cores |= site.cores;
        self.contexts |= site.contexts;
        if site.allocations > 0 {
            let (smallest, largest) = self.range.unwrap_or((u64::MAX, 0));
            self.range = Some((
                smallest.min(site.smallest.into()),
                largest.max(site.largest.into()),
            ));
            let first = self
                .period
                .map_or(site.first_allocation, |(first, _)| first);
            self.period = Some((first, site.last_allocation));
        }
    }

    /// A session begins: with a boot, or where the recording had paused.
    pub(super) fn begin_session(&mut self, is_piece: bool) {
        self.has_pieces |= is_piece;
        if !is_piece {
            (self.rising_ticks, self.held_ticks, self.risen) = (0, 0, 0);
        }
    }

    /// The worst verdict of all sessions counts, of leaks that of a much longer session; of equals, the first.
    pub(super) fn judge(&mut self, judged: Judged) {
        self.acquittals.note(&judged);
        self.accusing += u32::from(judged.is_leak());
        if judged.is_no_leak() {
            let blocks = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
            self.denying.push(Denying {
                ticks: judged.shown.ticks,
                allocations: blocks(judged.shown.allocations),
                left: blocks(judged.shown.left()),
            });
            self.denying.sort_unstable_by(|one, other| other.cmp(one));
            self.denying.truncate(MOST_DENYING);
        }
        let counts = match &self.verdict {
            Some(known) if known.is_leak() && judged.is_leak() => {
                judged.is_longer_than(known)
                    || !known.is_longer_than(&judged) && judged.rank() < known.rank()
            }
            Some(known) => judged.rank() < known.rank(),
            None => true,
        };
        if counts {
            self.verdict = Some(judged);
        }
    }

    /// What a session of so many ticks holds of a level from before it, if it does. It was full if it held that for as long, compared
    /// to the time in which it rose.
    pub(super) fn note_level(&mut self, level: Option<Level>, ticks: u64, session: usize) {
        let rise = level.map_or(0, |level| level.rise());
        self.risen = self.risen.saturating_add(rise);
        let level = level.filter(|_| !self.acquittals.rises(self.risen));
        self.held_ticks += ticks;
        let Some(level) = level else {
            self.rising_ticks += self.held_ticks;
            (self.held_ticks, self.risen) = (0, 0);
            return;
        };
        if acquittal::is_silent_for(self.held_ticks, self.rising_ticks) {
            self.acquittals.note_held(&Judged {
                finding: findings::carried(level.blocks, self.held_ticks),
                growth: Growth::NONE,
                session,
                shown: Shown::held(&level, self.held_ticks),
            });
        }
    }

    /// Of a recording that pauses, all pieces together may accuse it, or make it doubtful that it is none.
    fn judge_pieces(&mut self, id: SiteId, (recorded, kept): &(Recorded, Kept)) {
        let lives = self.lives.as_deref();
        let Some(rising) = kept.rising(id, recorded, lives) else {
            return self.acquit(Some(recorded));
        };
        let is_leak = rising.finding.verdict.is_leak();
        if !is_leak {
            self.acquit(Some(recorded));
        }
        let Some(judged) = self.verdict.as_mut() else {
            return;
        };
        let is_excused = judged.is_no_leak() || judged.finding.verdict == Verdict::Unclassified;
        if is_excused || is_leak && judged.finding.confidence < rising.finding.confidence {
            judged.finding = rising.finding;
            judged.growth = rising.growth;
            (self.left, self.in_use, self.unused_ticks) = (rising.left, Left::default(), 0);
        }
    }

    /// An accusation must hold where the call site was watched for longest, and of a recording that pauses in all its pieces.
    fn acquit(&mut self, recorded: Option<&Recorded>) {
        let Some(judged) = self.verdict.as_mut().filter(is_weighed) else {
            return;
        };
        if let Some(known) = self.acquittals.known_better() {
            *judged = known.clone();
        } else if let Some((recorded, lives)) = recorded.zip(self.lives.as_deref())
            && let expected = recorded.should_free(self.allocations, lives)
            && let Some(finding) = self.acquittals.in_flight(&judged.finding, lives, expected)
        {
            judged.finding = finding;
        }
    }

    /// What all call sites of a session show of the program's phase weighs on the verdicts of that session.
    pub(super) fn weigh(&mut self, phases: &Phases, of_session: usize) {
        if let Some(judged) = &mut self.verdict
            && judged.session == of_session
        {
            phases.weigh(&mut judged.finding);
        }
    }

    /// An accusation is not sure where more sessions deny it, each of them as long and as busy: of many sessions, chance makes
    /// one look like a leak. It is a hint where many do, and it left no more than chance leaves in one of all.
    fn weigh_sessions(&mut self) {
        let Some(judged) = self.verdict.as_mut().filter(is_weighed) else {
            return;
        };
        let denying = self.denying.iter();
        let denying = denying.filter(|session| judged.is_matched_by(session));
        let left: Vec<u64> = denying.map(|session| session.left.into()).collect();
        let (denying, accusing) = (left.len() as u64, self.accusing.into());
        let by_chance =
            || f64::from(self.used) * acquittal::chance_of(judged.shown.left(), &left) > BY_CHANCE;
        let is_hint = !self.has_pieces && denying >= MANY_DENY * accusing && by_chance();
        let at_most = if is_hint {
            Confidence::Low
        } else {
            Confidence::Medium
        };
        let finding = &mut judged.finding;
        if denying > accusing && finding.confidence > at_most {
            finding.confidence = at_most;
            finding.reason.extend([
                Word::Text("; "),
                Word::Count(denying),
                Word::Text(" other sessions as long and as busy show no leak here"),
            ]);
        }
    }

    /// As the outcome shows it, with the allocator's own frames and the program's; `None` for a site that was
    /// not used.
    pub(super) fn call_site(
        mut self,
        id: SiteId,
        (allocator_frames, stack): (&[u64], &[u64]),
        certainty: StackCertainty,
        contexts: &Contexts,
        pieces: Option<&(Recorded, Kept)>,
    ) -> Option<CallSite> {
        match pieces {
            Some(pieces) => self.judge_pieces(id, pieces),
            None => self.acquit(None),
        }
        self.weigh_sessions();
        let (finding, growth, left, session) = match self.verdict {
            Some(judged) => {
                let verdict = judged.finding.verdict;
                if verdict.is_leak() {
                    self.left.take_out(&self.in_use);
                }
                let cycles = self.cycles.unwrap_or(Growth::NONE);
                let of_all = (self.used > 1)
                    .then(|| self.left.growth(verdict, self.unused_ticks, cycles))
                    .flatten();
                let left = self.left.shown_with(verdict);
                let growth = of_all.unwrap_or(judged.growth);
                (judged.finding, growth, left, judged.session)
            }
            None if self.failed > 0 => (
                Finding::nothing_allocated(),
                Growth::NONE,
                Left::default(),
                0,
            ),
            None => return None,
        };
        let (smallest, largest) = self.range.unwrap_or_default();
        let (first_allocation, last_allocation) = self.period.unwrap_or_default();
        Some(CallSite {
            id,
            finding,
            session,
            growth,
            left,
            stack: stack.to_vec(),
            allocator_frames: allocator_frames.to_vec(),
            certainty,
            allocations: self.allocations,
            frees: self.frees,
            reallocations: self.reallocations,
            failed_allocations: self.failed,
            allocated_bytes: self.allocated_bytes,
            outstanding_blocks: self.outstanding_blocks,
            outstanding_bytes: self.outstanding_bytes,
            doubtful_blocks: 0,
            doubtful_bytes: 0,
            peak_bytes: self.peak_bytes,
            bytes_at_peak: 0,
            smallest,
            largest,
            first_allocation,
            last_allocation,
            contexts: contexts.in_mask(self.contexts),
            cores: (0..64).filter(|core| self.cores >> core & 1 == 1).collect(),
            blocks: self.blocks,
        })
    }
}

/// Marked cycles leave nothing to other sessions.
fn is_weighed(judged: &&mut Judged) -> bool {
    judged.is_leak() && judged.finding.verdict != Verdict::LeakPerCycle
}
