//! Frees that seem to come before the allocations of their blocks: where bytes are lost, time is lost with them, and what one of
//! several cores did stands too early from there on.
//!
//! A block is allocated once and freed once, in whatever order these stand: where more was freed than lived, what lives may be
//! freed already.

use rustc_hash::FxHashMap;

use super::blocks::LiveBlock;

/// No more addresses are noted.
const MOST: usize = 1 << 16;

/// What was freed where nothing lived, since bytes were lost.
#[derive(Clone, Debug, Default)]
pub(super) struct EarlyFrees {
    is_order_unsure: bool,
    by_address: FxHashMap<u64, Balance>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Balance {
    /// Frees at which nothing lived, less blocks that lived when another came there.
    frees: i32,
    /// The cores that freed.
    cores: u64,
}

impl EarlyFrees {
    /// Bytes are lost. Their core stays behind, over sessions, too.
    pub(super) fn lose_time(&mut self) {
        self.is_order_unsure = true;
    }

    pub(super) fn begin_session(&mut self) {
        self.by_address.clear();
    }

    /// Nothing lives there, and it is freed.
    pub(super) fn free(&mut self, address: u64, core: u8) {
        if let Some(balance) = self.at(address) {
            balance.frees = balance.frees.saturating_add(1);
            balance.cores |= bit(core);
        }
    }

    /// Something lives there, and another block comes; or what was freed is told to live on.
    pub(super) fn reuse(&mut self, address: u64) {
        if let Some(balance) = self.at(address) {
            balance.frees = balance.frees.saturating_sub(1);
        }
    }

    fn at(&mut self, address: u64) -> Option<&mut Balance> {
        let has_room = self.by_address.len() < MOST || self.by_address.contains_key(&address);
        (self.is_order_unsure && has_room).then(|| self.by_address.entry(address).or_default())
    }

    /// Whether a block that lives there may be freed already, by another core than that which allocated it.
    pub(super) fn may_have_freed(&self, address: u64, block: &LiveBlock) -> bool {
        let balance = self.by_address.get(&address);
        balance.is_some_and(|balance| balance.frees > 0 && balance.cores & !bit(block.core()) != 0)
    }
}

fn bit(core: u8) -> u64 {
    1 << (core % 64)
}
