//! Where a test may let another context run: around every critical section, and while one waits for room.
//!
//! Inside a critical section nothing else runs, so clocks and core numbers, which are read there, are no such places.

use std::cell::Cell;

/// Why a context pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// It is about to lock, or has unlocked.
    Lock,
    /// It can do nothing until another context has run.
    Wait,
}

thread_local! {
    static PAUSE: Cell<fn(Pause)> = const { Cell::new(|_| ()) };
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// From now on, this thread calls `pause` wherever another context could run.
pub fn on_pause(pause: fn(Pause)) {
    PAUSE.set(pause);
}

/// A critical section is about to begin. A nested one is no pause. (A recorder in another language calls these three.)
pub fn before() {
    if DEPTH.get() == 0 {
        PAUSE.get()(Pause::Lock);
    }
    DEPTH.set(DEPTH.get() + 1);
}

/// A critical section is over.
pub fn after() {
    DEPTH.set(DEPTH.get() - 1);
    if DEPTH.get() == 0 {
        PAUSE.get()(Pause::Lock);
    }
}

/// This context waits.
pub fn wait() {
    PAUSE.get()(Pause::Wait);
}
