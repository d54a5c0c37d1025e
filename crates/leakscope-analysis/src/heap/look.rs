//! What can be asked of the model between two events.

use super::blocks::Slot;
use super::model::HeapModel;
use crate::outcome::{Block, Totals};

/// A block, as the model knows it: it lives, or was freed and is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownBlock {
    /// What it is.
    pub block: Block,
    /// The number of its call site: see [`HeapModel::site_stack`].
    pub site: usize,
    /// When it was freed; `None` as long as it lives.
    pub freed_at: Option<u64>,
}

impl HeapModel {
    /// Bytes that live.
    pub fn live_bytes(&self) -> u64 {
        self.live_bytes
    }

    /// Sums so far; without those that [`Outcome`](crate::outcome::Outcome) takes from the trace or from
    /// the session under way.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The block that begins at an address, or did until it was freed.
    pub fn block(&self, address: u64) -> Option<KnownBlock> {
        let Slot {
            block, freed_at, ..
        } = self.blocks.slot(address)?;
        Some(KnownBlock {
            block: self.listed(address, block),
            site: block.site as usize,
            freed_at: (*freed_at != super::blocks::NEVER).then_some(*freed_at),
        })
    }

    /// How many call sites there are; they are numbered in order of first appearance.
    pub fn sites(&self) -> usize {
        self.sites.len()
    }

    /// The return addresses by which a call site is told apart, as [`CallSite::stack`] has them.
    ///
    /// [`CallSite::stack`]: crate::outcome::CallSite::stack
    pub fn site_stack(&self, site: usize) -> &[u64] {
        &self.keys[site].frames
    }

    /// The bytes of a call site that live.
    pub fn site_live_bytes(&self, site: usize) -> u64 {
        self.sites[site].live_bytes
    }
}
