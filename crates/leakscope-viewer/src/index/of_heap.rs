//! What the index learns from events of the heap.

use leakscope_analysis::heap::HeapModel;
use leakscope_analysis::trace::{Event, HeapEvent};

use super::Index;
use super::ledger::{Before, Fate, freed_address};
use super::sites::SiteIndex;

impl Index {
    #[inline]
    pub(super) fn observe_heap(
        &mut self,
        of_heap: HeapEvent,
        event: &Event<'_>,
        index: u64,
        context: u16,
        heap: &HeapModel,
        before: &Before,
    ) {
        let time = event.time;
        let live = heap.live_bytes();
        let mut expected = before.live_bytes;
        if let Some(address) = freed_address(of_heap) {
            let fate = Fate::of(address, event, heap, before);
            self.ledger.push(fate, time);
            expected = expected.saturating_sub(fate.size());
            self.note_free(fate, address, event, index, context, heap);
        }
        match of_heap {
            HeapEvent::Allocation { address, size, .. }
            | HeapEvent::Reallocation { address, size, .. } => {
                expected += size;
                self.note_allocation(address, size, time, context, heap);
            }
            HeapEvent::Failed { .. } => {
                self.levels.at(time).failed += 1;
                self.flag(index);
            }
            _ => {}
        }
        self.levels.at(time).reach(live);
        self.live_bytes = live;
        self.correct(index, expected, live);
    }

    fn note_free(
        &mut self,
        fate: Fate,
        address: u64,
        event: &Event<'_>,
        index: u64,
        context: u16,
        heap: &HeapModel,
    ) {
        let time = event.time;
        self.levels.at(time).frees += 1;
        match fate {
            Fate::Block { size, site, born } => {
                let freed = heap.freed_block(event.core, address, time);
                let owner = freed.map(|known| known.block.context);
                let owner = owner.map_or(context, |owner| self.contexts.number(owner));
                let is_temporary = self.exchange.freed(context, owner, address, size);
                let live = heap.site_live_bytes(site as usize);
                let site = self.site(site as usize);
                site.reach(time, live);
                site.freed(time.saturating_sub(born));
                if is_temporary {
                    site.temporary += 1;
                    site.temporary_bytes += size;
                }
            }
            Fate::DoubleFree | Fate::WrongFree => self.flag(index),
            Fate::Unknown => {}
        }
    }

    fn note_allocation(
        &mut self,
        address: u64,
        size: u64,
        time: u64,
        context: u16,
        heap: &HeapModel,
    ) {
        let bin = self.levels.at(time);
        bin.allocations += 1;
        bin.allocated_bytes += size;
        self.exchange.allocated(context, address);
        let Some(known) = heap.block(address) else {
            return;
        };
        let live = heap.site_live_bytes(known.site);
        let site = self.site(known.site);
        site.allocated(size);
        site.reach(time, live);
    }

    #[inline]
    fn site(&mut self, site: usize) -> &mut SiteIndex {
        if site >= self.sites.len() {
            self.sites.resize(site + 1, SiteIndex::default());
        }
        &mut self.sites[site]
    }
}
