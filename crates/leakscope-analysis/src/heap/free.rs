//! A block ends, because the program frees it.

use super::blocks::LiveBlock;
use super::effect::Effect;
use super::model::HeapModel;
use super::site_id::SiteId;
use crate::trace::{Occasion, StackId, Stacks};

impl HeapModel {
    #[inline(always)]
    pub(super) fn observe_free(
        &mut self,
        heap: u64,
        address: u64,
        stack: StackId,
        now: &Occasion,
        stacks: &Stacks,
    ) -> Effect {
        let Some(block) = self.free(address, stack, now) else {
            let why = self.free_unknown(heap, address, stack, now, stacks);
            self.recent.note_free(address, None, stack, now);
            return Effect::UnknownFree(why);
        };
        self.recent.note_free(address, Some(block), stack, now);
        Effect::Free {
            ended: self.known(address, block),
        }
    }

    /// The block that lived at an address, and ends.
    #[inline(always)]
    pub(super) fn free(
        &mut self,
        address: u64,
        stack: StackId,
        now: &Occasion,
    ) -> Option<LiveBlock> {
        self.totals.frees += 1;
        let by = self.contexts.index(now.context);
        let Some(block) = self.blocks.free(address, now.time, stack) else {
            self.contexts.free(by, 0);
            return None;
        };
        let size = block.bytes();
        let site = &mut self.sites[block.site as usize];
        site.free(block.time, now.time, size, &self.moment);
        if block.time < self.gaps.until() {
            self.note_unsure_end(block, now.time, false);
        }
        if self.older.watches() {
            let life = now.time.saturating_sub(block.time);
            (self.older).note_freed(stack, SiteId::new(block.site), life);
        }
        self.releases.add(now.time);
        self.contexts.free(by, size);
        self.contexts.lose(block.owner, size);
        if !self.heaps.are_one() {
            self.heaps.free(block.heap(), size);
        }
        self.live_bytes -= size;
        Some(block)
    }
}
