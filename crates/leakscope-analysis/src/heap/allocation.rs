//! A block begins, because the program allocates it.

use super::blocks::LiveBlock;
use super::effect::{Completes, Effect, KnownBlock};
use super::fold::FoldStack;
use super::model::HeapModel;
use super::recent::Kind;
use super::site::Site;
use super::site_id::SiteId;
use crate::outcome::HeapUsage;
use crate::trace::{Occasion, StackId, Stacks};

impl HeapModel {
    #[inline(always)]
    #[allow(clippy::too_many_arguments, reason = "the fields of one event")]
    pub(super) fn observe_allocation(
        &mut self,
        heap: u64,
        address: u64,
        size: u64,
        stack: StackId,
        now: &Occasion,
        stacks: &Stacks,
        fold: &mut impl FoldStack,
    ) -> Effect {
        let site = self.site(stack, stacks, fold);
        let completes = self.pair_allocation(site, size, stack, now);
        let (began, lost) = self.allocate(site, heap, address, size, now);
        Effect::Allocation {
            began,
            lost,
            completes,
        }
    }

    /// The call site of a stack: a new one if it was never seen.
    #[inline(always)]
    pub(super) fn site(
        &mut self,
        stack: StackId,
        stacks: &Stacks,
        fold: &mut impl FoldStack,
    ) -> SiteId {
        if let Some(site) = self.keys.known(stack) {
            return site;
        }
        self.recent.are_whole_calls = stacks.are_of_whole_calls;
        let site = self.keys.learn(stack, stacks, fold);
        self.sites.resize_with(self.keys.list().len(), Site::new);
        site
    }

    /// An allocation may belong to what its task did before it: a free from the same call is the
    /// first half of a reallocation, and a failure of the same size was only the first region tried.
    #[inline(always)]
    fn pair_allocation(
        &mut self,
        site: SiteId,
        size: u64,
        stack: StackId,
        now: &Occasion,
    ) -> Completes {
        let recent = self.recent.of(now);
        if recent.may_be_completed(stack) {
            return self.complete(site, size, stack, now);
        }
        recent.kind = Kind::Other;
        Completes::Nothing
    }

    #[cold]
    fn complete(&mut self, site: SiteId, size: u64, stack: StackId, now: &Occasion) -> Completes {
        let may_be_half = !self.recent.are_whole_calls;
        let before = self.recent.take(now);
        let is_half = may_be_half && before.is_half(stack, now.context);
        let was_failure = before.kind == Kind::Failed && before.context == now.context;
        if is_half {
            self.note_reallocation(site, before.block);
        }
        let retries =
            (was_failure || is_half && before.failed_before) && self.retry(before.failure, size);
        match (is_half, retries) {
            (true, true) => Completes::RetriedReallocation,
            (true, false) => Completes::Reallocation,
            (false, true) => Completes::Retry,
            (false, false) => Completes::Nothing,
        }
    }

    /// The block that was freed just now moves here. If it belongs here, the site loses nothing meanwhile.
    pub(super) fn note_reallocation(&mut self, site: SiteId, freed: Option<LiveBlock>) {
        self.totals.reallocations += 1;
        let life = &mut self.sites[site.index()];
        life.details().reallocations += 1;
        if let Some(block) = freed.filter(|block| block.site == site.number()) {
            life.forget_dip(block.bytes());
        }
    }

    /// The block that begins, and one that turns out to have ended.
    #[inline(always)]
    pub(super) fn allocate(
        &mut self,
        site: SiteId,
        heap: u64,
        address: u64,
        size: u64,
        now: &Occasion,
    ) -> (KnownBlock, Option<KnownBlock>) {
        let began = KnownBlock::begun(site, address, size, now);
        let size = began.block.size;
        let heap = self.allocate_from(heap, size);
        let owner = self.contexts.index(now.context);
        let block = LiveBlock {
            time: now.time,
            size: size as u32,
            owner,
            site: site.number(),
            place: LiveBlock::place(heap, now.core),
        };
        let mut lost = match self.blocks.allocate(address, block) {
            Some(lost) => {
                self.early.reuse(address);
                self.lose(lost, now);
                Some(self.known(address, lost))
            }
            None => None,
        };
        if self.carried.watches() && self.carried.replace(address) {
            self.paused.end(address, StackId::NONE, false, now);
        }
        if self.overlaps.watches() {
            lost = self.begin_over_others(address, heap, size, lost, now);
        }
        self.totals.allocations += 1;
        self.totals.allocated_bytes += size;
        self.contexts.allocate(owner, size);
        let life = &mut self.sites[site.index()];
        life.allocate(now.time, size, &self.moment);
        life.note_context(owner, now.core);
        self.live_bytes += size;
        self.note_peak(now.time);
        (began, lost)
    }

    /// If more lives than ever, this is the peak.
    #[inline(always)]
    pub(super) fn note_peak(&mut self, time: u64) {
        if self.live_bytes > self.session.peak_bytes {
            self.session.peak_bytes = self.live_bytes;
            self.peak_time = time;
            self.moment.peak += 1;
        }
    }

    /// The place of a heap from which a block of this size comes.
    #[inline(always)]
    fn allocate_from(&mut self, heap: u64, size: u64) -> usize {
        if heap == 0 && self.heaps.are_one() {
            return 0;
        }
        self.tell_heaps_apart();
        self.heaps.allocate(heap, size)
    }

    /// There is a heap with a name: it is told apart from the one without.
    #[cold]
    pub(super) fn tell_heaps_apart(&mut self) {
        if self.heaps.are_one() {
            let past = self.known_past();
            let (_, left) = past.outstanding;
            let past = past.sites.iter().map(|site| site.frees);
            let present = self.sites.iter().map(|site| site.frees);
            let so_far = HeapUsage {
                allocations: self.totals.allocations,
                frees: past.chain(present).sum(),
                outstanding_bytes: self.live_bytes,
                peak_bytes: self.peak().bytes,
                ..HeapUsage::default()
            };
            self.heaps.tell_apart(so_far, left);
        }
    }
}
