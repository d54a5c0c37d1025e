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

/// Runs `section`, which locks, between two pauses. What is nested has none of its own.
pub(crate) fn around<R>(section: impl FnOnce() -> R) -> R {
    let is_outermost = DEPTH.get() == 0;
    if is_outermost {
        pause();
    }
    DEPTH.set(DEPTH.get() + 1);
    let result = section();
    DEPTH.set(DEPTH.get() - 1);
    if is_outermost {
        pause();
    }
    result
}

/// Another context may run.
pub(crate) fn pause() {
    PAUSE.get()();
}
