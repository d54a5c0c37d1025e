//! Call stacks of the tasks' threads.
//!
//! On a microcontroller the recorder follows frame pointers. An optimised program of this computer keeps
//! none unless it is told to, but what unwinds it at a panic knows its stack just as well.

use std::cell::{Cell, RefCell};

/// The innermost frames of a stack are kept.
#[cfg(unix)]
const DEEPEST: usize = 64;

thread_local! {
    /// The stack at the last [`walk`], innermost first.
    static FRAMES: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    /// How many frames lie outside of the task's own function.
    static OUTSIDE: Cell<usize> = const { Cell::new(0) };
    /// Where this program was loaded, compared with where its file says.
    static LOADED_AT: Cell<usize> = const { Cell::new(0) };
}

/// The function that calls this is a task's first: stacks end there. Addresses become those of the
/// program's file, which was loaded `loaded_at` bytes higher up.
#[inline(never)]
pub(super) fn begin_task(loaded_at: usize) {
    LOADED_AT.set(loaded_at);
    OUTSIDE.set(0);
    walk();
    OUTSIDE.set(FRAMES.with_borrow(Vec::len).saturating_sub(1));
}

/// Looks who called the function that calls this. That function must not be inlined.
#[inline(never)]
pub(super) fn walk() {
    /// The frames of this function and of its caller.
    const OWN: usize = 2;
    let mut frames = FRAMES.take();
    frames.clear();
    unwind(&mut frames);
    frames.drain(..OWN.min(frames.len()));
    frames.truncate(frames.len().saturating_sub(OUTSIDE.get()));
    let loaded_at = LOADED_AT.get();
    for frame in &mut frames {
        *frame = frame.wrapping_sub(loaded_at);
    }
    FRAMES.set(frames);
}

/// What the last [`walk`] saw.
pub(super) fn with_last<R>(see: impl FnOnce(&[usize]) -> R) -> R {
    FRAMES.with_borrow(|frames| see(frames))
}

/// How far above the addresses of its file this program was loaded, given the file's address of
/// [`LANDMARK`].
pub(crate) fn loaded_at(landmark: u64) -> usize {
    let walk: fn() = walk;
    (walk as usize).wrapping_sub(landmark as usize)
}

/// The name of a function of which this program knows the address.
pub(crate) const LANDMARK: &str = "leakscope::demo::stack::walk";

/// Appends the return addresses of this thread's frames, that of [`walk`] first.
#[cfg(unix)]
#[inline(always)]
#[allow(clippy::inline_always, reason = "it must have no frame of its own")]
fn unwind(frames: &mut Vec<usize>) {
    use std::ffi::{c_int, c_void};

    // The C++ ABI for unwinding, level I: <https://itanium-cxx-abi.github.io/cxx-abi/abi-eh.html>. The
    // standard library links it for its own backtraces.
    type Step = extern "C" fn(context: *mut c_void, frames: *mut c_void) -> c_int;
    unsafe extern "C" {
        fn _Unwind_Backtrace(step: Step, frames: *mut c_void) -> c_int;
        fn _Unwind_GetIP(context: *mut c_void) -> usize;
    }
    const GO_ON: c_int = 0;
    const STOP: c_int = 5;

    extern "C" fn step(context: *mut c_void, frames: *mut c_void) -> c_int {
        // SAFETY: the context is the one just handed over; `frames` is the vector from below, which nobody
        // else uses until `_Unwind_Backtrace` returns.
        let (address, frames) =
            unsafe { (_Unwind_GetIP(context), &mut *frames.cast::<Vec<usize>>()) };
        if address == 0 || frames.len() == DEEPEST {
            return STOP;
        }
        frames.push(address);
        GO_ON
    }
    // SAFETY: `step` keeps to the interface and does not unwind.
    unsafe { _Unwind_Backtrace(step, std::ptr::from_mut(frames).cast()) };
}

/// Nothing is known of stacks here.
#[cfg(not(unix))]
fn unwind(_frames: &mut Vec<usize>) {}
