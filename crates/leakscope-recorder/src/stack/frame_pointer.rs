//! The chain of frame pointers.
//!
//! In each function's frame two words stand side by side: the caller's frame pointer and the return
//! address. Where they stand, seen from the frame pointer, is a matter of the processor's calling
//! convention.

use super::bounds::{Bounds, RECORD, code_address};

/// How far the two words lie from where the frame pointer points: RISC-V's points behind them.
#[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
const RECORD_BELOW: usize = RECORD;
#[cfg(not(any(target_arch = "riscv32", target_arch = "riscv64")))]
const RECORD_BELOW: usize = 0;

/// The frame pointer of the function in which this is inlined; 0 on machines that this crate cannot
/// walk.
#[inline(always)]
#[allow(clippy::inline_always, reason = "see above")]
pub(super) fn read() -> usize {
    #[cfg(not(miri))]
    #[allow(unused_mut, reason = "not assigned on machines without a chain")]
    let mut frame: usize;
    // SAFETY (each): a register is copied.
    #[cfg(all(target_arch = "arm", not(miri)))]
    unsafe {
        core::arch::asm!("mov {}, r7", out(reg) frame, options(nomem, nostack, preserves_flags));
    }
    #[cfg(all(any(target_arch = "riscv32", target_arch = "riscv64"), not(miri)))]
    unsafe {
        core::arch::asm!("mv {}, s0", out(reg) frame, options(nomem, nostack, preserves_flags));
    }
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    unsafe {
        core::arch::asm!("mov {}, rbp", out(reg) frame, options(nomem, nostack, preserves_flags));
    }
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    unsafe {
        core::arch::asm!("mov {}, x29", out(reg) frame, options(nomem, nostack, preserves_flags));
    }
    #[cfg(any(
        miri,
        not(any(
            target_arch = "arm",
            target_arch = "riscv32",
            target_arch = "riscv64",
            target_arch = "x86_64",
            target_arch = "aarch64"
        ))
    ))]
    let frame = 0;
    frame
}

/// Follows the chain from `frame`, and gives at most `depth` return addresses to `found`.
#[inline(always)]
#[allow(clippy::inline_always, reason = "most events do this")]
pub(super) fn walk(frame: usize, depth: usize, bounds: &Bounds, mut found: impl FnMut(usize)) {
    let mut at = frame.wrapping_sub(RECORD_BELOW);
    if depth == 0 {
        return;
    }
    let Some(bounds) = bounds.beginning_at(at) else {
        return;
    };
    let mut left = depth;
    loop {
        // SAFETY: aligned, and inside the range of which the user (or the operating system) said that it may be read.
        let (caller, return_address) = unsafe { read_words(at) };
        if !bounds.has_code(return_address) {
            return;
        }
        found(return_address);
        left -= 1;
        // The caller's frame lies above this one: so a chain that is broken does not go in circles.
        let above = at + RECORD;
        at = caller.wrapping_sub(RECORD_BELOW);
        if left == 0 || at < above || !bounds.reach(at) {
            return;
        }
    }
}

/// As [`walk`], with the first return address given: `frame` belongs to the function that returns there.
#[inline]
pub(super) fn walk_behind(
    return_address: usize,
    frame: usize,
    depth: usize,
    bounds: &Bounds,
    mut found: impl FnMut(usize),
) {
    let return_address = code_address(return_address);
    if depth == 0 || !bounds.has_code(return_address) {
        return;
    }
    found(return_address);
    let at = frame.wrapping_sub(RECORD_BELOW);
    if bounds.beginning_at(at).is_some() {
        // SAFETY: as above.
        let (caller, _) = unsafe { read_words(at) };
        if caller > frame {
            walk(caller, depth - 1, bounds, found);
        }
    }
}

/// The caller's frame pointer and the return address.
///
/// # Safety
/// Two words at `at` may be read.
#[inline(always)]
#[allow(clippy::inline_always, reason = "two instructions")]
unsafe fn read_words(at: usize) -> (usize, usize) {
    let words = at as *const usize;
    // SAFETY: promised by the caller. Volatile: the compiler knows of no object there.
    let (caller, return_address) = unsafe { (words.read_volatile(), words.add(1).read_volatile()) };
    (caller, code_address(return_address))
}
