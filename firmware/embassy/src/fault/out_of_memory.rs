//! The steady leak with large blocks: the heap is exhausted after a few rounds, and the program notices.

use alloc::vec::Vec;

const FACTOR: usize = 16;

#[inline(never)]
pub(super) fn forget_large_block(number: usize, size: usize) {
    let mut block = Vec::<u8>::new();
    // MARK: large block
    match block.try_reserve_exact(size * FACTOR) {
        Ok(()) => core::mem::forget(block),
        Err(_) => log::error!(target: "alloc", "{number}: no memory for {} bytes", size * FACTOR),
    }
}
