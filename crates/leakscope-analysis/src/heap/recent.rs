//! The last heap event of each core: some events are two halves of one call.

use super::blocks::LiveBlock;
use crate::trace::{Context, Occasion, StackId};

/// What happened last on a core, and to whom. Which fields count, [`Recent::kind`] says: almost every
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
    /// An event that frees the memory at `address`, where this block lived.
    #[inline(always)]
    pub(super) fn note_free(
        &mut self,
        address: u64,
        block: Option<LiveBlock>,
        stack: StackId,
        now: &Occasion,
    ) {
        self.failed_before = self.is_failure_to_move(address, now.context);
        self.kind = Kind::Free;
        self.context = now.context;
        self.stack = stack;
        self.address = address;
        self.block = block;
        self.time = now.time;
    }

    /// Whether this was a free from the same call, and so the first half of a reallocation.
    #[inline]
    pub(super) fn is_half(&self, stack: StackId, context: Context) -> bool {
        self.kind == Kind::Free
            && self.stack == stack
            && stack != StackId::NONE
            && self.context == context
    }

    /// The free that this was, if it was the first half of a call: of what, the block, and when.
    pub(super) fn half(
        &self,
        stack: StackId,
        context: Context,
    ) -> Option<(u64, Option<LiveBlock>, u64)> {
        (self.is_half(stack, context)).then_some((self.address, self.block, self.time))
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

/// By core.
#[derive(Clone, Debug, Default)]
pub(super) struct RecentEvents {
    by_core: Vec<Recent>,
    /// Whether none of them is a half: the target tells of reallocations. (It is noted when a call site is met for the first time.)
    pub(super) are_whole_calls: bool,
}

impl RecentEvents {
    #[inline]
    pub(super) fn of(&mut self, core: u8) -> &mut Recent {
        let core = usize::from(core);
        if core < self.by_core.len() {
            &mut self.by_core[core]
        } else {
            self.add(core)
        }
    }

    #[cold]
    fn add(&mut self, core: usize) -> &mut Recent {
        self.by_core.resize(core + 1, Recent::default());
        &mut self.by_core[core]
    }

    /// Nothing can follow any more as a second half.
    #[inline]
    pub(super) fn close(&mut self, core: u8) {
        self.of(core).kind = Kind::Other;
    }

    /// After a loss, nothing is known of what came last.
    pub(super) fn clear(&mut self) {
        self.by_core.clear();
    }
}
