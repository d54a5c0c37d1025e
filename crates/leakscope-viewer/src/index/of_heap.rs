//! What the index learns from what happens to the heap.

use leakscope_analysis::heap::{Completes, Effect, KnownBlock, SiteId, UnknownFree};

use super::Index;
use super::entry::{self, Ended, VAIN};
use super::exchange::Freed;
use super::kind::Kind;
use super::last_frees::LastFree;
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
                let ended = Ended::new(known, record.owner_lane, record.time);
                let entry = (self.ledger).push(|room| entry::write_free(room, &ended));
                let by = (record.lane, record.by);
                self.note_freed(known, record.time, by, record.owner, entry);
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
        let undone = self.take_back(affected);
        self.live = self.live.after(effect);
        self.levels.at(time).affected(effect, self.live);
        let entry = (self.ledger).push(|room| {
            entry::write_any(room, Some(effect), time, |block| affected.owner(block).lane)
        });
        if let Some(free) = &undone {
            self.ledger.amend(free.entry, VAIN);
            self.ledger.amend(entry, VAIN);
        }
        let since = undone.map(|free| free.freed.time);
        (self.owners).affected(&affected.now, affected.named, effect, since, |known| {
            affected.owner(&known.block).context
        });
        let by = affected.actor.context;
        if let Some(ended) = effect.ended() {
            let owner = affected.owner(&ended.block).context;
            self.note_freed(ended, time, (affected.actor.lane, by), owner, entry);
        }
        if let Some(why) = effect.unknown_free() {
            let size = why.known_size();
            self.parts.freed_unknown(by, size);
            let freed = Freed::unknown(by, time);
            let (lane, block) = (affected.actor.lane, None);
            (self.last_frees).note(
                lane,
                LastFree {
                    freed,
                    entry,
                    size,
                    block,
                },
            );
        }
        if let Some(lost) = effect.lost() {
            let owner = affected.owner(&lost.block).context;
            self.site(lost.site).lost(time, lost.block.size, owner);
            self.parts.lost(lost, owner);
        }
        if let Some(began) = effect.began() {
            self.note_begun(began, time, by);
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

    /// If a reallocation failed, the free that it began with was none: returns that, if it was told.
    fn take_back(&mut self, affected: &Affected) -> Option<LastFree> {
        let Effect::Failed {
            revived,
            spares_older,
            ..
        } = &affected.effect
        else {
            return None;
        };
        let by = affected.actor.context;
        let free = match revived {
            Some(revived) => self.last_frees.take(&revived.block),
            None if *spares_older => self.last_frees.take_unknown(by),
            None => None,
        }?;
        let LastFree {
            freed, entry, size, ..
        } = free;
        self.levels.take_back(freed.time, revived.map(|_| size));
        if let Some(revived) = revived {
            self.begins.take_back(entry, size);
            self.exchange.take_back(&freed, size);
            let site = self.site(revived.site);
            site.revived(affected.now.time, &revived.block, &freed);
            self.parts.revived(revived, entry);
        } else {
            self.parts.spared(freed.by, size, entry);
        }
        Some(free)
    }

    #[inline(always)]
    fn note_freed(
        &mut self,
        ended: &KnownBlock,
        time: u64,
        (lane, by): (u32, u16),
        owner: u16,
        entry: u64,
    ) {
        let block = &ended.block;
        let freed = (self.exchange).freed(by, owner, block, time);
        let (size, at) = (block.size, Some((block.address, block.time)));
        (self.last_frees).note(
            lane,
            LastFree {
                freed,
                entry,
                size,
                block: at,
            },
        );
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
