//! The heap's history, brought up to date event by event.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::blocks::{Blocks, LiveBlock};
use super::contexts::Contexts;
use super::cycle_count::WARM_UP_CYCLES;
use super::effect::{Completes, Effect, KnownBlock, UnknownFree};
use super::fold::FoldStack;
use super::gaps::Gaps;
use super::heaps::Heaps;
use super::mishap::ScanBudget;
use super::moment::Moment;
use super::overlap::Overlaps;
use super::recent::{Kind, RecentEvents};
use super::releases::Releases;
use super::site::Site;
use super::site_id::SiteId;
use crate::outcome::{Anomaly, Block, FailedAllocation, HeapUsage, Session, Totals};
use crate::problem::{ProblemKind, Problems};
use crate::trace::{Event, EventKind, HeapEvent, Occasion, StackId, Stacks, Start};

/// The model of the heap.
#[derive(Clone, Debug, Default)]
pub struct HeapModel {
    pub(super) blocks: Blocks,
    pub(super) sites: Vec<Site>,
    pub(super) keys: Vec<SiteKey>,
    /// The site of each stack, by the stack's number; [`NO_SITE`] where it was not needed yet.
    site_of_stack: Vec<u32>,
    /// The sites by the program's frames.
    site_of_frames: HashTable<u32>,
    pub(super) contexts: Contexts,
    pub(super) heaps: Heaps,
    pub(super) recent: RecentEvents,
    pub(super) gaps: Gaps,
    pub(super) overlaps: Overlaps,
    pub(super) releases: Releases,
    /// Of this session: blocks whose memory was used again while they seemed to live, and frees of blocks
    /// whose allocation was lost.
    pub(super) lost_frees: u64,
    pub(super) lost_allocations: u64,
    pub(super) moment: Moment,
    pub(super) totals: Totals,
    pub(super) live_bytes: u64,
    pub(super) session: Session,
    pub(super) peak_time: u64,
    pub(super) past: super::sessions::Past,
    pub(super) anomalies: Vec<Anomaly>,
    pub(super) failed: Vec<FailedAllocation>,
    pub(super) problems: Problems,
    /// The marker that divides the trace into cycles: the first that was seen.
    marker: Option<u32>,
    /// Whether markers divide nothing, because somebody else says where cycles begin.
    ignores_markers: bool,
    /// When the first cycles were over, and when the last mark was.
    pub(super) cycles: (u64, u64),
    pub(super) last_heap_event: u64,
    /// Heap events of which no notice was taken.
    pub(super) passed: u64,
    /// When the target was told to stop.
    pub(super) stopped: Option<u64>,
    pub(super) saw_stack: bool,
    pub(super) scan_budget: ScanBudget,
}

/// The call stack of a site: the first that was met of those that differ in the allocator's frames only.
#[derive(Clone, Copy, Debug)]
pub(super) struct SiteKey {
    stack: StackId,
    /// How many of its frames, from the innermost on, are the allocator's own.
    allocator_frames: u32,
}

impl SiteKey {
    /// The allocator's own frames, and the program's.
    pub(super) fn split(self, stacks: &Stacks) -> (&[u64], &[u64]) {
        stacks
            .frames(self.stack)
            .split_at(self.allocator_frames as usize)
    }
}

const NO_SITE: u32 = u32::MAX;

impl HeapModel {
    /// Takes an event into account, and says what it did to the heap, if it did something. Events must come
    /// in the order of time.
    #[inline]
    pub fn observe(
        &mut self,
        event: &Event<'_>,
        stacks: &Stacks,
        fold: &mut impl FoldStack,
    ) -> Option<Effect> {
        let now = &event.occasion();
        match event.kind {
            EventKind::Heap(heap_event) => {
                return Some(self.observe_heap(heap_event, now, stacks, fold));
            }
            EventKind::Gap {
                from,
                packets,
                bytes,
            } => {
                self.gaps.add(from, event.time, packets, bytes);
                self.recent.clear();
                self.expect_overlaps();
            }
            EventKind::Mark { marker }
                if !self.ignores_markers && *self.marker.get_or_insert(marker) == marker =>
            {
                self.mark_cycle(event.time);
            }
            EventKind::Stop => self.stopped = Some(event.time),
            EventKind::Start(start) => return self.start(start, event.time),
            _ => {}
        }
        None
    }

    /// Takes notice of an event's time alone, and of heaps that it may define: a session begins behind it.
    pub(crate) fn pass(&mut self, event: &Event<'_>) {
        match event.kind {
            EventKind::Heap(HeapEvent::Define { heap, base, size }) => {
                self.tell_heaps_apart();
                self.heaps.define(heap, base, size);
            }
            EventKind::Heap(_) => self.passed += 1,
            _ => {}
        }
        if self.session.heap_events == 0 {
            self.session.start = event.time;
            self.moment.start = event.time;
            self.peak_time = event.time;
            self.last_heap_event = event.time;
        }
    }

    /// From now on, cycles begin only where [`HeapModel::mark_cycle`] says.
    pub fn ignore_markers(&mut self) {
        self.ignores_markers = true;
    }

    /// A line of the log, or whatever else the user named, marks the beginning of a cycle.
    pub fn mark_cycle(&mut self, time: u64) {
        self.moment.cycle += 1;
        if self.moment.cycle <= WARM_UP_CYCLES + 1 {
            self.cycles.0 = time;
        }
        self.cycles.1 = time;
    }

    pub(super) fn observe_heap(
        &mut self,
        event: HeapEvent,
        now: &Occasion,
        stacks: &Stacks,
        fold: &mut impl FoldStack,
    ) -> Effect {
        self.count_event(now);
        match event {
            HeapEvent::Allocation {
                heap,
                address,
                size,
                stack,
                ..
            } => self.observe_allocation(heap, address, size, stack, now, stacks, fold),
            HeapEvent::Free {
                heap,
                address,
                stack,
                ..
            } => self.observe_free(heap, address, stack, now, stacks),
            HeapEvent::Reallocation {
                old_address,
                address,
                size,
                stack,
            } => {
                let site = self.site(stack, stacks, fold);
                let freed = self.free(0, old_address, stack, now, stacks);
                self.note_reallocation(site, freed.ok());
                let (began, lost) = self.allocate(site, 0, address, size, now);
                self.recent.close(now.core);
                Effect::Reallocation {
                    ended: freed.map(|block| self.known(old_address, &block)),
                    began,
                    lost,
                }
            }
            // It was asked for nothing, and gave nothing.
            HeapEvent::Failed { size: 0, .. } => {
                self.recent.close(now.core);
                Effect::EmptyAllocation
            }
            HeapEvent::Failed { size, stack } => {
                let site = self.site(stack, stacks, fold);
                let revived = self.fail(site, size, stack, now, stacks);
                Effect::Failed {
                    site,
                    size,
                    revived,
                }
            }
            HeapEvent::FreeOfNull { .. } => {
                self.totals.frees_of_null += 1;
                self.recent.close(now.core);
                Effect::FreeOfNull
            }
            HeapEvent::Define { heap, base, size } => {
                self.tell_heaps_apart();
                self.heaps.define(heap, base, size);
                Effect::HeapDefined
            }
        }
    }

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

    #[inline(always)]
    pub(super) fn observe_free(
        &mut self,
        heap: u64,
        address: u64,
        stack: StackId,
        now: &Occasion,
        stacks: &Stacks,
    ) -> Effect {
        let freed = self.free(heap, address, stack, now, stacks);
        let recent = self.recent.of(now.core);
        recent.failed_before = recent.is_failure_to_move(address, now.context);
        recent.kind = Kind::Free;
        recent.context = now.context;
        recent.stack = stack;
        recent.address = address;
        recent.block = freed.ok();
        recent.time = now.time;
        match freed {
            Ok(block) => Effect::Free {
                ended: self.known(address, &block),
            },
            Err(why) => Effect::UnknownFree(why),
        }
    }

    #[inline(always)]
    pub(super) fn count_event(&mut self, now: &Occasion) {
        self.session.heap_events += 1;
        self.last_heap_event = now.time;
        self.widen_windows(now.time);
        if self.overlaps.is_due(self.session.heap_events) {
            self.look_for_overlaps();
        }
    }

    /// The call site of a stack: a new one if it was never seen.
    #[inline(always)]
    fn site(&mut self, stack: StackId, stacks: &Stacks, fold: &mut impl FoldStack) -> SiteId {
        match self.site_of_stack.get(stack.index()) {
            Some(&site) if site != NO_SITE => SiteId::new(site),
            _ => self.new_stack(stack, stacks, fold),
        }
    }

    #[cold]
    fn new_stack(&mut self, stack: StackId, stacks: &Stacks, fold: &mut impl FoldStack) -> SiteId {
        let all = stacks.frames(stack);
        self.saw_stack |= !all.is_empty();
        let (allocator_frames, frames) = fold.split(all);
        let hash = |frames: &[u64]| FxBuildHasher.hash_one(frames);
        let keys = &mut self.keys;
        let known = (self.site_of_frames).find(hash(frames), |&site| {
            keys[site as usize].split(stacks).1 == frames
        });
        let site = match known {
            Some(&site) => site,
            None => {
                let site = self.sites.len() as u32;
                self.sites.push(Site::new());
                keys.push(SiteKey {
                    stack,
                    allocator_frames: allocator_frames.len() as u32,
                });
                self.site_of_frames
                    .insert_unique(hash(frames), site, |&site| {
                        hash(keys[site as usize].split(stacks).1)
                    });
                site
            }
        };
        if stack.index() >= self.site_of_stack.len() {
            self.site_of_stack.resize(stack.index() + 1, NO_SITE);
        }
        self.site_of_stack[stack.index()] = site;
        SiteId::new(site)
    }

    /// An allocation may belong to what came before it on its core: a free from the same call is the
    /// first half of a reallocation, and a failure of the same size was only the first region tried.
    #[inline(always)]
    fn pair_allocation(
        &mut self,
        site: SiteId,
        size: u64,
        stack: StackId,
        now: &Occasion,
    ) -> Completes {
        let recent = self.recent.of(now.core);
        let is_half = recent.is_half(stack, now.context);
        let was_failure = recent.kind == Kind::Failed && recent.context == now.context;
        recent.kind = Kind::Other;
        if !is_half && !was_failure {
            return Completes::Nothing;
        }
        let before = *recent;
        if is_half {
            self.note_reallocation(site, before.block);
        }
        let retries = (was_failure || before.failed_before) && self.retry(before.failure, size);
        match (is_half, retries) {
            (true, true) => Completes::RetriedReallocation,
            (true, false) => Completes::Reallocation,
            (false, true) => Completes::Retry,
            (false, false) => Completes::Nothing,
        }
    }

    /// The block that was freed just now moves here. If it belongs here, the site loses nothing meanwhile.
    fn note_reallocation(&mut self, site: SiteId, freed: Option<LiveBlock>) {
        self.totals.reallocations += 1;
        let life = &mut self.sites[site.index()];
        life.details().reallocations += 1;
        if let Some(block) = freed.filter(|block| block.site == site.number()) {
            life.forget_dip(block.bytes());
        }
    }

    /// The block that begins, and one that turns out to have ended.
    #[inline(always)]
    fn allocate(
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
            heap_number: LiveBlock::heap_number(heap),
            core: now.core,
        };
        let lost = match self.blocks.allocate(address, block) {
            Some(lost) => {
                self.lose(&lost, now);
                Some(self.known(address, &lost))
            }
            None if self.overlaps.any() => self.lose_overlapped(now),
            None => None,
        };
        self.totals.allocations += 1;
        self.totals.allocated_bytes += size;
        self.contexts.allocate(owner, size);
        let life = &mut self.sites[site.index()];
        life.allocate(now.time, size, &self.moment);
        life.note_context(owner, now.core);
        self.live_bytes += size;
        if self.live_bytes > self.session.peak_bytes {
            self.session.peak_bytes = self.live_bytes;
            self.peak_time = now.time;
            self.moment.peak += 1;
        }
        (began, lost)
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
            let past = self.past.sites.iter().map(|site| site.frees);
            let present = self.sites.iter().map(|site| site.frees);
            self.heaps.tell_apart(HeapUsage {
                allocations: self.totals.allocations,
                frees: past.chain(present).sum(),
                outstanding_bytes: self.live_bytes,
                peak_bytes: self.peak().bytes,
                ..HeapUsage::default()
            });
        }
    }

    #[inline(always)]
    fn free(
        &mut self,
        heap: u64,
        address: u64,
        stack: StackId,
        now: &Occasion,
        stacks: &Stacks,
    ) -> Result<LiveBlock, UnknownFree> {
        self.totals.frees += 1;
        let by = self.contexts.index(now.context);
        let Some(block) = self.blocks.free(address, now.time, stack) else {
            self.contexts.free(by, 0);
            return Err(self.free_unknown(heap, address, stack, now, stacks));
        };
        let size = block.bytes();
        let site = &mut self.sites[block.site as usize];
        site.free(block.time, now.time, size, &self.moment);
        if block.time < self.gaps.until() {
            self.note_unsure_end(&block, now.time, false);
        }
        self.releases.add(now.time);
        self.contexts.free(by, size);
        self.contexts.lose(block.owner, size);
        if !self.heaps.are_one() {
            self.heaps.free(block.heap(), size);
        }
        self.live_bytes -= size;
        Ok(block)
    }

    fn start(&mut self, start: Start, time: u64) -> Option<Effect> {
        match start {
            Start::First | Start::Repeated => None,
            Start::AfterReset if self.session.heap_events == 0 => {
                self.session.after_reset = true;
                None
            }
            Start::AfterStop | Start::AfterReset => {
                self.close_session(time);
                self.session.after_reset = start == Start::AfterReset;
                self.recent.clear();
                Some(Effect::Restart)
            }
        }
    }

    #[inline]
    fn widen_windows(&mut self, time: u64) {
        if time >= self.moment.full_at {
            self.moment.widen_windows(time);
        }
    }

    pub(super) fn note(&mut self, kind: ProblemKind, now: &Occasion) {
        self.problems
            .add(kind, now.input, Some(now.offset), Some(now.time));
    }

    #[inline]
    pub(super) fn known(&self, address: u64, block: &LiveBlock) -> KnownBlock {
        KnownBlock {
            block: self.listed(address, block),
            site: SiteId::new(block.site),
        }
    }

    #[inline]
    pub(super) fn listed(&self, address: u64, block: &LiveBlock) -> Block {
        Block {
            address,
            size: block.bytes(),
            time: block.time,
            context: self.contexts.context(block.owner),
            core: block.core,
        }
    }
}
