//! What the index learns from events of the heap.

use leakscope_analysis::heap::{Effect, HeapModel, KnownBlock, SiteId, UnknownFree};
use leakscope_analysis::trace::Occasion;

use super::ledger::Fate;
use super::sites::SiteIndex;
use super::{Actor, Index};
use crate::index::kind::Kind;

impl Index {
    /// Takes an event of the heap into account that the model has observed.
    #[inline]
    pub(crate) fn affected(&mut self, now: &Occasion, id: u32, effect: &Effect, heap: &HeapModel) {
        let index = self.sections.events;
        let Actor { context, lane, .. } = self.actor(now.core, now.context);
        self.count(lane, Kind::Heap, id, now.time);
        self.note_effect(now, effect, index, context, heap);
    }

    /// As [`Index::affected`], of an event that is counted already.
    #[inline(always)]
    pub(super) fn note_effect(
        &mut self,
        now: &Occasion,
        effect: &Effect,
        index: u64,
        context: u16,
        heap: &HeapModel,
    ) {
        let bin = self.levels.at(now.time);
        let mut expected = self.live_bytes;
        if let Some(began) = effect.began() {
            bin.allocated(began.block.size);
            expected += began.block.size;
        }
        if effect.ended().is_some() || effect.unknown_free().is_some() {
            bin.frees += 1;
        }
        bin.reach(heap.live_bytes());
        if let Some(ended) = effect.ended() {
            self.note_free(ended, now, context, heap);
            expected = expected.saturating_sub(ended.block.size);
        }
        if let Some(why) = effect.unknown_free() {
            self.note_unknown_free(why, now.time, index);
        }
        if let Some(began) = effect.began() {
            self.note_allocation(began, now.time, context, heap);
        }
        if let Effect::Failed { .. } = effect {
            self.levels.at(now.time).failed += 1;
            self.flag(index);
        }
        let live = heap.live_bytes();
        self.live_bytes = live;
        if live != expected {
            self.correct(index, expected, live);
        }
    }

    #[cold]
    fn note_unknown_free(&mut self, why: UnknownFree, time: u64, index: u64) {
        let fate = match why {
            UnknownFree::Double => Fate::DoubleFree,
            UnknownFree::Wrong => Fate::WrongFree,
            UnknownFree::Older | UnknownFree::AllocationLost => Fate::Unknown,
        };
        self.ledger.push(fate, time);
        if fate != Fate::Unknown {
            self.flag(index);
        }
    }

    #[inline(always)]
    fn note_free(&mut self, ended: &KnownBlock, now: &Occasion, context: u16, heap: &HeapModel) {
        let time = now.time;
        let block = &ended.block;
        let life = time.saturating_sub(block.time);
        self.ledger.push_block(block.size, ended.site.index(), life);
        let owner = match block.context {
            owner if owner == now.context => context,
            other => self.contexts.number(other),
        };
        let is_temporary = self
            .exchange
            .freed(context, owner, block.address, block.size);
        let live = heap.site_live_bytes(ended.site);
        let site = self.site(ended.site);
        site.reach(time, live);
        site.freed(life);
        if is_temporary {
            site.temporary += 1;
            site.temporary_bytes += block.size;
        }
    }

    #[inline(always)]
    fn note_allocation(&mut self, began: &KnownBlock, time: u64, context: u16, heap: &HeapModel) {
        self.exchange.allocated(context, began.block.address);
        let live = heap.site_live_bytes(began.site);
        let site = self.site(began.site);
        site.allocated(began.block.size);
        site.reach(time, live);
    }

    #[inline(always)]
    fn site(&mut self, site: SiteId) -> &mut SiteIndex {
        if site.index() >= self.sites.len() {
            self.add_sites(site.index() + 1);
        }
        &mut self.sites[site.index()]
    }

    #[cold]
    fn add_sites(&mut self, count: usize) {
        self.sites.resize(count, SiteIndex::default());
    }
}
