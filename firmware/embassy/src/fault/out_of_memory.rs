//! The steady leak with large blocks: the heap is exhausted after a few rounds, and the program notices.

use alloc::vec::Vec;

const FACTOR: usize = 16;
/// Nobody can do anything with less.
const SMALLEST: usize = 16;

pub(super) fn forget_large_block(number: usize, size: usize) {
    let mut size = size * FACTOR;
    if forget(size) {
        return;
    }
    log::error!(target: "alloc", "{number}: no memory for {size} bytes");
    // What is left is taken in smaller pieces, until no memory is left for anything.
    while size > SMALLEST {
        size /= 2;
        forget(size);
    }
}

/// Whether there was memory to forget.
#[inline(never)]
fn forget(size: usize) -> bool {
    let mut block = Vec::<u8>::new();
    // MARK: large block
    let is_there = block.try_reserve_exact(size).is_ok();
    core::mem::forget(block);
    is_there
}
