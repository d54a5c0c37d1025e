//! The allocator's own map, as it stands in an image of memory: which of it is in use, and which is free.

use std::ops::Range;

/// An image of a device's memory.
pub trait Memory {
    /// The 32 bits at an address, if the image has them.
    fn word(&self, address: u64) -> Option<u32>;

    /// The blocks that are in use, without headers, in order of addresses, if the image has no more of the heap than these:
    /// ESP-IDF's core dumps list them.
    fn used(&self) -> Option<&[Range<u64>]> {
        None
    }
}

/// A piece of a region, and whether it is in use.
pub(crate) type Piece = (Range<u64>, bool);

/// The pieces of an arena, each of which tells its length and whether it is in use; `None` if they do not end where the arena does.
pub(crate) fn walk(
    arena: &Range<u64>,
    tag_at: impl Fn(u64) -> Option<(u64, bool)>,
) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut start = arena.start;
    while start < arena.end {
        let (length, is_used) = tag_at(start)?;
        let end = start.checked_add(length).filter(|&end| start < end)?;
        pieces.push((start..end, is_used));
        start = end;
    }
    (start == arena.end && !pieces.is_empty()).then_some(pieces)
}

/// The same from a list of what is in use, each with a header of so many bytes in front; `None` if the list has nothing there.
pub(crate) fn between(arena: &Range<u64>, used: &[Range<u64>], header: u64) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut end = arena.start;
    for block in used {
        let block = block.start.checked_sub(header)?..block.end;
        if block.start < arena.start || arena.end < block.end {
            continue;
        }
        if end < block.start {
            pieces.push((end..block.start, false));
        }
        if block.start < end {
            return None;
        }
        end = block.end;
        pieces.push((block, true));
    }
    let has_some = !pieces.is_empty();
    if end < arena.end {
        pieces.push((end..arena.end, false));
    }
    has_some.then_some(pieces)
}
