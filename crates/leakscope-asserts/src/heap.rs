//! Between a test program and its allocator.

use std::alloc::{GlobalAlloc, Layout, System};

use crate::ledger;

/// The test program's allocator: passes every call on to `A`, and notes what it did while somebody watches.
#[derive(Debug, Default)]
pub struct Heap<A = System> {
    inner: A,
}

impl Heap {
    /// In front of the system's allocator.
    pub const fn new() -> Self {
        Self { inner: System }
    }
}

impl<A> Heap<A> {
    /// In front of another allocator.
    pub const fn before(inner: A) -> Self {
        Self { inner }
    }
}

// SAFETY: every call is passed on as it is, and every answer handed back. The ledger allocates, through this allocator again,
// but does not note that, and it does not unwind.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Heap<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        let pointer = unsafe { self.inner.alloc(layout) };
        ledger::allocated(pointer.addr(), layout.size());
        pointer
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        let pointer = unsafe { self.inner.alloc_zeroed(layout) };
        ledger::allocated(pointer.addr(), layout.size());
        pointer
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // Before the allocator frees: behind it, another thread may own the address.
        ledger::freed(pointer.addr());
        // SAFETY: the caller's promises are passed on.
        unsafe { self.inner.dealloc(pointer, layout) };
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let block = ledger::freed(pointer.addr());
        // SAFETY: the caller's promises are passed on.
        let moved = unsafe { self.inner.realloc(pointer, layout, new_size) };
        match block {
            Some(block) if moved.is_null() => ledger::put_back(pointer.addr(), block),
            Some(block) => ledger::moved(block, moved.addr(), new_size),
            None => ledger::moved_from_before(moved.addr(), new_size),
        }
        moved
    }
}
