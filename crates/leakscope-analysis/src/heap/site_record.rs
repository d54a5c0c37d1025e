//! What all sessions together show of a call site.

use super::acquittal::{Acquittals, Shown};
use super::contexts::Contexts;
use super::paused::FreedLater;
use super::site::Site;
use super::site_id::SiteId;
use crate::findings::{
    self, Confidence, Finding, Growth, Left, Phases, Rank, SiteHistory, Verdict, Word,
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
    accusing: u64,
    /// Ticks and allocations of the longest of those that say it is no leak.
    denying: Vec<(u64, u64)>,
    /// How many sessions used it.
    used: u64,
    /// What it left in all sessions.
    left: Left,
    /// What of that was in use when a session ended in which blocks came and went without a leak: it was not left behind.
    in_use: Left,
    /// How long it was watched in those that did not use it, in ticks.
    unused_ticks: u64,
    /// How long it has held its blocks behind pauses, and allocated none, in ticks.
    held_ticks: u64,
    /// What the cycles that were marked left.
    cycles: Option<Growth>,
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

/// The most sessions that deny a leak and are kept.
const MOST_DENYING: usize = 8;

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
    fn is_matched_by(&self, (ticks, allocations): (u64, u64)) -> bool {
        let nearly = |all: u64| all - all / 4;
        ticks >= nearly(self.shown.ticks) && allocations >= nearly(self.shown.allocations)
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

    /// The worst verdict of all sessions counts, of leaks that of a much longer session; of equals, the first.
    pub(super) fn judge(&mut self, judged: Judged) {
        self.held_ticks = 0;
        self.acquittals.note(&judged);
        self.accusing += u64::from(judged.is_leak());
        if judged.is_no_leak() {
            self.denying
                .push((judged.shown.ticks, judged.shown.allocations));
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

    /// A session of so many ticks holds blocks, of so many bytes, that were there before it, and allocated none: as those before
    /// it, since it allocated last.
    pub(super) fn note_held(&mut self, (blocks, bytes): (u64, u64), ticks: u64, session: usize) {
        self.held_ticks += ticks;
        self.acquittals.note_held(&Judged {
            finding: findings::carried(blocks, self.held_ticks),
            growth: Growth::NONE,
            session,
            shown: Shown::held(bytes, self.held_ticks),
        });
    }

    /// An accusation must hold where the call site was watched for longest.
    pub(super) fn acquit(&mut self) {
        if let Some(judged) = &self.verdict
            && judged.is_leak()
            && judged.finding.verdict != Verdict::LeakPerCycle
            && let Some(known) = self.acquittals.known_better()
        {
            self.verdict = Some(known.clone());
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
    /// one look like a leak. Marked cycles leave nothing to chance.
    fn weigh_sessions(&mut self) {
        let Some(judged) = &mut self.verdict else {
            return;
        };
        let denying = self.denying.iter();
        let denying = denying.filter(|session| judged.is_matched_by(**session));
        let denying = denying.count() as u64;
        let finding = &mut judged.finding;
        let is_sure = finding.confidence == Confidence::High
            && finding.verdict.is_leak()
            && finding.verdict != Verdict::LeakPerCycle;
        if is_sure && denying > self.accusing {
            finding.confidence = Confidence::Medium;
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
    ) -> Option<CallSite> {
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
