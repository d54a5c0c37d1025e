//! Blocks that are being reallocated: their memory may be another block's before they are known to live elsewhere.

use super::blocks::LiveBlock;
use super::effect::{Completes, Effect, UnknownFree};
use super::fold::FoldStack;
use super::model::HeapModel;
use super::site_id::SiteId;
use crate::findings::UnendedMoves;
use crate::trace::{Context, Occasion, StackId, Stacks};

/// More than this are no reallocations under way, but ones whose end was lost.
const MOST: usize = 64;

/// Addresses at which a block was perhaps kept.
const MOST_PERHAPS: usize = 1 << 16;

/// A block that is being reallocated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moving {
    address: u64,
    /// What it was; or why that is not known.
    block: Result<LiveBlock, UnknownFree>,
    /// Since when.
    time: u64,
    /// Who moves it, and how many allocations and frees were its own by then.
    by: (u32, u64),
    /// Whether the device may leave out what becomes of it.
    may_be_left_out: bool,
}

/// What a failure puts back: where, what, when it seemed to end, and by whom.
pub(super) type Half = (u64, Option<LiveBlock>, u64, u32);

impl Moving {
    /// What a failure puts back: where, what, when it seemed to end, and by whom.
    pub(super) fn half(self) -> Half {
        (self.address, self.block.ok(), self.time, self.by.0)
    }
}

impl HeapModel {
    #[inline(never)]
    pub(super) fn observe_moving(
        &mut self,
        address: u64,
        stack: StackId,
        now: &Occasion,
        stacks: &Stacks,
    ) -> Effect {
        let block = self.free(address, stack, now);
        let block = block.ok_or_else(|| self.why_unknown(0, address, stack, now, stacks));
        self.recent.close(now);
        self.settle_left_out();
        if self.moving.len() == MOST {
            self.moving.remove(0);
        }
        let by = self.contexts.index(now.context);
        self.moving.push(Moving {
            address,
            block,
            time: now.time,
            by: (by, self.contexts.events(by)),
            may_be_left_out: stacks.leave_blocks_out,
        });
        match block {
            Ok(block) => Effect::Free {
                ended: self.known(address, block),
            },
            Err(why) => Effect::UnknownFree(why),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of one event")]
    pub(super) fn observe_moved(
        &mut self,
        old_address: u64,
        address: u64,
        size: u64,
        stack: StackId,
        now: &Occasion,
        stacks: &Stacks,
        fold: &mut impl FoldStack,
    ) -> Effect {
        let site = self.site(stack, stacks, fold);
        // Of several the first one: it was in its place that the others came to live.
        let place = (self.moving.iter()).position(|moving| moving.address == old_address);
        let moving = place.map(|place| self.moving.remove(place));
        if let Some(Err(UnknownFree::Paused { .. })) = moving.map(|moving| moving.block) {
            self.end_carried(old_address, stack, now);
        }
        // That it moves was lost: it ends now.
        let is_there = moving.is_none() && self.blocks.at(old_address).is_some();
        let ended = if is_there {
            self.free(old_address, stack, now)
        } else {
            None
        };
        let before = ended.or(moving.and_then(|moving| moving.block.ok()));
        self.note_reallocation(site, before);
        let (began, lost) = self.allocate(site, 0, address, size, now);
        self.recent.close(now);
        match ended {
            Some(block) => Effect::Reallocation {
                ended: Ok(self.known(old_address, block)),
                began,
                lost,
            },
            None => Effect::Allocation {
                began,
                lost,
                completes: Completes::Reallocation,
            },
        }
    }

    /// When reallocations began of blocks that nobody saw begin, and who began them went on without an end of theirs.
    pub(super) fn abandoned_moves(&self) -> impl Iterator<Item = u64> {
        let abandoned =
            (self.moving.iter()).filter(|moving| moving.block.is_err() && self.has_gone_on(moving));
        abandoned.map(|moving| moving.time)
    }

    /// Whether who reallocates has done something else since.
    fn has_gone_on(&self, moving: &Moving) -> bool {
        let (by, events) = moving.by;
        self.contexts.events(by) > events
    }

    /// Whether what ended at an address since then was about to be reallocated, and who did that went on without an end of it: the
    /// event that says where it lives now was mistaken, and it may have stayed.
    pub(super) fn was_left_moving(&self, address: u64, since: u64) -> bool {
        self.moving.iter().any(|moving| {
            moving.address == address && moving.time <= since && self.has_gone_on(moving)
        })
    }

    /// Of blocks whose reallocation is over without a word of the device, it has left out what became of them. They do not wait for
    /// another one's end.
    fn settle_left_out(&mut self) {
        while let Some(place) = (self.moving.iter()).position(|moving| self.is_left_out(moving)) {
            if let Ok(block) = self.moving.remove(place).block {
                self.sites[block.site as usize].leave_out();
            }
        }
    }

    /// Contexts that the device does not tell apart are several: that one goes on says nothing of another.
    fn is_left_out(&self, moving: &Moving) -> bool {
        let by = self.contexts.context(moving.by.0);
        moving.may_be_left_out && by != Context::Unknown && self.has_gone_on(moving)
    }

    /// How many of a call site's blocks are being reallocated now (who does that has done nothing else since), and of how many the
    /// device has left out what they become, or may do so.
    pub(super) fn unended_moves(&self, site: SiteId) -> UnendedMoves {
        let of_site = self.moving.iter().filter(|moving| {
            let block = moving.block.ok();
            block.is_some_and(|block| block.site == site.number())
        });
        let mut unended = UnendedMoves {
            left_out: self.sites[site.index()].left_out(),
            ..UnendedMoves::default()
        };
        for moving in of_site {
            if moving.may_be_left_out {
                unended.left_out += 1;
            } else if !self.has_gone_on(moving) {
                unended.under_way += 1;
            }
        }
        unended
    }

    #[cold]
    pub(super) fn observe_kept(
        &mut self,
        address: u64,
        size: u64,
        stack: StackId,
        now: &Occasion,
        stacks: &Stacks,
        fold: &mut impl FoldStack,
    ) -> Effect {
        let site = self.site(stack, stacks, fold);
        // Of several the newest one.
        let place = (self.moving.iter()).rposition(|moving| moving.address == address);
        let moving = place.map(|place| self.moving.remove(place));
        let spared = moving.and_then(|moving| match moving.block {
            Err(why @ (UnknownFree::Older | UnknownFree::Paused { .. })) => {
                Some((moving.by.0, why))
            }
            _ => None,
        });
        if let Some((by, why)) = spared {
            self.totals.frees -= 1;
            self.totals.frees_of_older_blocks -= 1;
            self.contexts.unfree(by, why.known_size());
            self.early.reuse(address);
        }
        let moved = moving.map(Moving::half);
        let freed = self.freed_just_now(Some(address), stack, now);
        let half = moved.or(freed);
        Effect::Failed {
            site,
            size,
            revived: self.fail(site, size, stack, half, now, stacks),
            spares_older: spared.is_some(),
        }
    }

    /// What the same call freed just before, at `place` if that is told: ESP-IDF's dialect tells a reallocation so.
    pub(super) fn freed_just_now(
        &mut self,
        place: Option<u64>,
        stack: StackId,
        now: &Occasion,
    ) -> Option<Half> {
        let free = self.recent.take(now);
        if self.recent.are_whole_calls || !free.is_free_from(stack, now.context) {
            return None;
        }
        if place.is_none() && stack == StackId::NONE {
            // Without callers, it may be another call that fails.
            if self.perhaps_kept.len() < MOST_PERHAPS {
                self.perhaps_kept.insert(free.address, free.time);
            }
            return None;
        }
        let by = self.contexts.index(now.context);
        let is_there = place.is_none_or(|place| place == free.address);
        is_there.then_some((free.address, free.block, free.time, by))
    }

    /// Whether the free of `freed_at` at an address may have been the begin of a reallocation that failed, and freed nothing.
    pub(super) fn was_perhaps_kept(&self, address: u64, freed_at: u64) -> bool {
        self.perhaps_kept.get(&address) == Some(&freed_at)
    }
}
