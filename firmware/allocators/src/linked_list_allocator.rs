//! `linked_list_allocator` with its own lock.

use leakscope_recorder::Traced;
use linked_list_allocator::LockedHeap;

use crate::{MEMORY, SIZE};

#[global_allocator]
static HEAP: Traced<LockedHeap> = Traced::new(LockedHeap::empty());

/// Before the first allocation, and once.
pub fn init() {
    let start = (&raw mut MEMORY).cast();
    // SAFETY: nobody else uses this memory.
    unsafe { HEAP.inner().lock().init(start, SIZE) };
}
