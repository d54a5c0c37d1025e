//! The last heap event of each core: some events are two halves of one call.

use crate::trace::{Context, StackId};

/// What happened last on a core.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Recent {
    /// Nothing that a second half could follow.
    #[default]
    Other,
    Free {
        address: u64,
        /// Whether a block lived there.
        was_live: bool,
        stack: StackId,
        context: Context,
        /// The failure just before, if it was one to reallocate this block.
        failure: Option<Failure>,
    },
    Failed {
        failure: Failure,
        context: Context,
        /// The block that was to be reallocated.
        kept: Option<u64>,
    },
}

/// An allocation that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    pub(super) size: u64,
    /// Its place in the list of failed allocations, if it has one.
    pub(super) entry: Option<usize>,
}

impl Recent {
    /// The failure to reallocate the block at `address`, if `context` now tries that again.
    #[inline]
    pub(super) fn failure_to_move(&self, address: u64, context: Context) -> Option<Failure> {
        match *self {
            Self::Failed {
                failure,
                context: failed,
                kept: Some(kept),
            } if kept == address && failed == context => Some(failure),
            _ => None,
        }
    }
}

/// By core.
#[derive(Clone, Debug, Default)]
pub(super) struct RecentEvents {
    by_core: Vec<Recent>,
}

impl RecentEvents {
    #[inline]
    pub(super) fn get(&self, core: u8) -> &Recent {
        self.by_core
            .get(usize::from(core))
            .unwrap_or(&Recent::Other)
    }

    #[inline]
    pub(super) fn set(&mut self, core: u8, event: Recent) {
        match self.by_core.get_mut(usize::from(core)) {
            Some(last) => *last = event,
            None => self.add(core, event),
        }
    }

    #[cold]
    fn add(&mut self, core: u8, event: Recent) {
        self.by_core.resize(usize::from(core) + 1, Recent::Other);
        self.by_core[usize::from(core)] = event;
    }

    /// After a loss, nothing is known of what came last.
    pub(super) fn clear(&mut self) {
        self.by_core.clear();
    }
}
