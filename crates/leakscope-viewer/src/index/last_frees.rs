//! What each lane freed last: a reallocation that fails leaves its block as it was, and the free that it began with was none.
//! A task that reallocates does nothing else until that is over.

use leakscope_analysis::outcome::Block;

use super::exchange::Freed;

/// A free, and where the ledger tells of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastFree {
    pub(super) freed: Freed,
    pub(super) entry: u64,
    pub(super) size: u64,
    /// Which block it was of, by address and begin; `None` if it is not known.
    pub(super) block: Option<(u64, u64)>,
}

/// By lane.
#[derive(Debug, Default)]
pub(super) struct LastFrees(Vec<Option<LastFree>>);

impl LastFrees {
    #[inline(always)]
    pub(super) fn note(&mut self, lane: u32, free: LastFree) {
        let place = lane as usize;
        if place >= self.0.len() {
            self.add_lanes(place + 1);
        }
        self.0[place] = Some(free);
    }

    #[cold]
    fn add_lanes(&mut self, count: usize) {
        self.0.resize(count, None);
    }

    /// The last free of a block.
    pub(super) fn take(&mut self, block: &Block) -> Option<LastFree> {
        let wanted = (Some((block.address, block.time)), block.size);
        let mut frees = self.0.iter_mut();
        let place = frees.find(|free| free.is_some_and(|free| (free.block, free.size) == wanted));
        place?.take()
    }

    /// The last free by a context, which may have gone on on another core, if its block is not known.
    pub(super) fn take_unknown(&mut self, by: u16) -> Option<LastFree> {
        let own = |free: &&mut Option<LastFree>| free.is_some_and(|free| free.freed.by == by);
        let frees = self.0.iter_mut().filter(own);
        let last = frees.max_by_key(|free| free.map(|free| free.entry))?;
        if last.is_some_and(|free| free.block.is_none()) {
            last.take()
        } else {
            None
        }
    }
}
