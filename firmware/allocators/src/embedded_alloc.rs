//! embedded-alloc, which most programs for Cortex-M take.

use embedded_alloc::LlffHeap;
use leakscope_recorder::Traced;

use crate::{MEMORY, SIZE};

#[global_allocator]
static HEAP: Traced<LlffHeap> = Traced::new(LlffHeap::empty());

/// Before the first allocation, and once.
pub fn init() {
    // SAFETY: nobody else uses this memory.
    unsafe { HEAP.inner().init((&raw mut MEMORY).addr(), SIZE) };
}
