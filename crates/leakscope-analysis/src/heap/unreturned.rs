//! Freed memory that nobody has used again: blocks that would seem to live, had their frees been lost.

use std::cmp::Reverse;

use super::blocks::FreedBlock;
use super::model::HeapModel;

/// Memory that a block had.
struct Extent {
    address: u64,
    /// The first address behind it.
    end: u64,
    /// When it was freed; the end of time, if it lives.
    until: u64,
    freed: Option<FreedBlock>,
}

impl HeapModel {
    /// The freed blocks whose memory was not used again, in the order of their sites, as these and the age that they
    /// would have now. None, if nothing was lost.
    pub(super) fn unreturned(&self, now: u64) -> Vec<(usize, u64)> {
        if self.gaps.list().is_empty() && self.lost_frees == 0 {
            return Vec::new();
        }
        let mut blocks: Vec<(usize, u64)> = (self.untaken().into_iter())
            .filter(|block| block.site != FreedBlock::NO_SITE)
            .map(|block| (block.site as usize, block.age(now)))
            .collect();
        blocks.sort_unstable();
        blocks
    }

    /// The freed blocks that no younger one lies in. (Of several heaps, one may lie in a block of the other.)
    fn untaken(&self) -> Vec<FreedBlock> {
        let remembered = || self.blocks.remembered();
        if !self.heaps.are_one() {
            return remembered().map(|(_, block)| block).collect();
        }
        let live = self.blocks.live().map(|(address, block)| Extent {
            address,
            end: address.saturating_add(block.bytes()),
            until: u64::MAX,
            freed: None,
        });
        let freed = remembered().map(|(address, block)| Extent {
            address,
            end: address.saturating_add(block.bytes()),
            until: block.time,
            freed: Some(block),
        });
        let mut extents: Vec<Extent> = live.chain(freed).collect();
        extents.sort_unstable_by_key(|extent| (extent.address, Reverse(extent.until)));
        let mut untaken = Vec::new();
        // Those that reach up to the next one, each younger than the one below it.
        let mut open: Vec<Extent> = Vec::new();
        for next in extents {
            while let Some(done) = open.pop_if(|before| before.end <= next.address) {
                untaken.extend(done.freed);
            }
            match open.last_mut() {
                Some(before) if before.until >= next.until => continue,
                Some(before) => before.freed = None,
                None => {}
            }
            open.push(next);
        }
        untaken.extend(open.into_iter().filter_map(|extent| extent.freed));
        untaken
    }
}
