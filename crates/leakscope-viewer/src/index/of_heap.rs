//! What the index learns from what happens to the heap.

use leakscope_analysis::heap::{Completes, Effect, KnownBlock, SiteId, UnknownFree};
use leakscope_analysis::trace::Occasion;

use super::Index;
use super::actors::Actor;
use super::entry::{self, Ended};
use super::kind::Kind;
use super::parts::Older;
use super::sites::SiteIndex;

impl Index {
    /// Takes an event of the heap into account that the model has observed.
    #[inline(always)]
    pub(crate) fn affected(&mut self, now: &Occasion, id: u32, named: u64, effect: &Effect) {
        let index = self.sections.events;
        let actor = self.actors.number(now.core, now.context);
        self.count(actor.lane, Kind::Heap, id, now.time);
        self.note_effect(now, named, effect, index, actor);
    }

    /// As [`Index::affected`], of an event that is counted already.
    #[inline(always)]
    pub(super) fn note_effect(
        &mut self,
        now: &Occasion,
        named: u64,
        effect: &Effect,
        index: u64,
        actor: Actor,
    ) {
        match effect {
            Effect::Allocation {
                began,
                lost: None,
                completes: Completes::Nothing,
            } => {
                let size = began.block.size;
                self.live = self.live.with(size);
                self.levels.at(now.time).allocated(size, self.live);
                self.note_begun(began, now.time, actor);
                (self.owners).allocated(now, actor.context, named, effect, size);
                let site = began.site;
                self.ledger.push(|room| entry::write_allocation(room, site));
            }
            Effect::Free { ended } => {
                let size = ended.block.size;
                self.live = self.live.without(size);
                self.levels.at(now.time).freed(self.live);
                let owner = self.owner(ended, now, actor);
                self.note_freed(ended, now, actor, owner);
                (self.owners).freed(now, owner.context, named, effect, size);
                let ended = Ended::new(ended, owner.lane, now.time);
                self.ledger.push(|room| entry::write_free(room, &ended));
            }
            // A copy: no other effect needs to lie in memory.
            other => {
                let other = *other;
                self.note_other(now, named, &other, index, actor);
            }
        }
    }

    #[inline(never)]
    fn note_other(
        &mut self,
        now: &Occasion,
        named: u64,
        effect: &Effect,
        index: u64,
        actor: Actor,
    ) {
        self.live = self.live.after(effect);
        self.levels.at(now.time).affected(effect, self.live);
        self.note_entry(now.time, Some(effect));
        let actors = &mut self.actors;
        (self.owners).affected(now, named, effect, |known| {
            actors.number(known.block.core, known.block.context).context
        });
        if let Some(ended) = effect.ended() {
            let owner = self.owner(ended, now, actor);
            self.note_freed(ended, now, actor, owner);
        }
        if let Some(lost) = effect.lost() {
            let owner = self.owner(lost, now, actor).context;
            self.site(lost.site).lost(now.time, lost.block.size, owner);
            self.parts.lost(lost, owner);
        }
        if let Some(began) = effect.began() {
            self.note_begun(began, now.time, actor);
        }
        if let Some(revived) = effect.revived()
            && let Some(freed) = self.exchange.revived(now.core, &revived.block)
        {
            let site = self.site(revived.site);
            site.revived(now.time, &revived.block, &freed);
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
            for site in &mut self.sites {
                site.curve.empty(now.time);
            }
            self.parts.restarted();
            self.exchange.restarted();
        }
    }

    /// Keeps for those who read the event again what it did.
    pub(super) fn note_entry(&mut self, now: u64, effect: Option<&Effect>) {
        let actors = &mut self.actors;
        self.ledger.push(|room| {
            entry::write_any(room, effect, now, |block| {
                actors.number(block.core, block.context).lane
            })
        });
    }

    /// Who allocated a block that ends now.
    #[inline(always)]
    fn owner(&mut self, ended: &KnownBlock, now: &Occasion, actor: Actor) -> Actor {
        let block = &ended.block;
        if (block.core, block.context) == (now.core, now.context) {
            return actor;
        }
        self.actors.number(block.core, block.context)
    }

    #[inline(always)]
    fn note_freed(&mut self, ended: &KnownBlock, now: &Occasion, actor: Actor, owner: Actor) {
        let block = &ended.block;
        let (by, owner) = (actor.context, owner.context);
        let freed = (self.exchange).freed(now.core, by, Some(owner), block, now.time);
        self.site(ended.site).freed(block, &freed);
        (self.parts).ended(block.time, || {
            Older::new(ended, owner, Some(by), freed.is_temporary)
        });
    }

    #[inline(always)]
    fn note_begun(&mut self, began: &KnownBlock, time: u64, actor: Actor) {
        let block = &began.block;
        self.exchange.allocated(actor.context, block);
        let site = self.site(began.site);
        site.allocated(time, block, actor.context);
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
