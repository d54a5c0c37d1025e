//! Which block a pointer points at.

use super::{Alias, Block};

/// Blocks by address.
#[derive(Clone, Debug)]
pub(super) struct BlockMap {
    /// In order; none overlaps another.
    blocks: Vec<Block>,
    /// Of each stretch of 2ˢʰⁱᶠᵗ bytes, the first block that ends behind its beginning.
    first: Vec<u32>,
    shift: u32,
    low: u64,
    high: u64,
    aliases: Vec<Alias>,
}

impl BlockMap {
    /// Of blocks in any order. Where two overlap, as in a trace that lost data, the earlier one ends where the next
    /// begins; of two that begin together, the larger one stays.
    pub(super) fn new(blocks: Vec<Block>, aliases: Vec<Alias>) -> Self {
        let mut blocks = blocks;
        blocks.retain(|block| block.start.checked_add(block.size.max(1)).is_some());
        blocks.sort_by_key(|block| (block.start, std::cmp::Reverse(block.size)));
        blocks.dedup_by_key(|block| block.start);
        for index in 1..blocks.len() {
            let next = blocks[index].start;
            let before = &mut blocks[index - 1];
            before.size = before.size.min(next - before.start);
        }
        let low = blocks.first().map_or(0, |block| block.start);
        let high = blocks.last().map_or(0, end);
        let most = (8 * blocks.len()).max(1024) as u64;
        let shift = (0..63)
            .find(|shift| (high - low) >> shift < most)
            .unwrap_or(63);
        let stretches = ((high - low) >> shift) + 1;
        let mut index = 0;
        let first = (0..stretches).map(|stretch| {
            let begin = low + (stretch << shift);
            while blocks.get(index).is_some_and(|block| end(block) <= begin) {
                index += 1;
            }
            index as u32
        });
        let first = first.collect();
        Self {
            blocks,
            first,
            shift,
            low,
            high,
            aliases,
        }
    }

    pub(super) fn list(&self) -> &[Block] {
        &self.blocks
    }

    /// From the first block's first byte to the last one's end.
    pub(super) fn hull(&self) -> std::ops::Range<u64> {
        self.low..self.high
    }

    /// The block that a word points at, and whether it is a start pointer.
    #[inline]
    pub(super) fn find(&self, word: u64) -> Option<(usize, bool)> {
        if word.wrapping_sub(self.low) < self.high - self.low {
            return self.find_near(word);
        }
        let alias = self.aliases.iter().find(|alias| alias.holds(word))?;
        let meant = alias.meant(word);
        (meant.wrapping_sub(self.low) < self.high - self.low).then(|| self.find_near(meant))?
    }

    fn find_near(&self, pointer: u64) -> Option<(usize, bool)> {
        let mut index = self.first[((pointer - self.low) >> self.shift) as usize] as usize;
        while self
            .blocks
            .get(index)
            .is_some_and(|block| end(block) <= pointer)
        {
            index += 1;
        }
        let offset = pointer.checked_sub(self.blocks.get(index)?.start)?;
        Some((index, offset == 0))
    }
}

/// Where a block ends. One of no bytes has an address of its own all the same.
fn end(block: &Block) -> u64 {
    block.start.saturating_add(block.size.max(1))
}

#[cfg(test)]
mod tests {
    use super::{Block, BlockMap};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_a_linear_search_finds(
            placed in prop::collection::vec((0_u64..400, 0_u64..40), 0..20),
            spread in 0_u32..40,
            word in 0_u64..500,
        ) {
            let mut starts: Vec<Block> = placed
                .iter()
                .map(|(start, size)| Block { start: start << spread, size: *size, group: 0 })
                .collect();
            let map = BlockMap::new(starts.clone(), Vec::new());
            // The naive twin: the last block that begins at or before, if it is long enough.
            starts.sort_by_key(|block| (block.start, block.size));
            let word = (word << spread) + word % 7;
            let naive = starts.iter().rev().find(|block| block.start <= word);
            let naive = naive.filter(|block| word - block.start < block.size.max(1));
            let found = map.find(word);
            prop_assert_eq!(found.map(|(index, _)| map.list()[index].start), naive.map(|block| block.start));
            let is_start = naive.map(|block| word == block.start);
            prop_assert_eq!(found.map(|(_, is_start)| is_start), is_start);
        }
    }
}
