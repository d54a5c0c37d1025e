//! The heap's history, brought up to date event by event.

use rustc_hash::FxHashMap;

use super::blocks::{Blocks, LiveBlock};
use super::carried::Carried;
use super::contexts::Contexts;
use super::early::EarlyFrees;
use super::effect::{Effect, KnownBlock};
use super::fold::FoldStack;
use super::gaps::Gaps;
use super::heaps::Heaps;
use super::keys::SiteKeys;
use super::mishap::ScanBudget;
use super::moment::{Moment, WARM_UP_CYCLES};
use super::moving::Moving;
use super::older::OlderBlocks;
use super::overlap::Overlaps;
use super::paused::{FreedLater, PausedSessions};
use super::recent::RecentEvents;
use super::releases::Releases;
use super::site::Site;
use super::site_id::SiteId;
use super::unseen::UnseenBlocks;
use crate::outcome::{Anomaly, Block, FailedAllocation, HeapUsage, Session, Totals};
use crate::problem::{ProblemKind, Problems};
use crate::trace::{Counts, Event, EventKind, HeapEvent, Occasion, StackId, Stacks, Start, Trace};

/// The model of the heap.
#[derive(Clone, Debug, Default)]
pub struct HeapModel {
    pub(super) blocks: Blocks,
    pub(super) sites: Vec<Site>,
    pub(super) keys: SiteKeys,
    pub(super) contexts: Contexts,
    pub(super) heaps: Heaps,
    pub(super) recent: RecentEvents,
    /// Where and when blocks were freed, as the next thing that their task did failed, and nothing tells whether to move them.
    pub(super) perhaps_kept: FxHashMap<u64, u64>,
    /// Blocks that are being reallocated, in the order in which that began.
    pub(super) moving: Vec<Moving>,
    pub(super) gaps: Gaps,
    pub(super) overlaps: Overlaps,
    pub(super) releases: Releases,
    pub(super) older: OlderBlocks,
    pub(super) carried: Carried,
    pub(super) unseen: UnseenBlocks,
    pub(super) early: EarlyFrees,
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
    pub(super) paused: PausedSessions,
    /// Of this session, if it is a paused one: blocks that were freed behind the pause.
    pub(super) freed_later: FxHashMap<SiteId, FreedLater>,
    /// Frees that cannot be right, and from where.
    pub(super) anomalies: Vec<(Anomaly, StackId)>,
    /// Stretches in which something went unseen, though no gap says so.
    pub(super) doubts: Vec<(u64, u64)>,
    /// Since when the clock of a core may be behind those of others, because time was lost with its bytes.
    pub(super) order_unsure_since: Option<u64>,
    /// Whether what is freed twice is so on a computer: its C library stops a program that does that, and what it allocates for
    /// itself (`strdup`) is not recorded.
    pub(super) is_on_a_computer: bool,
    pub(super) failed: Vec<FailedAllocation>,
    pub(super) problems: Problems,
    /// The marker that divides the trace into cycles: the first that was seen.
    marker: Option<u32>,
    /// Whether markers divide nothing, because somebody else says where cycles begin.
    ignores_markers: bool,
    /// When the first cycles were over, and when the last mark was.
    pub(super) cycles: (u64, u64),
    pub(super) last_heap_event: u64,
    /// What was counted before the part that is asked for.
    pub(super) before: Counts,
    /// When that part was over, and what was counted by then.
    pub(super) part_end: Option<(u64, Counts)>,
    /// When the target was told to stop.
    pub(super) stopped: Option<u64>,
    pub(super) scan_budget: ScanBudget,
}

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
                // What came before the first event of the heap is not lost from this recording.
                let missed = packets.or((self.session.heap_events == 0).then_some(0));
                let stack = stacks.shortest();
                self.gaps.add(from, event.time, missed, bytes, stack);
                // What stands before skipped bytes may itself be what damage made of other packets.
                if packets.is_none() {
                    self.doubt(from, event.time);
                    self.order_unsure_since.get_or_insert(from);
                    self.early.lose_time();
                }
                self.recent.lose();
                self.suspect_all();
            }
            EventKind::Mark { marker }
                if !self.ignores_markers && *self.marker.get_or_insert(marker) == marker =>
            {
                self.mark_cycle(event.time);
            }
            EventKind::FreeOfOther { address, stack } => {
                self.free_other(address, stack, event.time);
            }
            EventKind::Unreadable => {
                self.doubt(event.time, event.time);
                self.early.lose_time();
            }
            EventKind::Stop => self.stopped = Some(event.time),
            EventKind::Start(start) => return self.start(start, event.time, stacks),
            _ => {}
        }
        None
    }

    /// The heaps that the target tells apart, in order of first appearance.
    pub fn heaps(&self) -> &[HeapUsage] {
        self.heaps.list()
    }

    /// Takes notice of what an event before a part tells of the part: heaps, and that the order of cores is lost. The first session
    /// begins at `start`, and what was counted up to this event is not of the part.
    pub(crate) fn pass(&mut self, event: &Event<'_>, start: u64, counts: Counts) {
        match event.kind {
            EventKind::Heap(HeapEvent::Define { heap, base, size }) => {
                self.tell_heaps_apart();
                self.heaps.define(heap, base, size);
            }
            EventKind::Gap { packets: None, .. } => {
                self.order_unsure_since.get_or_insert(start);
                self.early.lose_time();
            }
            EventKind::Unreadable => self.early.lose_time(),
            _ => {}
        }
        self.before = counts;
        self.session.start = start;
        self.moment.start = start;
        self.peak_time = start;
        self.last_heap_event = start;
    }

    /// The part that is asked for ended at this moment, when so much was counted.
    pub(crate) fn end_part(&mut self, end: u64, counts: Counts) {
        self.part_end.get_or_insert((end, counts));
    }

    /// The last moment that is taken into account, and what was counted by then. A part that begins behind the end of the
    /// recording ends where it begins.
    pub(super) fn end(&self, trace: &Trace) -> (u64, Counts) {
        match self.part_end {
            Some(end) => end,
            None if self.session.start > trace.end() => (self.session.start, self.before),
            None => (trace.end(), trace.counts()),
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
                let freed = self.free(old_address, stack, now);
                let freed =
                    freed.ok_or_else(|| self.free_unknown(0, old_address, stack, now, stacks));
                self.note_reallocation(site, freed.ok());
                let (began, lost) = self.allocate(site, 0, address, size, now);
                self.recent.close(now);
                Effect::Reallocation {
                    ended: freed.map(|block| self.known(old_address, block)),
                    began,
                    lost,
                }
            }
            HeapEvent::Moving { address, stack } => {
                self.observe_moving(address, stack, now, stacks)
            }
            HeapEvent::Moved {
                old_address,
                address,
                size,
                stack,
            } => self.observe_moved(old_address, address, size, stack, now, stacks, fold),
            HeapEvent::Kept {
                address,
                size,
                stack,
            } => self.observe_kept(address, size, stack, now, stacks, fold),
            // It was asked for nothing, and gave nothing.
            HeapEvent::Failed { size: 0, .. } => {
                self.recent.close(now);
                Effect::EmptyAllocation
            }
            HeapEvent::Failed { size, stack } => {
                let site = self.site(stack, stacks, fold);
                let half = self.freed_just_now(None, stack, now);
                let revived = self.fail(site, size, stack, half, now, stacks);
                Effect::Failed {
                    site,
                    size,
                    revived,
                    spares_older: false,
                }
            }
            HeapEvent::FreeOfNull { .. } => {
                self.totals.frees_of_null += 1;
                self.recent.close(now);
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
    pub(super) fn count_event(&mut self, now: &Occasion) {
        self.session.heap_events += 1;
        self.last_heap_event = now.time;
        if now.time >= self.moment.full_at {
            self.moment.widen_windows(now.time);
        }
    }

    fn start(&mut self, start: Start, time: u64, stacks: &Stacks) -> Option<Effect> {
        match start {
            Start::First | Start::Repeated => None,
            Start::AfterReset if self.session.heap_events == 0 => {
                self.session.after_reset = true;
                self.carried = Carried::default();
                None
            }
            Start::AfterStop | Start::PerhapsAfterReset | Start::AfterReset => {
                let carried = match start {
                    Start::AfterReset => Carried::default(),
                    _ => {
                        let end = self.stop().unwrap_or(time);
                        let is_kept = PausedSessions::can_keep(self, end);
                        (self.carried).paused(&self.blocks, end, is_kept, self.gaps.lost_any())
                    }
                };
                self.close_session(time, start != Start::AfterReset, stacks);
                self.carried = carried;
                self.session.after_reset = start == Start::AfterReset;
                self.recent.lose();
                self.moving.clear();
                self.perhaps_kept.clear();
                Some(Effect::Restart)
            }
        }
    }

    pub(super) fn note(&mut self, kind: ProblemKind, now: &Occasion) {
        self.problems
            .add(kind, now.input, Some(now.offset), Some(now.time));
    }

    #[inline]
    pub(super) fn known(&self, address: u64, block: LiveBlock) -> KnownBlock {
        KnownBlock {
            block: self.listed(address, block),
            site: SiteId::new(block.site),
        }
    }

    #[inline]
    pub(super) fn listed(&self, address: u64, block: LiveBlock) -> Block {
        Block {
            address,
            size: block.bytes(),
            time: block.time,
            context: self.contexts.context(block.owner),
            core: block.core(),
        }
    }
}
