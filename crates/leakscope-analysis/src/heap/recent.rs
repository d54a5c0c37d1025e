//! The last heap event of each task: some events are two halves of one call.

use super::blocks::LiveBlock;
use crate::trace::{Context, Occasion, StackId};

/// What a task did last, or what else ran on a core. Which fields count, [`Recent::kind`] says: almost every
/// event writes here, and writes no more than it must.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recent {
    pub(super) kind: Kind,
    pub(super) context: Context,
    /// Of a free: from where.
    pub(super) stack: StackId,
    /// Of a free: of what. Of a failure: the block that was to be reallocated, or 0.
    pub(super) address: u64,
    /// Of a free: the block that lived there.
    pub(super) block: Option<LiveBlock>,
    /// Of a free: when.
    pub(super) time: u64,
    /// Of a free and a failure: how often data were lost before.
    losses: u32,
    /// Of a free: whether just before it, reallocating this block failed.
    pub(super) failed_before: bool,
    /// That failure; or the one that this is.
    pub(super) failure: Failure,
}

/// What kind of event it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// None that a second half could follow.
    #[default]
    Other,
    Free,
    Failed,
}

/// An allocation that failed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Failure {
    pub(super) size: u64,
    /// Its place in the list of failed allocations, if it has one.
    pub(super) entry: Option<usize>,
}

impl Recent {
    /// Whether this was a free from the same call, and so the first half of a reallocation.
    #[inline]
    pub(super) fn is_half(&self, stack: StackId, context: Context) -> bool {
        stack != StackId::NONE && self.is_free_from(stack, context)
    }

    /// Whether this was a free with the same callers, or, like what follows, without any.
    pub(super) fn is_free_from(&self, stack: StackId, context: Context) -> bool {
        self.kind == Kind::Free && self.stack == stack && self.context == context
    }

    /// Whether an allocation from this stack may complete it. What came last cannot be foreseen, but that this is
    /// true is rare.
    #[inline]
    pub(super) fn may_be_completed(&self, stack: StackId) -> bool {
        self.kind == Kind::Failed || self.stack == stack && stack != StackId::NONE
    }

    /// Whether this was a failure to reallocate the block at `address`, and `context` now tries that again.
    #[inline]
    pub(super) fn is_failure_to_move(&self, address: u64, context: Context) -> bool {
        self.kind == Kind::Failed && self.address == address && self.context == context
    }
}

/// By task; what is none, by core. A task goes on where it was interrupted.
#[derive(Clone, Debug, Default)]
pub(super) struct RecentEvents {
    /// Tasks and cores in turn.
    list: Vec<Recent>,
    /// How often data were lost.
    losses: u32,
    /// Whether none of them is a half: the target tells of reallocations. (It is noted when a call site is met for the first time.)
    pub(super) are_whole_calls: bool,
}

impl RecentEvents {
    #[inline(always)]
    pub(super) fn of(&mut self, now: &Occasion) -> &mut Recent {
        let place = match now.context {
            Context::Task(task) => 2 * task.index() + 1,
            _ => 2 * usize::from(now.core),
        };
        if place < self.list.len() {
            &mut self.list[place]
        } else {
            self.add(place)
        }
    }

    #[cold]
    fn add(&mut self, place: usize) -> &mut Recent {
        self.list.resize(place + 1, Recent::default());
        &mut self.list[place]
    }

    /// Nothing can follow any more as a second half.
    #[inline]
    pub(super) fn close(&mut self, now: &Occasion) {
        self.of(now).kind = Kind::Other;
    }

    /// An event that frees the memory at `address`, where this block lived.
    #[inline(always)]
    pub(super) fn note_free(
        &mut self,
        address: u64,
        block: Option<LiveBlock>,
        stack: StackId,
        now: &Occasion,
    ) {
        let losses = self.losses;
        let recent = self.of(now);
        recent.failed_before =
            recent.is_failure_to_move(address, now.context) && recent.losses == losses;
        recent.kind = Kind::Free;
        recent.context = now.context;
        recent.stack = stack;
        recent.address = address;
        recent.block = block;
        recent.time = now.time;
        recent.losses = losses;
    }

    /// An allocation found no memory that was to take the place of the block at `address`, if that is not 0.
    pub(super) fn note_failure(&mut self, address: u64, failure: Failure, now: &Occasion) {
        let losses = self.losses;
        let recent = self.of(now);
        recent.kind = Kind::Failed;
        recent.context = now.context;
        recent.address = address;
        recent.failure = failure;
        recent.losses = losses;
    }

    /// What came last, if nothing was lost since; nothing can follow it any more.
    pub(super) fn take(&mut self, now: &Occasion) -> Recent {
        let losses = self.losses;
        let recent = self.of(now);
        let before = *recent;
        recent.kind = Kind::Other;
        if before.losses == losses {
            before
        } else {
            Recent::default()
        }
    }

    /// After a loss, nothing is known of what came last.
    pub(super) fn lose(&mut self) {
        self.losses = self.losses.wrapping_add(1);
    }
}
