//! The seed's fault: the first block is forgotten.

use alloc::vec;

#[inline(never)]
pub(super) fn forget_block(number: usize, size: usize) {
    // MARK: forgotten block
    let forgotten = vec![1u8; size];
    log::info!(target: "alloc", "{number}: first block, {size} bytes at {:p}", forgotten.as_ptr());
    core::mem::forget(forgotten);
}

/// As it should be.
#[inline(never)]
pub(super) fn free_block(number: usize, size: usize) {
    let block = vec![1u8; size];
    log::info!(target: "alloc", "{number}: first block, {size} bytes at {:p}", block.as_ptr());
}
