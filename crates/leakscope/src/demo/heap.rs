//! The heap of the tasks: memory of this computer, but no more of it than a microcontroller has, and at
//! addresses that are the same each time.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use leakscope_recorder::Traced;

use super::stack;

/// How much there is, in bytes.
pub(super) const SIZE: usize = 64 * 1024;

/// What the tasks allocate from, watched by the recorder.
static HEAP: Traced<FirstFit> = Traced::new(FirstFit {
    taken: Mutex::new(BTreeMap::new()),
});

/// Where the recording says that the heap begins: addresses of this computer differ from run to run.
const BASE: usize = 0x2000_0000;

/// What the recording says in place of an address of this computer.
pub(super) fn recorded_address(address: usize) -> usize {
    address
        .wrapping_sub(MEMORY.start().addr())
        .wrapping_add(BASE)
}

/// A block that its owner has to release.
#[derive(Debug)]
#[must_use = "only its owner frees a block"]
pub(super) struct Block {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: only the block's owner uses its memory.
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
    reason = "the block has no owner any more"
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

/// Twice the heap's size, so that what is lost between blocks makes no difference.
#[repr(align(16))]
struct Memory(UnsafeCell<[u8; 2 * SIZE]>);

// SAFETY: only the owners of blocks use it, each his own part.
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory(UnsafeCell::new([0; 2 * SIZE]));

impl Memory {
    fn start(&self) -> *mut u8 {
        self.0.get().cast()
    }
}

/// Takes the first gap that is large enough, as long as no more than [`SIZE`] is in use.
struct FirstFit {
    /// The size of each block, by where in the memory it begins.
    taken: Mutex<BTreeMap<usize, usize>>,
}

// SAFETY: blocks lie in the memory, aligned, and no two of them share a byte.
unsafe impl GlobalAlloc for FirstFit {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let used: usize = taken.values().sum();
        let align = layout.align().min(align_of::<Memory>());
        let mut start = 0;
        for (&next, &size) in &*taken {
            if start + layout.size() <= next {
                break;
            }
            start = (next + size).next_multiple_of(align);
        }
        let fits = used + layout.size() <= SIZE
            && start + layout.size() <= 2 * SIZE
            && align == layout.align();
        if !fits {
            return std::ptr::null_mut();
        }
        taken.insert(start, layout.size());
        MEMORY.start().wrapping_add(start)
    }

    unsafe fn dealloc(&self, start: *mut u8, _: Layout) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.remove(&start.addr().wrapping_sub(MEMORY.start().addr()));
    }
}
