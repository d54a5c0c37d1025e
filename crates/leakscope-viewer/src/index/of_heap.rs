//! What the index learns from events of the heap.

use leakscope_analysis::heap::HeapModel;
use leakscope_analysis::trace::{Event, HeapEvent, Occasion};

use super::ledger::{Fate, freed_address};
use super::sites::SiteIndex;
use super::{Actor, Index};
use crate::index::kind::Kind;

impl Index {
    /// Takes an allocation into account that the model has observed.
    #[inline]
    pub(crate) fn allocated(
        &mut self,
        now: &Occasion,
        id: u32,
        address: u64,
        size: u64,
        site: usize,
        heap: &HeapModel,
    ) {
        let index = self.sections.events;
        let Actor { context, lane, .. } = self.actor(now.core, now.context);
        let bin = self.count(lane, Kind::Heap, id, now.time);
        bin.allocated(size);
        bin.reach(heap.live_bytes());
        self.note_allocation(address, size, now.time, context, site, heap);
        self.live_becomes(heap.live_bytes(), self.live_bytes + size, index);
    }

    /// Takes a free into account that the model has observed.
    #[inline]
    pub(crate) fn freed(&mut self, now: &Occasion, id: u32, address: u64, heap: &HeapModel) {
        let index = self.sections.events;
        let Actor { context, lane, .. } = self.actor(now.core, now.context);
        let bin = self.count(lane, Kind::Heap, id, now.time);
        bin.frees += 1;
        bin.reach(heap.live_bytes());
        let size = self.note_free(address, now, index, context, heap);
        let expected = self.live_bytes.saturating_sub(size);
        self.live_becomes(heap.live_bytes(), expected, index);
    }

    /// As those above, for all events of the heap; they are counted already.
    pub(super) fn observe_heap(
        &mut self,
        of_heap: HeapEvent,
        event: &Event<'_>,
        index: u64,
        context: u16,
        heap: &HeapModel,
    ) {
        let (now, live) = (event.occasion(), heap.live_bytes());
        let mut expected = self.live_bytes;
        if let Some(address) = freed_address(of_heap) {
            self.levels.at(now.time).frees += 1;
            let size = self.note_free(address, &now, index, context, heap);
            expected = expected.saturating_sub(size);
        }
        let bin = self.levels.at(now.time);
        bin.reach(live);
        match of_heap {
            HeapEvent::Allocation {
                address,
                size,
                stack,
                ..
            }
            | HeapEvent::Reallocation {
                address,
                size,
                stack,
                ..
            } => {
                bin.allocated(size);
                expected += size;
                let site = heap.site_of(stack).unwrap_or_default();
                self.note_allocation(address, size, now.time, context, site, heap);
            }
            HeapEvent::Failed { .. } => {
                bin.failed += 1;
                self.flag(index);
            }
            _ => {}
        }
        self.live_becomes(live, expected, index);
    }

    /// So many bytes live after an event; to be expected were so many.
    #[inline]
    fn live_becomes(&mut self, live: u64, expected: u64, index: u64) {
        self.live_bytes = live;
        if live != expected {
            self.correct(index, expected, live);
        }
    }

    /// Returns how many bytes were freed.
    #[inline(always)]
    fn note_free(
        &mut self,
        address: u64,
        now: &Occasion,
        index: u64,
        context: u16,
        heap: &HeapModel,
    ) -> u64 {
        let time = now.time;
        let Some(known) = heap.freed_block(now.core, address, time) else {
            let fate = Fate::of_no_block(heap, &mut self.wrong_frees);
            self.ledger.push(fate, time);
            if fate != Fate::Unknown {
                self.flag(index);
            }
            return 0;
        };
        let (size, born) = (known.block.size, known.block.time);
        self.ledger
            .push_block(size, known.site, time - born.min(time));
        let owner = match known.block.context {
            owner if owner == now.context => context,
            other => self.contexts.number(other),
        };
        let is_temporary = self.exchange.freed(context, owner, address, size);
        let live = heap.site_live_bytes(known.site);
        let site = self.site(known.site);
        site.reach(time, live);
        site.freed(time.saturating_sub(born));
        if is_temporary {
            site.temporary += 1;
            site.temporary_bytes += size;
        }
        size
    }

    #[inline(always)]
    fn note_allocation(
        &mut self,
        address: u64,
        size: u64,
        time: u64,
        context: u16,
        site: usize,
        heap: &HeapModel,
    ) {
        self.exchange.allocated(context, address);
        let live = heap.site_live_bytes(site);
        let site = self.site(site);
        site.allocated(size);
        site.reach(time, live);
    }

    #[inline(always)]
    fn site(&mut self, site: usize) -> &mut SiteIndex {
        if site >= self.sites.len() {
            self.add_sites(site + 1);
        }
        &mut self.sites[site]
    }

    #[cold]
    fn add_sites(&mut self, count: usize) {
        self.sites.resize(count, SiteIndex::default());
    }
}
