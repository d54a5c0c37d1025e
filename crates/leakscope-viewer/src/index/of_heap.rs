//! What the index learns from what happens to the heap.

use leakscope_analysis::heap::{Completes, Effect, KnownBlock, SiteId, UnknownFree};

use super::Index;
use super::entry::{self, Ended};
use super::kind::Kind;
use super::parts::Older;
use super::record::{Affected, HeapRecord};
use super::sites::SiteIndex;

impl Index {
    /// Takes blocks into account that begin and are freed; the levels have been told.
    pub(super) fn take_heap(&mut self, records: &[HeapRecord]) {
        self.owners.take_in_heaps(records);
        for record in records {
            let known = &record.block();
            self.begins.count(record.lane, Kind::Heap);
            self.owners.context(record.owner).note(record);
            if record.is_free {
                self.note_freed(known, record.time, record.by, record.owner);
                let ended = Ended::new(known, record.owner_lane, record.time);
                self.ledger.push(|room| entry::write_free(room, &ended));
            } else {
                self.note_begun(known, record.time, record.by);
                let site = record.site;
                self.ledger.push(|room| entry::write_allocation(room, site));
            }
        }
    }

    /// Takes into account what else an event, which is counted already, does to the heap.
    pub(super) fn affected(&mut self, affected: &Affected, index: u64) {
        let (effect, time) = (&affected.effect, affected.now.time);
        self.live = self.live.after(effect);
        self.levels.at(time).affected(effect, self.live);
        (self.ledger).push(|room| {
            entry::write_any(room, Some(effect), time, |block| affected.owner(block).lane)
        });
        (self.owners).affected(&affected.now, affected.named, effect, |known| {
            affected.owner(&known.block).context
        });
        let by = affected.actor.context;
        if let Some(ended) = effect.ended() {
            let owner = affected.owner(&ended.block).context;
            self.note_freed(ended, time, by, owner);
        }
        if let Some(why) = effect.unknown_free() {
            self.parts.freed_unknown(by, why.known_size());
        }
        if let Some(lost) = effect.lost() {
            let owner = affected.owner(&lost.block).context;
            self.site(lost.site).lost(time, lost.block.size, owner);
            self.parts.lost(lost, owner);
        }
        if let Some(began) = effect.began() {
            self.note_begun(began, time, by);
        }
        if let Some(revived) = effect.revived()
            && let Some(freed) = self.exchange.revived(&revived.block)
        {
            let site = self.site(revived.site);
            site.revived(time, &revived.block, &freed);
            self.parts.revived(revived, freed.time);
        }
        match effect {
            Effect::Reallocation { began, .. }
            | Effect::Allocation {
                began,
                completes: Completes::Reallocation | Completes::RetriedReallocation,
                ..
            } => self.site(began.site).reallocated(),
            Effect::Failed { site, .. } => self.site(*site).failed(),
            _ => {}
        }
        let is_wrong = matches!(
            effect.unknown_free(),
            Some(UnknownFree::Double | UnknownFree::Wrong)
        );
        if is_wrong || matches!(effect, Effect::Failed { .. }) {
            self.flag(index);
        }
        if *effect == Effect::Restart {
            (self.sites.iter_mut()).for_each(|site| site.restarted(time));
            self.parts.restarted();
            self.exchange.restarted();
        }
    }

    #[inline(always)]
    fn note_freed(&mut self, ended: &KnownBlock, time: u64, by: u16, owner: u16) {
        let block = &ended.block;
        let freed = (self.exchange).freed(by, owner, block, time);
        self.site(ended.site).freed(block, &freed);
        (self.parts).ended(block.time, || {
            Older::new(ended, owner, Some(by), freed.is_temporary)
        });
    }

    #[inline(always)]
    fn note_begun(&mut self, began: &KnownBlock, time: u64, by: u16) {
        let block = &began.block;
        self.exchange.allocated(by, block);
        self.site(began.site).allocated(time, block, by);
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
