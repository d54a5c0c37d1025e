//! The save areas of Xtensa's windows.
//!
//! A call turns a window over a file of registers, and what is turned over goes to the stack when the file has gone round: the
//! 16 bytes below a function's stack pointer are for its caller's first four registers, which are where that one returns to and
//! its stack pointer (Xtensa ISA manual, "Windowed Register Option"). So the return addresses are a chain.

use super::bounds::{Bounds, RECORD};

/// How far below a function's stack pointer its caller's registers are.
const SAVE_AREA: usize = 2 * RECORD;
/// Where a return address says by how much the call has turned the window: these bits are the same in all addresses of code.
const WINDOW_BITS: usize = 0xC000_0000;

/// Follows the chain from a function on whose stack pointer and return address are these, and gives at most `depth` return
/// addresses to `found`.
#[inline]
pub(super) fn walk(
    return_address: usize,
    stack_pointer: usize,
    depth: usize,
    bounds: &Bounds,
    mut found: impl FnMut(usize),
) {
    #[cfg(target_arch = "xtensa")]
    spill(8);
    let (mut code, mut at, mut above) = (return_address, stack_pointer.wrapping_sub(SAVE_AREA), 0);
    let bounds = bounds.beginning_at(at).unwrap_or(*bounds);
    for _ in 0..depth {
        if !bounds.has_code(code) {
            return;
        }
        found(code);
        if at < above || !bounds.has_words(at) {
            return;
        }
        // SAFETY: aligned, and inside the range of which the user said that it may be read. Volatile: the compiler knows of
        // no object there.
        let (saved, caller) = unsafe {
            let words = at as *const usize;
            (words.read_volatile(), words.add(1).read_volatile())
        };
        // The first function was called by nobody.
        code = if saved == 0 {
            0
        } else {
            saved & !WINDOW_BITS | return_address & WINDOW_BITS
        };
        above = at + SAVE_AREA;
        at = caller.wrapping_sub(SAVE_AREA);
    }
}

/// Nested calls until the registers have gone round. Each takes eight of at most 64.
#[cfg(target_arch = "xtensa")]
#[inline(never)]
fn spill(calls: usize) {
    if calls > 0 {
        spill(core::hint::black_box(calls - 1));
    }
    core::hint::black_box(());
}
