//! The heap of the tasks: memory of this computer, but no more of it than a microcontroller has.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

use leakscope_recorder::Traced;

use super::stack;

/// How much there is, in bytes.
pub(super) const SIZE: usize = 64 * 1024;

/// What the tasks allocate from, watched by the recorder.
static HEAP: Traced<Limited> = Traced::new(Limited {
    used: AtomicUsize::new(0),
});

/// A block that somebody has to release: nobody else does.
#[derive(Debug)]
#[must_use = "a block is freed by nobody but its owner"]
pub(super) struct Block {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: whoever has the block is the only one to use its memory.
unsafe impl Send for Block {}

impl Block {
    pub(super) fn size(&self) -> usize {
        self.layout.size()
    }
}

/// A block of `size` bytes, if the heap has it.
#[inline(never)]
pub(super) fn allocate(size: usize) -> Option<Block> {
    let layout = Layout::from_size_align(size.max(1), 4).ok()?;
    stack::walk();
    // SAFETY: the layout has a size.
    let start = NonNull::new(unsafe { HEAP.alloc(layout) })?;
    Some(Block { start, layout })
}

/// Gives a block back.
#[inline(never)]
#[allow(
    clippy::needless_pass_by_value,
    reason = "nobody has the block any more"
)]
pub(super) fn release(block: Block) {
    let Block { start, layout } = block;
    stack::walk();
    // SAFETY: the block was allocated with this layout, and is gone with this call.
    unsafe { HEAP.dealloc(start.as_ptr(), layout) };
}

/// Gives a block back whose owner goes on to use it. A real heap would be damaged if he gave it back
/// again; here the recorder is told of it, and the memory stays.
#[inline(never)]
pub(super) fn release_but_keep(block: &Block) {
    stack::walk();
    let origin = leakscope_recorder::stack::Origin::Unknown;
    leakscope_recorder::on_free(block.start.addr().get(), block.size(), origin);
}

/// The system's allocator, up to [`SIZE`].
struct Limited {
    used: AtomicUsize,
}

// SAFETY: blocks are the system's own.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let take = |used: usize| Some(used + layout.size()).filter(|&used| used <= SIZE);
        let order = Ordering::Relaxed;
        match self.used.fetch_update(order, order, take) {
            // SAFETY: the caller's promises are passed on.
            Ok(_) => unsafe { System.alloc(layout) },
            Err(_) => std::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        self.used.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(start, layout) };
    }
}
