//! The chain of frame pointers.
//!
//! In each function's frame two words stand side by side: the caller's frame pointer and the return
//! address. Where they stand, seen from the frame pointer, is a matter of the processor's calling
//! convention.

use core::mem::MaybeUninit;
use core::ops::Range;

use super::Limits;
use super::hash::Hash;

const WORD: usize = size_of::<usize>();
/// The two words.
const RECORD: usize = 2 * WORD;

/// How far the two words lie from where the frame pointer points: RISC-V's points behind them.
#[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
const RECORD_BELOW: usize = RECORD;
#[cfg(not(any(target_arch = "riscv32", target_arch = "riscv64")))]
const RECORD_BELOW: usize = 0;

/// The default of [`Limits::ram`].
#[cfg(all(target_arch = "arm", target_os = "none"))]
pub(super) const RAM: Range<usize> = 0x2000_0000..0x4000_0000;
#[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
pub(super) const RAM: Range<usize> = 0x1000..usize::MAX;
#[cfg(not(any(
    all(target_arch = "arm", target_os = "none"),
    target_arch = "riscv32",
    target_arch = "riscv64"
)))]
pub(super) const RAM: Range<usize> = 0..usize::MAX;

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

/// Follows the chain from `frame`, and writes the return addresses from `count` on; returns how many there
/// are then.
#[inline]
pub(super) fn walk(
    frame: usize,
    frames: &mut [MaybeUninit<usize>],
    mut count: usize,
    hash: &mut Hash,
    limits: &Limits,
) -> usize {
    let Range { start, end } = stack_range(limits);
    let (mut first, last) = (start, end.saturating_sub(RECORD));
    let mut at = frame.wrapping_sub(RECORD_BELOW);
    while let Some(slot) = frames.get_mut(count) {
        let Some((caller, return_address)) = record(at, first, last) else {
            break;
        };
        if !is_code(return_address, limits) {
            break;
        }
        hash.add(slot.write(return_address));
        count += 1;
        // The caller's frame lies above this one: so a chain that is broken does not go in circles.
        first = at.wrapping_add(RECORD);
        at = caller.wrapping_sub(RECORD_BELOW);
    }
    count
}

/// As [`walk`], with the first return address given: `frame` belongs to the function that returns there.
pub(super) fn walk_behind(
    return_address: usize,
    frame: usize,
    frames: &mut [MaybeUninit<usize>],
    hash: &mut Hash,
    limits: &Limits,
) -> usize {
    let return_address = code_address(return_address);
    let Some(first) = frames.first_mut() else {
        return 0;
    };
    if !is_code(return_address, limits) {
        return 0;
    }
    hash.add(first.write(return_address));
    let Range { start, end } = stack_range(limits);
    let at = frame.wrapping_sub(RECORD_BELOW);
    match record(at, start, end.saturating_sub(RECORD)) {
        Some((caller, _)) if caller > frame => walk(caller, frames, 1, hash, limits),
        _ => 1,
    }
}

/// The caller's frame pointer and the return address that stand at `at`, if they can: from `first` to `last`.
#[inline]
fn record(at: usize, first: usize, last: usize) -> Option<(usize, usize)> {
    if !at.is_multiple_of(WORD) || at < first || at > last {
        return None;
    }
    let words = at as *const usize;
    // SAFETY: aligned, and inside the range of which the user (or the operating system) said that it
    // may be read. Volatile: the compiler knows of no object there.
    let (caller, return_address) = unsafe { (words.read_volatile(), words.add(1).read_volatile()) };
    Some((caller, code_address(return_address)))
}

#[inline]
fn is_code(address: usize, limits: &Limits) -> bool {
    let code = &limits.code;
    address.wrapping_sub(code.start) < code.end.wrapping_sub(code.start)
}

/// Without the bit that says "Thumb".
const fn code_address(return_address: usize) -> usize {
    if cfg!(target_arch = "arm") {
        return_address & !1
    } else {
        return_address
    }
}

/// On a host, the running thread's stack; elsewhere what the user said.
#[inline]
fn stack_range(limits: &Limits) -> Range<usize> {
    #[cfg(feature = "std")]
    {
        let bounds = crate::platform::host::stack_bounds();
        limits.ram.start.max(bounds.start)..limits.ram.end.min(bounds.end)
    }
    #[cfg(all(not(feature = "std"), any(target_os = "none", target_arch = "arm")))]
    {
        limits.ram.clone()
    }
    #[cfg(all(
        not(feature = "std"),
        not(any(target_os = "none", target_arch = "arm"))
    ))]
    {
        let _ = limits;
        0..0
    }
}
