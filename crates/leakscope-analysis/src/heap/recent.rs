//! The last heap event of each core: some events are two halves of one call.

use super::blocks::LiveBlock;
use crate::trace::{Context, StackId};

/// What happened last on a core.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Recent {
    /// Nothing that a second half could follow.
    #[default]
    Other,
    Free {
        address: u64,
        block: Option<LiveBlock>,
        stack: StackId,
        context: Context,
    },
    Failed {
        size: u64,
        context: Context,
        /// Its place in the list of failed allocations, if it has one.
        entry: Option<usize>,
    },
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
        let core = usize::from(core);
        if core >= self.by_core.len() {
            self.by_core.resize(core + 1, Recent::Other);
        }
        self.by_core[core] = event;
    }

    /// After a loss, nothing is known of what came last.
    pub(super) fn clear(&mut self) {
        self.by_core.clear();
    }
}
