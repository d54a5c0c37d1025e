//! Pointers of an allocator to a free chunk, which look like pointers into the block in front of it.

use super::blocks::BlockMap;
use crate::image::Image;

/// Whether a word that points into a block, and not at its beginning, is the address of a free chunk behind it.
///
/// Where a chunk's header begins with a word that is of use only while the chunk in front is free, that word belongs to the block in
/// front otherwise, and lies in its last bytes: dlmalloc (newlib, glibc: `prev_size`) and TLSF (`prev_phys_block`). Lists of free
/// chunks hold such addresses, and hold no block. The word behind is the chunk's size, with flags in its low bits, of which the
/// lowest is set and the next one is not: in dlmalloc "the chunk in front is in use, this one is not mapped", in TLSF "this one is
/// free, the one in front is not". Behind a free chunk stands its size once more (dlmalloc), or its address (TLSF); not behind
/// the rest of a heap, where no block is.
pub(super) fn is_free_behind(image: &Image, map: &BlockMap, index: usize, pointer: u64) -> bool {
    let word = image.words.size() as u64;
    let block = map.list()[index].range();
    // A pointer to the other address of the same memory is not looked into.
    let is_last_word = block.contains(&pointer) && block.end - pointer <= word;
    if !pointer.is_multiple_of(word) || !is_last_word {
        return false;
    }
    let Some(size) = image.pointer(pointer + word) else {
        // Of a block that is not in the image nothing is known: such a word does not say who holds it.
        return image.pointer(pointer).is_none();
    };
    let flags = word - 1;
    let (size, flags) = (size & !flags, size & flags);
    let end = pointer.saturating_add(size);
    let next = map.list().get(index + 1).map(|block| block.start);
    let is_free = flags & 3 == 1 && size >= 3 * word && next.is_none_or(|next| next >= end);
    let says_so = || {
        image.pointer(end) == Some(size) || image.pointer(end.saturating_add(word)) == Some(pointer)
    };
    is_free && (next.is_none() || says_so())
}
