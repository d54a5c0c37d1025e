//! A computer with an operating system.

use core::cell::Cell;
use core::ops::Range;
use std::sync::OnceLock;
use std::time::Instant;

use super::Clock;

/// The operating system's monotonic clock, in microseconds since it was first read. Wraps after 71
/// minutes without any event.
#[derive(Debug)]
pub struct HostClock {
    start: OnceLock<Instant>,
}

impl HostClock {
    /// A clock that begins when it is first read.
    pub const fn new() -> Self {
        Self {
            start: OnceLock::new(),
        }
    }
}

impl Default for HostClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for HostClock {
    fn now(&self) -> u32 {
        let start = self.start.get_or_init(Instant::now);
        start.elapsed().as_micros() as u32
    }

    fn hz(&self) -> u32 {
        1_000_000
    }
}

/// The addresses of the running thread's stack; empty where the operating system was not asked.
pub fn stack_bounds() -> Range<usize> {
    thread_local! {
        static BOUNDS: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
    }
    let (start, end) = BOUNDS
        .try_with(|bounds| {
            bounds.get().unwrap_or_else(|| {
                let found = ask_for_stack_bounds();
                bounds.set(Some(found));
                found
            })
        })
        .unwrap_or((0, 0));
    start..end
}

#[cfg(all(target_os = "linux", not(miri)))]
fn ask_for_stack_bounds() -> (usize, usize) {
    use core::ffi::{c_int, c_ulong, c_void};

    /// Larger than `pthread_attr_t` of every Linux C library (56 bytes in glibc and musl).
    #[repr(C)]
    struct Attributes([c_ulong; 32]);

    unsafe extern "C" {
        fn pthread_self() -> c_ulong;
        fn pthread_getattr_np(thread: c_ulong, attributes: *mut Attributes) -> c_int;
        fn pthread_attr_getstack(
            attributes: *const Attributes,
            start: *mut *mut c_void,
            size: *mut usize,
        ) -> c_int;
        fn pthread_attr_destroy(attributes: *mut Attributes) -> c_int;
    }

    let mut attributes = Attributes([0; 32]);
    let mut start = core::ptr::null_mut();
    let mut size = 0;
    // SAFETY: the calls are made as pthread_getattr_np(3) says, with room enough for the attributes.
    unsafe {
        if pthread_getattr_np(pthread_self(), &raw mut attributes) != 0 {
            return (0, 0);
        }
        pthread_attr_getstack(&raw const attributes, &raw mut start, &raw mut size);
        pthread_attr_destroy(&raw mut attributes);
    }
    (start as usize, start as usize + size)
}

#[cfg(any(not(target_os = "linux"), miri))]
fn ask_for_stack_bounds() -> (usize, usize) {
    (0, 0)
}
