//! What each stretch of an image is: what is drawn of it.

use std::ops::Range;

use super::areas::Areas;
use super::blocks::BlockMap;

/// What a stretch of memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A block: an index into [`Survey::blocks`](super::Survey::blocks).
    Block(usize),
    /// Memory outside of the heap and of stacks.
    Static,
    /// What is in use of a stack.
    Stack,
    /// Memory of the heap of which nothing is known.
    Unknown,
    /// What is not looked at: free memory, the rest of a stack, memory that was left out.
    Unused,
}

/// What each stretch of the image is, in order of addresses: all that it holds, once.
pub(super) fn map(map: &BlockMap, areas: &Areas) -> Vec<(Range<u64>, Use)> {
    let blocks = map.list().iter().enumerate();
    let blocks = blocks.map(|(index, block)| (block.range(), index));
    let blocks = blocks.filter(|(range, _)| !range.is_empty());
    let mut known: Vec<(Range<u64>, Use)> = blocks
        .flat_map(|(range, index)| {
            let held = areas.held.within(&range);
            held.map(move |part| (part, Use::Block(index)))
        })
        .collect();
    let stacks = areas.stacks.without(&areas.blocks);
    let others = [
        (&areas.statics, Use::Static),
        (&stacks, Use::Stack),
        (&areas.unknown, Use::Unknown),
        (&areas.unused, Use::Unused),
    ];
    for (ranges, what) in others {
        known.extend(ranges.iter().map(|range| (range.clone(), what)));
    }
    known.sort_unstable_by_key(|(range, _)| range.start);
    known
}
