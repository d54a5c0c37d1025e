//! What can be asked of the model between two events.

use super::effect::KnownBlock;
use super::model::HeapModel;
use crate::outcome::Totals;

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
        Some(self.known(address, block))
    }

    /// How many call sites there are.
    pub fn sites(&self) -> usize {
        self.sites.len()
    }
}
