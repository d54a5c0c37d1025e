//! The words in a stretch of memory.

use std::ops::Range;

use crate::image::Image;

/// Calls `see` with each word and its address: those that lie on multiples of their size or, if `unaligned`, on any
/// address.
pub(super) fn each(
    image: &Image,
    range: &Range<u64>,
    unaligned: bool,
    mut see: impl FnMut(u64, u64),
) {
    let size = image.words.size();
    let mut from = range.start;
    while from < range.end {
        let bytes = image.bytes(&(from..range.end));
        if bytes.is_empty() {
            match image.next_segment(from) {
                Some(next) => from = next,
                None => return,
            }
            continue;
        }
        let skipped = if unaligned {
            0
        } else {
            (from.next_multiple_of(size as u64) - from) as usize
        };
        let words = bytes.get(skipped..).unwrap_or_default();
        let first = from + skipped as u64;
        let mut tell = |(index, word): (usize, &[u8]), step: u64| {
            see(first + index as u64 * step, image.words.pointer(word));
        };
        if unaligned {
            words
                .windows(size)
                .enumerate()
                .for_each(|word| tell(word, 1));
        } else {
            words
                .chunks_exact(size)
                .enumerate()
                .for_each(|word| tell(word, size as u64));
        }
        from += bytes.len() as u64;
    }
}
