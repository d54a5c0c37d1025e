//! What can be asked of the model between two events.

use super::blocks::LiveBlock;
use super::model::HeapModel;
use crate::outcome::{Block, Totals};

/// A block, as the model knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownBlock {
    /// What it is.
    pub block: Block,
    /// The number of its call site: see [`HeapModel::site_stack`].
    pub site: usize,
}

impl HeapModel {
    /// Bytes that live.
    #[inline]
    pub fn live_bytes(&self) -> u64 {
        self.live_bytes
    }

    /// Sums so far; without those that [`Outcome`](crate::outcome::Outcome) takes from the trace or from
    /// the session under way.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The block that lives at an address.
    pub fn block(&self, address: u64) -> Option<KnownBlock> {
        let block = self.blocks.at(address)?;
        Some(self.known(address, &block))
    }

    /// The block at `address` that the last heap event of `core` has freed, if that was at `time`.
    #[inline]
    pub fn freed_block(&self, core: u8, address: u64, time: u64) -> Option<KnownBlock> {
        let recent = self.recent.get(core)?;
        let block = recent.block.as_ref()?;
        (recent.address == address && recent.time == time).then(|| self.known(address, block))
    }

    #[inline]
    fn known(&self, address: u64, block: &LiveBlock) -> KnownBlock {
        KnownBlock {
            block: self.listed(address, block),
            site: block.site as usize,
        }
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
    #[inline]
    pub fn site_live_bytes(&self, site: usize) -> u64 {
        self.sites[site].live_bytes
    }
}
