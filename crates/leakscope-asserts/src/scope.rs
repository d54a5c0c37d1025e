//! Code that is watched while it runs.

use std::hint::black_box;

use crate::leaks::{Leaks, Watched};
use crate::ledger::{self, Watch};

/// Runs `call`, drops its value, and says which blocks that it allocated on this thread are left.
///
/// # Panics
/// If the program's allocator is not [`Heap`](crate::Heap): nothing would be seen.
#[track_caller]
pub fn leaks<T>(call: impl FnOnce() -> T) -> Leaks {
    let watch = this_thread();
    run(call);
    Leaks::of(Watched::Thread, watch.sums())
}

/// Runs `call`, drops its value, and says which blocks are left of those that any thread has allocated meanwhile.
///
/// # Panics
/// If the program's allocator is not [`Heap`](crate::Heap), or if somebody else watches all threads at the same time.
#[track_caller]
pub fn leaks_anywhere<T>(call: impl FnOnce() -> T) -> Leaks {
    let Some(watch) = Watch::all_threads() else {
        panic!(
            "all threads are watched already: this needs a process of its own, or --test-threads=1"
        );
    };
    require_heap(&watch);
    run(call);
    Leaks::of(Watched::AllThreads, watch.sums())
}

#[track_caller]
pub(crate) fn this_thread() -> Watch {
    let watch = Watch::this_thread();
    require_heap(&watch);
    watch
}

/// Runs what is watched. Call stacks end here: where this was called from is no part of them.
#[inline(never)]
pub(crate) fn run<T>(call: impl FnOnce() -> T) {
    let here = 0_u8;
    let base = (&raw const here).addr();
    ledger::above(black_box(base), || drop(black_box(call())));
}

#[track_caller]
fn require_heap(watch: &Watch) {
    let block = black_box(Box::new(0_u8));
    let is_noted = !watch.sums().is_empty();
    drop(block);
    assert!(
        is_noted,
        "the program's allocator is not leakscope's, so that no leak would be seen: \
         #[global_allocator] static HEAP: leakscope_asserts::Heap = leakscope_asserts::Heap::new();"
    );
}
