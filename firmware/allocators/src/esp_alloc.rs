//! esp-alloc, the allocator of esp-hal, which is the program's global one by itself. Its hooks tell the recorder: the one for
//! a free comes before the block is free. A block that gets another size is a new one, and the old one is freed.

use enumset::EnumSet;
use esp_alloc::{EspHeap, MemoryCapability};
use leakscope_recorder::stack::Origin;
use leakscope_recorder::{on_alloc, on_free};

#[unsafe(no_mangle)]
fn _esp_alloc_alloc(_: &EspHeap, _: EnumSet<MemoryCapability>, address: usize, size: usize) {
    on_alloc(address, size, Origin::here());
}

#[unsafe(no_mangle)]
fn _esp_alloc_dealloc(_: &EspHeap, address: usize, size: usize) {
    on_free(address, size, Origin::here());
}
