//! Blocks whose allocation was lost: how many of them are known to have lived at once.

use crate::findings::Unseen;

/// Counts frees of such blocks. Each of these lived from the last loss before its free on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct UnseenBlocks {
    /// When the last loss was over.
    since: u64,
    /// Frees since then.
    count: u64,
    most: (u64, u64),
}

impl UnseenBlocks {
    /// A block is freed whose allocation was lost, at `since` at the latest. It counts if it lived for a `window`: what
    /// comes and goes within one raises no floor.
    pub(super) fn free(&mut self, time: u64, since: u64, window: u64) {
        if self.since != since {
            (self.since, self.count) = (since, 0);
        }
        if time.saturating_sub(since) >= window {
            self.count += 1;
            self.most = self.most.max((self.count, since));
        }
    }

    /// The most that lived at once, beside so many blocks that lived as long and whose life was seen.
    pub(super) fn most(&self, seen: u64) -> Unseen {
        let (blocks, since) = self.most;
        Unseen {
            blocks,
            since,
            seen,
        }
    }
}
