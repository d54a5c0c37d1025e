//! What can be asked of the model between two events.

use std::collections::BTreeSet;

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

    /// The blocks that live, in order of addresses, without those that must have ended unseen.
    pub fn live_blocks(&self) -> Vec<KnownBlock> {
        let ended = self.ended_unseen();
        let ended: BTreeSet<u64> = ended.iter().map(|known| known.block.address).collect();
        let live = self
            .blocks
            .live()
            .map(|(address, block)| self.known(address, block));
        let mut live: Vec<_> = live
            .filter(|known| !ended.contains(&known.block.address))
            .collect();
        live.sort_unstable_by_key(|known| known.block.address);
        live
    }

    /// How many call sites there are.
    pub fn sites(&self) -> usize {
        self.sites.len()
    }
}
