//! What all sessions together show of a call site.

use super::contexts::Contexts;
use super::site::Site;
use super::site_id::SiteId;
use crate::findings::{Confidence, Finding, Growth, Left, Phases, Rank, SiteHistory, Verdict};
use crate::outcome::{Block, CallSite};
use crate::trace::StackCertainty;

/// One call site, summed over sessions.
#[derive(Clone, Debug, Default)]
pub(super) struct SiteRecord {
    verdict: Option<Judged>,
    /// Of the sessions in which it was full, the longest.
    full: Option<Judged>,
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
    pub(super) left: Left,
    /// The session's number.
    pub(super) session: usize,
    /// How long the session is.
    pub(super) ticks: u64,
    /// The most bytes that lived at once in it.
    pub(super) peak_bytes: u64,
}

/// What fills up in a session is known by one that is so many times as long: see [`findings::Phases`].
const LONGER: u64 = 4;

impl Judged {
    fn is_leak(&self) -> bool {
        self.finding.verdict.is_leak()
    }

    fn is_longer_than(&self, other: &Self) -> bool {
        self.ticks >= other.ticks.saturating_mul(LONGER)
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
        let is_full = matches!(judged.finding.verdict, Verdict::Bounded | Verdict::Once)
            && judged.finding.confidence >= Confidence::Medium;
        if is_full && (self.full.as_ref()).is_none_or(|full| full.ticks < judged.ticks) {
            self.full = Some(judged.clone());
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

    /// What fills up looks like a leak as long as it is not full. A much longer session in which it was full, with as much,
    /// says which it is.
    pub(super) fn acquit(&mut self) {
        let is_known_better = |judged: &Judged, full: &Judged| {
            judged.is_leak()
                && judged.finding.confidence < Confidence::High
                && judged.finding.verdict != Verdict::LeakPerCycle
                && full.is_longer_than(judged)
                && full.peak_bytes >= judged.peak_bytes
        };
        if let (Some(judged), Some(full)) = (&self.verdict, &self.full)
            && is_known_better(judged, full)
        {
            self.verdict = Some(full.clone());
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

    /// As the outcome shows it, with the allocator's own frames and the program's; `None` for a site that was
    /// not used.
    pub(super) fn call_site(
        self,
        id: SiteId,
        (allocator_frames, stack): (&[u64], &[u64]),
        certainty: StackCertainty,
        contexts: &Contexts,
    ) -> Option<CallSite> {
        let (finding, growth, left, session) = match self.verdict {
            Some(judged) => (judged.finding, judged.growth, judged.left, judged.session),
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
