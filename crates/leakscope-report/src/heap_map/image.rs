//! What an image of memory says of the heap: where ESP-IDF's heaps are, and the allocator's own map of them.

use std::ops::Range;

use leakscope_heap::{HeapMap, Memory, Region};
use leakscope_memory::image::Image;
use leakscope_symbols::Symbols;

use crate::memory::used_blocks;

/// More heaps than any chip has: in a damaged image they may be a ring.
const MOST_HEAPS: usize = 64;

/// From now on, the map is as the image has it, as far as that has the allocator's own map. The image is of the end.
pub fn follow(map: &mut HeapMap, image: &Image, symbols: Option<&Symbols>) {
    let used = used_blocks(image, symbols);
    map.follow(&InImage { image, used });
}

struct InImage<'i> {
    image: &'i Image,
    used: Option<Vec<Range<u64>>>,
}

impl Memory for InImage<'_> {
    fn word(&self, address: u64) -> Option<u32> {
        let word = self.image.pointer(address)?;
        word.try_into().ok().filter(|_| !self.image.words.is_64_bit)
    }

    fn used(&self) -> Option<&[Range<u64>]> {
        self.used.as_deref()
    }
}

/// The heaps that ESP-IDF has registered: `registered_heaps` of `heap_caps_init.c`, a list of `heap_t` (`heap_private.h`).
pub(super) fn regions(image: &Image, symbols: &Symbols) -> Option<Vec<Region>> {
    let first = image.pointer(symbols.symbol("registered_heaps")?.address)?;
    // With task tracking, a name stands before all.
    [0, 4]
        .into_iter()
        .find_map(|name| registered(image, first, name))
}

/// The list from here on; `None` if it is none.
fn registered(image: &Image, first: u64, name: u64) -> Option<Vec<Region>> {
    let mut regions = Vec::new();
    let mut at = first;
    for _ in 0..MOST_HEAPS {
        if at == 0 {
            return (!regions.is_empty()).then_some(regions);
        }
        // Three words say what the memory is for; a lock of two stands before the handle.
        let word = |number: u64| image.pointer(at.checked_add(name + 4 * number)?);
        let (start, end, handle) = (word(3)?, word(4)?, word(7)?);
        // A heap's handle is its first byte. One that is not in use yet has none.
        match handle {
            0 => {}
            handle if handle == start && start < end => regions.push(Region {
                range: start..end,
                name: None,
            }),
            _ => return None,
        }
        at = word(8)?;
    }
    None
}
