//! What both recorders have around them, told to the Rust crate and to the C file alike.

use std::cell::{Cell, RefCell};

use leakscope_recorder::platform::{Clock, CoreNumber};

use crate::library::Platform;

thread_local! {
    pub(crate) static NOW: Cell<u32> = const { Cell::new(0) };
    pub(crate) static CORE: Cell<usize> = const { Cell::new(0) };
    static LOCKS: Cell<u32> = const { Cell::new(0) };
    /// What each recorder has written.
    static RUST: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static C: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// How many more bytes a drain takes.
    static ROOM: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// A clock that stands until the test moves it. `MASK` and `SHIFT` are the platform's.
pub(crate) struct SetClock<const MASK: u32, const SHIFT: u32>;

pub(crate) const CLOCK_HZ: u32 = 1_000_000;

impl<const MASK: u32, const SHIFT: u32> Clock for SetClock<MASK, SHIFT> {
    const MASK: u32 = MASK;
    const TICK_SHIFT: u32 = SHIFT;

    fn now(&self) -> u32 {
        NOW.get()
    }

    fn hz(&self) -> u32 {
        CLOCK_HZ
    }
}

pub(crate) struct SetCore;

impl CoreNumber for SetCore {
    fn core() -> usize {
        CORE.get()
    }
}

pub(crate) extern "C" fn clock() -> u32 {
    NOW.get()
}

/// Some time of the operating system.
pub(crate) fn microseconds() -> u64 {
    (7 << 32) + u64::from(NOW.get()) * 3
}

pub(crate) extern "C" fn c_microseconds() -> u64 {
    microseconds()
}

/// A full buffer is written by 100 bytes at most.
pub(crate) fn write(bytes: &[u8]) -> usize {
    let length = bytes.len().min(100);
    RUST.with_borrow_mut(|file| file.extend_from_slice(&bytes[..length]));
    length
}

pub(crate) extern "C" fn c_write(bytes: *const u8, length: usize) -> usize {
    let length = length.min(100);
    // SAFETY: the C file hands over that many bytes.
    C.with_borrow_mut(|file| file.extend_from_slice(unsafe { slice(bytes, length) }));
    length
}

/// Takes bytes as long as there is room.
pub(crate) fn take(bytes: &[u8]) -> usize {
    let length = bytes.len().min(ROOM.get());
    ROOM.set(ROOM.get() - length);
    RUST.with_borrow_mut(|file| file.extend_from_slice(&bytes[..length]));
    length
}

pub(crate) extern "C" fn c_take(bytes: *const u8, length: usize) -> usize {
    let length = length.min(ROOM.get());
    ROOM.set(ROOM.get() - length);
    // SAFETY: as above.
    C.with_borrow_mut(|file| file.extend_from_slice(unsafe { slice(bytes, length) }));
    length
}

/// A piece of a dump.
pub(crate) extern "C" fn c_put(text: *const u8, length: usize) {
    // SAFETY: as above.
    C.with_borrow_mut(|file| file.extend_from_slice(unsafe { slice(text, length) }));
}

pub(crate) fn set_room(bytes: usize) {
    ROOM.set(bytes);
}

/// What the recorders have written since this was asked: the Rust crate, and the C file.
pub(crate) fn written() -> (Vec<u8>, Vec<u8>) {
    (RUST.take(), C.take())
}

/// # Safety
/// There are so many bytes, if any.
unsafe fn slice<'a>(bytes: *const u8, length: usize) -> &'a [u8] {
    if length == 0 {
        return &[];
    }
    // SAFETY: promised by the caller.
    unsafe { std::slice::from_raw_parts(bytes, length) }
}

/// Locks are never nested, and each is released.
pub(crate) const PLATFORM: Platform = Platform {
    lock: {
        extern "C" fn lock() {
            assert_eq!(LOCKS.replace(1), 0, "it is locked already");
        }
        lock
    },
    unlock: {
        extern "C" fn unlock() {
            assert_eq!(LOCKS.replace(0), 1, "it is not locked");
        }
        unlock
    },
    core: {
        extern "C" fn core() -> u32 {
            CORE.get() as u32
        }
        core
    },
    wait: {
        extern "C" fn wait() {
            panic!("nobody else runs");
        }
        wait
    },
};
