//! Between a program and its allocator.

#![allow(
    clippy::inline_always,
    reason = "where it is known how a stack is walked, an event takes 30 instructions less"
)]

use core::alloc::{GlobalAlloc, Layout};
use core::marker::PhantomData;

use crate::event::Block;
use crate::global::recorder;
use crate::stack::{FramePointers, Origin, Scan, Walk};

/// An allocator whose calls are recorded by the program's [`global_recorder!`](crate::global_recorder).
///
/// ```
/// use std::alloc::System;
/// use leakscope_recorder::dialect::Leakscope;
/// use leakscope_recorder::platform::host::HostClock;
/// use leakscope_recorder::stream::{Config, Stream};
/// use leakscope_recorder::Traced;
///
/// static RECORDER: Stream<Leakscope<8>, HostClock> = Stream::new();
/// leakscope_recorder::global_recorder!(RECORDER);
///
/// #[global_allocator]
/// static HEAP: Traced<System> = Traced::new(System);
///
/// fn main() {
///     RECORDER.init(HostClock::new(), Config::new("example"));
///     RECORDER.start();
///     drop(vec![1, 2, 3]);
///     let mut bytes = 0;
///     let Ok(_) = RECORDER.drain(0, &mut |part: &[u8]| {
///         bytes += part.len();
///         part.len()
///     });
///     assert!(bytes > 10);
/// }
/// ```
#[derive(Debug)]
pub struct Traced<A, W = FramePointers> {
    inner: A,
    walk: PhantomData<fn() -> W>,
}

impl<A> Traced<A> {
    /// Records what is asked of `inner`, with call stacks by frame pointers.
    pub const fn new(inner: A) -> Self {
        Self::walking(inner)
    }
}

impl<A> Traced<A, Scan> {
    /// Records what is asked of `inner`, with call stacks by [scans](crate::stack): for code without frame pointers.
    pub const fn scanning(inner: A) -> Self {
        Self::walking(inner)
    }
}

impl<A, W> Traced<A, W> {
    const fn walking(inner: A) -> Self {
        Self {
            inner,
            walk: PhantomData,
        }
    }

    /// The allocator itself: to initialise it, or to ask it how full it is.
    pub const fn inner(&self) -> &A {
        &self.inner
    }
}

// SAFETY: every call is passed on as it is, and every answer handed back; recording allocates nothing and
// does not unwind.
//
// Not inlined: a stack begins with the caller of the function whose frame pointer is read, which must be
// the function that allocates. With link-time optimisation these functions would become part of it.
unsafe impl<A: GlobalAlloc, W: Walk> GlobalAlloc for Traced<A, W> {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        let pointer = unsafe { self.inner.alloc(layout) };
        on_alloc(pointer.addr(), layout.size(), W::here());
        pointer
    }

    #[inline(never)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        let pointer = unsafe { self.inner.alloc_zeroed(layout) };
        on_alloc(pointer.addr(), layout.size(), W::here());
        pointer
    }

    #[inline(never)]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        on_free(pointer.addr(), layout.size(), W::here());
        // SAFETY: the caller's promises are passed on.
        unsafe { self.inner.dealloc(pointer, layout) };
    }

    #[inline(never)]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let from = Block {
            address: pointer.addr(),
            size: layout.size(),
        };
        on_realloc_begin(from, new_size, W::here());
        // SAFETY: the caller's promises are passed on.
        let moved = unsafe { self.inner.realloc(pointer, layout, new_size) };
        on_realloc(from, moved.addr(), new_size, W::here());
        moved
    }
}

/// An allocator returned `address` for `size` bytes; 0 is a failure, or, if `size` is 0, what C allows for
/// nothing. For allocators with hooks; call it after the allocation.
#[inline(always)]
pub fn on_alloc(address: usize, size: usize, origin: Origin<'_>) {
    if address != 0 {
        recorder().alloc(Block { address, size }, origin);
    } else if size != 0 {
        recorder().failed(size, origin);
    }
}

/// A block is about to be freed; `size` is 0 if it is not known. Freeing nothing (`address` 0) is no event.
/// Call it before the allocator frees.
#[inline(always)]
pub fn on_free(address: usize, size: usize, origin: Origin<'_>) {
    if address != 0 {
        recorder().free(Block { address, size }, origin);
    }
}

/// An allocator is about to be asked to give `from` a new size; a size of 0 is C's way to free. Call it before,
/// and [`on_realloc`] after: in between, somebody else may get the block's old place.
#[inline(always)]
pub fn on_realloc_begin(from: Block, size: usize, origin: Origin<'_>) {
    match (from.address, size) {
        (0, _) => {}
        (address, 0) => seldom_free(address, from.size, origin),
        _ => recorder().realloc_begins(from, origin),
    }
}

/// An allocator was asked to give `from` a new size, and returned `address`; 0 is a failure, or, if
/// `size` is 0, C's way to free.
#[inline(always)]
pub fn on_realloc(from: Block, address: usize, size: usize, origin: Origin<'_>) {
    match (from.address, address) {
        (0, _) => seldom_alloc(address, size, origin),
        _ if size == 0 => seldom_alloc(address, size, origin),
        (_, 0) => recorder().realloc_failed(from, size, origin),
        _ => recorder().realloc(from, Block { address, size }, origin),
    }
}

/// What a reallocation is in rare cases has no copy of the code for the ordinary ones.
#[cold]
#[inline(never)]
fn seldom_alloc(address: usize, size: usize, origin: Origin<'_>) {
    on_alloc(address, size, origin);
}

#[cold]
#[inline(never)]
fn seldom_free(address: usize, size: usize, origin: Origin<'_>) {
    on_free(address, size, origin);
}
