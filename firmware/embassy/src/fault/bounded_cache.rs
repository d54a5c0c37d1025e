//! A cache of pages, the oldest of which makes room for the newest. It grows until it is full: no leak.

use alloc::boxed::Box;
use alloc::vec;

const PAGES: usize = 4;
const PAGE_SIZE: usize = 128;

pub(super) struct Cache {
    pages: [Option<Box<[u8]>>; PAGES],
}

impl Cache {
    pub(super) const fn new() -> Self {
        Self {
            pages: [const { None }; PAGES],
        }
    }

    #[inline(never)]
    pub(super) fn load_page(&mut self, round: usize) {
        // MARK: page of the cache
        self.pages[round % PAGES] = Some(vec![1; PAGE_SIZE].into_boxed_slice());
    }
}
