//! The blocks that live, of those that somebody watches: who watches them, and who allocated them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, LocalKey};

/// Return addresses, the innermost first.
pub(crate) type Stack = Box<[usize]>;

/// Somebody who watches; never 0.
pub(crate) type Watcher = u32;

/// More frames than tests have below a call that allocates.
const DEPTH: usize = 64;

pub(crate) struct Block {
    watcher: Watcher,
    size: usize,
    stack: Stack,
}

/// Blocks with one call stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) blocks: usize,
    pub(crate) bytes: usize,
}

/// By address.
static BLOCKS: Mutex<BTreeMap<usize, Block>> = Mutex::new(BTreeMap::new());
/// While there is none, a call of the allocator costs one load more.
static WATCHERS: AtomicUsize = AtomicUsize::new(0);
/// Who watches all threads; 0 if nobody does.
static OF_ALL: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// Who watches this thread; 0 if nobody does.
    static OF_THIS: Cell<Watcher> = const { Cell::new(0) };
    /// The watcher of this thread wants blocks from before, too, as soon as they move.
    static TAKES_MOVED: Cell<bool> = const { Cell::new(false) };
    /// Call stacks of this thread end with the frame that this address is in; 0 if nothing is known.
    static BASE: Cell<usize> = const { Cell::new(0) };
    /// The ledger itself is at work: what it allocates is not noted.
    static IS_BUSY: Cell<bool> = const { Cell::new(false) };
}

/// The allocator has given out a block.
pub(crate) fn allocated(address: usize, size: usize) {
    // A panic looks many names up, and ends what was watched anyway.
    if address == 0 || thread::panicking() {
        return;
    }
    unnoted(|watcher| {
        if watcher != 0 {
            let block = Block {
                watcher,
                size,
                stack: stack_here(),
            };
            blocks().insert(address, block);
        }
    });
}

/// A block is about to be freed, or moved; `None` if nobody watches it.
pub(crate) fn freed(address: usize) -> Option<Block> {
    unnoted(|_| blocks().remove(&address)).flatten()
}

/// A block of which nothing was known has another place and size.
pub(crate) fn moved_from_before(address: usize, size: usize) {
    if TAKES_MOVED.get() {
        allocated(address, size);
    }
}

/// A block could not be moved.
pub(crate) fn put_back(address: usize, block: Block) {
    unnoted(|_| blocks().insert(address, block));
}

/// A block has another place and size, and who moved it answers for it, if that thread is watched, too.
pub(crate) fn moved(block: Block, address: usize, size: usize) {
    unnoted(|watcher| {
        let stack = if watcher == 0 {
            block.stack
        } else {
            stack_here()
        };
        let watcher = block.watcher;
        let block = Block {
            watcher,
            size,
            stack,
        };
        blocks().insert(address, block);
    });
}

/// Watches this thread, or all of them, until it is dropped.
pub(crate) struct Watch {
    watcher: Watcher,
    /// Who watched before, and will again.
    before: Watcher,
    is_of_all: bool,
}

impl Watch {
    /// Watches the calling thread.
    pub(crate) fn this_thread() -> Self {
        let watcher = Self::counted();
        Self {
            watcher,
            before: OF_THIS.replace(watcher),
            is_of_all: false,
        }
    }

    /// Watches all threads that nobody watches; `None` if somebody else does.
    pub(crate) fn all_threads() -> Option<Self> {
        let watcher = Self::counted();
        let free = OF_ALL.compare_exchange(0, watcher, Ordering::SeqCst, Ordering::SeqCst);
        if free.is_err() {
            WATCHERS.fetch_sub(1, Ordering::SeqCst);
            return None;
        }
        Some(Self {
            watcher,
            before: 0,
            is_of_all: true,
        })
    }

    fn counted() -> Watcher {
        static LAST: AtomicU32 = AtomicU32::new(0);
        WATCHERS.fetch_add(1, Ordering::SeqCst);
        LAST.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// What lives now of all that was allocated since.
    pub(crate) fn sums(&self) -> BTreeMap<Stack, Sum> {
        let sums = unnoted(|_| {
            let mut sums: BTreeMap<Stack, Sum> = BTreeMap::new();
            for block in blocks().values() {
                if block.watcher == self.watcher {
                    let sum = sums.entry(block.stack.clone()).or_default();
                    sum.blocks += 1;
                    sum.bytes += block.size;
                }
            }
            sums
        });
        sums.unwrap_or_default()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.is_of_all {
            OF_ALL.store(0, Ordering::SeqCst);
        } else {
            OF_THIS.set(self.before);
        }
        unnoted(|_| {
            let mut blocks = blocks();
            blocks.retain(|_, block| block.watcher != self.watcher || self.before != 0);
            for block in blocks.values_mut() {
                if block.watcher == self.watcher {
                    block.watcher = self.before;
                }
            }
        });
        WATCHERS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Watches blocks from before, too, as soon as they move, while something runs.
pub(crate) fn with_moved<T>(work: impl FnOnce() -> T) -> T {
    let _restored = Restored(&TAKES_MOVED, TAKES_MOVED.replace(true));
    work()
}

/// Sets a thread's value back when it is dropped, in a panic too.
struct Restored<T: Copy + 'static>(&'static LocalKey<Cell<T>>, T);

impl<T: Copy> Drop for Restored<T> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

/// Has call stacks end with the frame that `base` is in, while something runs.
pub(crate) fn above<T>(base: usize, work: impl FnOnce() -> T) -> T {
    let _restored = Restored(&BASE, BASE.replace(base));
    work()
}

/// Does something, with the watcher of this thread, of which nothing is noted; not at all if nobody watches, or the ledger
/// is at work.
pub(crate) fn unnoted<T>(work: impl FnOnce(Watcher) -> T) -> Option<T> {
    if WATCHERS.load(Ordering::Relaxed) == 0 || IS_BUSY.replace(true) {
        return None;
    }
    let _restored = Restored(&IS_BUSY, false);
    let of_this = OF_THIS.get();
    let watcher = if of_this == 0 {
        OF_ALL.load(Ordering::SeqCst)
    } else {
        of_this
    };
    Some(work(watcher))
}

fn blocks() -> MutexGuard<'static, BTreeMap<usize, Block>> {
    BLOCKS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn stack_here() -> Stack {
    let base = BASE.get();
    let mut frames = Vec::with_capacity(DEPTH);
    backtrace::trace(|frame| {
        // The variables of a frame lie above its stack pointer, and below that of its caller.
        if base != 0 && frame.sp().addr() > base {
            return false;
        }
        frames.push(frame.ip().addr());
        frames.len() < DEPTH
    });
    frames.into()
}
