//! Blocks that are being reallocated: their memory may be another block's before they are known to live elsewhere.

use super::blocks::LiveBlock;
use super::effect::{Completes, Effect};
use super::fold::FoldStack;
use super::model::HeapModel;
use crate::trace::{Occasion, StackId, Stacks};

/// More than this are no reallocations under way, but ones whose end was lost.
const MOST: usize = 64;

/// A block that is being reallocated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moving {
    address: u64,
    /// What it was, if that is known.
    block: Option<LiveBlock>,
    /// Since when.
    time: u64,
    /// Who moves it, and how many allocations and frees were its own by then.
    by: (u32, u64),
}

impl Moving {
    /// What a failure puts back: where, what, and when it seemed to end.
    pub(super) fn half(self) -> (u64, Option<LiveBlock>, u64) {
        (self.address, self.block, self.time)
    }
}

impl HeapModel {
    pub(super) fn observe_moving(
        &mut self,
        address: u64,
        stack: StackId,
        now: &Occasion,
        stacks: &Stacks,
    ) -> Effect {
        let effect = self.observe_free(0, address, stack, now, stacks);
        let recent = self.recent.of(now.core);
        let block = recent.block;
        self.recent.close(now.core);
        if self.moving.len() == MOST {
            self.moving.remove(0);
        }
        let by = self.contexts.index(now.context);
        self.moving.push(Moving {
            address,
            block,
            time: now.time,
            by: (by, self.contexts.events(by)),
        });
        effect
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
        // That it moves was lost: it ends now.
        let is_there = moving.is_none() && self.blocks.at(old_address).is_some();
        let ended = if is_there {
            self.free(old_address, stack, now)
        } else {
            None
        };
        let before = ended.or(moving.and_then(|moving| moving.block));
        self.note_reallocation(site, before);
        let (began, lost) = self.allocate(site, 0, address, size, now);
        self.recent.close(now.core);
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
        let abandoned = self.moving.iter().filter(|moving| {
            let (by, events) = moving.by;
            moving.block.is_none() && self.contexts.events(by) > events
        });
        abandoned.map(|moving| moving.time)
    }

    /// The block at an address that a reallocation leaves as it was: of several the newest one.
    pub(super) fn stop_moving(&mut self, address: u64) -> Option<Moving> {
        let place = (self.moving.iter()).rposition(|moving| moving.address == address)?;
        Some(self.moving.remove(place))
    }
}
