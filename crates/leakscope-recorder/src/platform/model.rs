//! Where a test may let another context run: around every critical section, and while one waits.
//!
//! Inside a critical section nothing else runs, so clocks and core numbers, which are read there, are no such places.

use std::cell::Cell;

thread_local! {
    static PAUSE: Cell<fn()> = const { Cell::new(|| ()) };
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// From now on, this thread calls `pause` wherever another context could run.
pub fn on_pause(pause: fn()) {
    PAUSE.set(pause);
}

/// A critical section is about to begin. A nested one is no pause.
pub(crate) fn before() {
    if DEPTH.get() == 0 {
        pause();
    }
    DEPTH.set(DEPTH.get() + 1);
}

/// A critical section is over.
pub(crate) fn after() {
    DEPTH.set(DEPTH.get() - 1);
    if DEPTH.get() == 0 {
        pause();
    }
}

/// Another context may run.
pub(crate) fn pause() {
    PAUSE.get()();
}
