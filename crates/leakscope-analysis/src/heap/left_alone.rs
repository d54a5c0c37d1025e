//! Blocks that live on where all others of their call site were freed: perhaps a free meant them, and names another.
//!
//! One bit that is changed in an address leaves packets that can be read, and so no gap. Of a free, or of an allocation, it
//! leaves a block that nobody frees, and an address that is freed twice: a power of two apart.

use std::collections::BTreeMap;

use super::model::HeapModel;
use crate::outcome::Anomaly;

/// A call site that has freed fewer blocks does not show what it usually does.
pub(super) const LEAST_FREES: u64 = 3;

/// Addresses of such blocks, and since when they live.
#[derive(Debug, Default)]
pub(super) struct LeftAlone(Vec<(u64, u64)>);

impl LeftAlone {
    /// At the end of the trace.
    pub(super) fn of(heap: &HeapModel, end: u64) -> Self {
        let mut by_site: BTreeMap<u32, Vec<(u64, u64)>> = BTreeMap::new();
        for (address, block) in heap.blocks.live() {
            let site = &heap.sites[block.site as usize];
            let is_oldest = site.freed_at_age(end.saturating_sub(block.time)) == 0;
            if site.frees >= LEAST_FREES && is_oldest {
                let of_site = by_site.entry(block.site).or_default();
                of_site.push((address, block.time));
            }
        }
        let alone = by_site.into_values().filter(|blocks| blocks.len() == 1);
        Self(alone.flatten().collect())
    }

    /// Whether one of them may have been meant in place of what was freed.
    pub(super) fn explain(&self, anomaly: &Anomaly) -> bool {
        let mut blocks = self.0.iter();
        anomaly.kind.is_double()
            && blocks.any(|&(address, since)| {
                since <= anomaly.time && address.abs_diff(anomaly.address).is_power_of_two()
            })
    }
}
