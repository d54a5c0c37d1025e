//! What does not go as it should: frees of no block, blocks whose free was lost, allocations that fail.

use super::blocks::LiveBlock;
use super::doubtful::LEAST_UNSEEN;
use super::effect::{KnownBlock, UnknownFree};
use super::model::HeapModel;
use super::moving::Half;
use super::recent::Failure;
use super::site_id::SiteId;
use crate::findings::first_gap;
use crate::outcome::{Anomaly, AnomalyKind, FailedAllocation, Outcome};
use crate::problem::ProblemKind;
use crate::trace::{Occasion, StackId, Stacks};

/// More frees that cannot be right than are listed, so that proven ones among them have a place.
const MOST_ANOMALIES: usize = 2 * Outcome::KEPT;

/// How many blocks may be looked at, in all, to find the one that a wrong address lies in.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScanBudget(usize);

impl Default for ScanBudget {
    fn default() -> Self {
        Self(1 << 26)
    }
}

impl HeapModel {
    /// A free of an address at which no block lives: why.
    #[cold]
    pub(super) fn free_unknown(
        &mut self,
        heap: u64,
        address: u64,
        stack: StackId,
        now: &Occasion,
        stacks: &Stacks,
    ) -> UnknownFree {
        let why = self.why_unknown(heap, address, stack, now, stacks);
        if let UnknownFree::Paused { .. } = why {
            self.end_carried(address, stack, now);
        }
        why
    }

    /// A block from before a pause ends.
    pub(super) fn end_carried(&mut self, address: u64, stack: StackId, now: &Occasion) {
        for ended in self.carried.free(address, now.time) {
            self.paused.end(ended, stack, ended == address, now);
        }
    }

    /// Why no block lives at an address that is freed, or is to be moved; one from before a pause has not ended yet.
    #[cold]
    pub(super) fn why_unknown(
        &mut self,
        heap: u64,
        address: u64,
        stack: StackId,
        now: &Occasion,
        stacks: &Stacks,
    ) -> UnknownFree {
        if heap != 0 || !self.heaps.are_one() {
            self.tell_heaps_apart();
            self.heaps.index(heap);
        }
        self.early.free(address, now.core);
        let (why, kind) = match self.blocks.freed_before(address) {
            Some((time, from)) => {
                if self.gaps.any_since(time) {
                    self.gaps.show_lost_allocation();
                    return self.free_lost_block(now);
                }
                self.totals.double_frees += 1;
                self.is_on_a_computer |= stacks.are_of_a_computer;
                let first = AnomalyKind::DoubleFree {
                    freed_at: time,
                    freed_by: stacks.call_stack(from),
                };
                (UnknownFree::Double, first)
            }
            None => match self.block_around(address) {
                // A block that lived when data were lost may be gone, and another one stand there.
                Some((start, block)) if !self.gaps.any_since(block.time) => {
                    self.totals.wrong_frees += 1;
                    let inside = AnomalyKind::WrongFree {
                        allocated_by: self.keys.list()[block.site as usize].program(stacks),
                        block: self.listed(start, block),
                    };
                    (UnknownFree::Wrong, inside)
                }
                _ => {
                    if let Some(size) = self.carried.size(address) {
                        let by = self.contexts.index(now.context);
                        self.contexts.learn_freed(by, size);
                        self.totals.frees_of_older_blocks += 1;
                        return UnknownFree::Paused { size };
                    }
                    if self.gaps.show_lost_allocation() {
                        // Where so many older blocks were freed, it may as well be one of them.
                        if self.older.count() >= LEAST_UNSEEN {
                            self.older.add(stack, now.time);
                        }
                        return self.free_lost_block(now);
                    }
                    self.totals.frees_of_older_blocks += 1;
                    self.older.add(stack, now.time);
                    self.older.note_unseen(stack);
                    return UnknownFree::Older;
                }
            },
        };
        if self.anomalies.len() == MOST_ANOMALIES {
            self.drop_doubtful();
        }
        if self.anomalies.len() < MOST_ANOMALIES {
            let is_doubtful = kind.is_double() && self.may_be_allocation(stack, stacks)
                || matches!(kind, AnomalyKind::DoubleFree { freed_at, .. }
                    if self.may_have_begun(address, freed_at) || self.was_left_moving(address, freed_at)
                        || self.was_perhaps_kept(address, freed_at));
            let anomaly = Anomaly {
                kind,
                is_doubtful,
                time: now.time,
                context: now.context,
                core: now.core,
                address,
                stack: stacks.call_stack(stack),
            };
            self.anomalies.push((anomaly, stack));
        }
        why
    }

    fn free_lost_block(&mut self, now: &Occasion) -> UnknownFree {
        self.note(ProblemKind::AllocationLost, now);
        self.lost_allocations += 1;
        let window = 1 << self.moment.window_shift;
        self.unseen.free(now.time, self.gaps.until(), window);
        UnknownFree::AllocationLost
    }

    /// A block ended after data had been lost while it lived: only up to the loss did it live for sure.
    #[cold]
    pub(super) fn note_unsure_end(&mut self, block: LiveBlock, time: u64, by_reuse: bool) {
        let sure = self.sure_life(block);
        let life = time.saturating_sub(block.time);
        let site = &mut self.sites[block.site as usize];
        site.unsure_ends().add(sure, life, by_reuse);
    }

    /// For how long a block lived for sure; 0 if nothing was lost in its life, and yet its end.
    fn sure_life(&self, block: LiveBlock) -> u64 {
        let gap = first_gap(self.gaps.list(), block.time);
        gap.map_or(0, |gap| gap.from.saturating_sub(block.time))
    }

    fn block_around(&mut self, address: u64) -> Option<(u64, LiveBlock)> {
        let budget = self.scan_budget.0.checked_sub(self.blocks.len())?;
        self.scan_budget = ScanBudget(budget);
        self.blocks.around(address)
    }

    /// A block's memory was allocated again: its free was lost.
    #[cold]
    pub(super) fn lose(&mut self, lost: LiveBlock, now: &Occasion) {
        self.note(ProblemKind::FreeLost, now);
        self.doubt_life(lost, now.time);
        self.end_unseen(lost, now.time);
    }

    /// A block lives no more, nobody saw how.
    pub(super) fn end_unseen(&mut self, lost: LiveBlock, time: u64) {
        self.lost_frees += 1;
        self.note_unsure_end(lost, time, true);
        let size = lost.bytes();
        self.sites[lost.site as usize].lose(time, size, &self.moment);
        self.contexts.lose(lost.owner, size);
        if !self.heaps.are_one() {
            self.heaps.lose(lost.heap(), size);
        }
        self.live_bytes -= size;
    }

    /// An allocation found no memory. If it was to move a block that seemed to be freed, that block lives on; where data
    /// are damaged, another task seems to have freed it than that which fails.
    pub(super) fn fail(
        &mut self,
        site: SiteId,
        size: u64,
        stack: StackId,
        half: Option<Half>,
        now: &Occasion,
        stacks: &Stacks,
    ) -> Option<KnownBlock> {
        self.totals.failed_allocations += 1;
        let by = self.contexts.index(now.context);
        let life = &mut self.sites[site.index()];
        life.fail(now.time);
        life.note_context(by, now.core);
        let (mut kept, mut revived) = (0, None);
        if let Some((address, block, freed_at, freed_by)) = half {
            kept = address;
            revived = block.filter(|&block| self.revive(address, block, freed_at, freed_by, now));
        }
        let entry = (self.failed.len() < Outcome::KEPT).then_some(self.failed.len());
        if entry.is_some() {
            self.failed.push(FailedAllocation {
                size,
                time: now.time,
                context: now.context,
                core: now.core,
                stack: stacks.call_stack(stack),
                retried: false,
                live_bytes: self.live_bytes,
            });
        }
        self.recent.note_failure(kept, Failure { size, entry }, now);
        revived.map(|block| self.known(kept, block))
    }

    /// ESP-IDF records the free of a reallocation before it is tried: when that fails, the block lives
    /// on. Whether nothing came between.
    fn revive(
        &mut self,
        address: u64,
        block: LiveBlock,
        freed_at: u64,
        freed_by: u32,
        now: &Occasion,
    ) -> bool {
        if !self.blocks.revive(address, block, freed_at) {
            return false;
        }
        let size = block.bytes();
        self.totals.frees -= 1;
        let site = &mut self.sites[block.site as usize];
        site.revive(
            freed_at.saturating_sub(block.time),
            now.time,
            size,
            &self.moment,
        );
        if block.time < self.gaps.until() {
            let sure = self.sure_life(block);
            let life = freed_at.saturating_sub(block.time);
            let site = &mut self.sites[block.site as usize];
            site.unsure_ends().take_back(sure, life);
        }
        self.contexts.unfree(freed_by, size);
        self.contexts.revive(block.owner, size);
        if !self.heaps.are_one() {
            self.heaps.revive(block.heap(), size);
        }
        self.live_bytes += size;
        // Others may have come while it seemed to be gone.
        self.note_peak(now.time);
        true
    }

    /// After a failure, memory is found. Whether it is for the same request: then only the first region was
    /// full.
    #[cold]
    pub(super) fn retry(&mut self, failure: Failure, size: u64) -> bool {
        if failure.size != size {
            return false;
        }
        self.totals.failed_and_retried += 1;
        if let Some(failed) = failure.entry.and_then(|entry| self.failed.get_mut(entry)) {
            failed.retried = true;
        }
        true
    }
}
