//! Allocations of which one changed bit made another event, that can be read: what they began is then freed twice, as far as
//! can be seen.

use super::left_alone::LEAST_FREES;
use super::model::HeapModel;
use crate::outcome::{Anomaly, AnomalyKind};
use crate::trace::{StackId, Stacks};

/// What may have been an allocation at another address, or another event than it was.
#[derive(Debug, Default)]
pub(super) struct Mistaken {
    /// Blocks that nobody freed, by their births.
    blocks: Vec<Suspect>,
    /// When reallocations began, of blocks that nobody saw begin, and were never over.
    moves: Vec<u64>,
}

#[derive(Debug)]
struct Suspect {
    birth: u64,
    address: u64,
    size: u64,
    /// Whether its call site's blocks are freed.
    is_to_be_freed: bool,
}

/// Where a number of several bytes may break up into two: before a byte of 7 bits, behind the bits that alignment makes zero.
const BREAKS: std::ops::RangeInclusive<u32> = 7..=32;

impl Mistaken {
    /// At the end of a session.
    pub(super) fn of(heap: &HeapModel) -> Self {
        let mut blocks: Vec<Suspect> = (heap.blocks.live())
            .map(|(address, block)| Suspect {
                birth: block.time,
                address,
                size: block.bytes(),
                is_to_be_freed: heap.sites[block.site as usize].frees >= LEAST_FREES,
            })
            .collect();
        blocks.sort_unstable_by_key(|block| (block.birth, block.address));
        Self {
            blocks,
            moves: heap.abandoned_moves().collect(),
        }
    }

    /// Whether one of them may have begun the block between its two frees.
    pub(super) fn explain(&self, anomaly: &Anomaly) -> bool {
        let AnomalyKind::DoubleFree { freed_at, .. } = anomaly.kind else {
            return false;
        };
        let between = freed_at..=anomaly.time;
        let first = self.blocks.partition_point(|block| block.birth < freed_at);
        let mut born = self.blocks[first..]
            .iter()
            .take_while(|block| block.birth <= anomaly.time);
        self.moves.iter().any(|time| between.contains(time))
            || born.any(|block| block.is_meant_for(anomaly.address))
    }
}

impl Suspect {
    /// Whether one bit makes of an allocation at `meant` what this one is.
    fn is_meant_for(&self, meant: u64) -> bool {
        let beyond = meant.wrapping_sub(self.address) & u64::from(u32::MAX);
        // The bit said that a number goes on: its upper part became the size, or the size the address's upper part.
        let is_broken = beyond == 0 || BREAKS.into_iter().any(|bits| self.size << bits == beyond);
        is_broken || self.is_to_be_freed && self.address.abs_diff(meant).is_power_of_two()
    }
}

impl HeapModel {
    /// Whether a free may be an allocation in ESP-IDF's dialect, whose ids differ in one bit: before the callers, that has
    /// the size.
    pub(super) fn may_be_allocation(&self, stack: StackId, stacks: &Stacks) -> bool {
        let behind_size = stacks.frames(stack).get(1..).unwrap_or_default();
        let mut sites = self.keys.list().iter();
        !behind_size.is_empty() && sites.any(|site| site.frames(stacks) == behind_size)
    }

    /// Whether that may be so of a free of this address since then.
    pub(super) fn may_have_begun(&self, address: u64, since: u64) -> bool {
        let mut anomalies = self.anomalies.iter().rev();
        anomalies.any(|(anomaly, _)| {
            anomaly.is_doubtful && anomaly.address == address && anomaly.time >= since
        })
    }
}
