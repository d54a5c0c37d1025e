//! Words of a stack that could be return addresses, where no chain of frames leads from one to the next.
//!
//! The host finds out which of them are: it has the program's call frame information (`docs/dialects.md`).

use core::mem::MaybeUninit;

use super::bounds::{Bounds, WORD};
use super::hash::Hash;

/// The words that are read at once: one instruction on Arm.
const GROUP: usize = 4;

/// The hash of a scanned stack, which most events need alone: of where it returns to, and of at most `most` candidates.
#[inline(never)]
pub(super) fn hash(
    return_address: usize,
    stack_pointer: usize,
    most: usize,
    bounds: &Bounds,
) -> u32 {
    let mut hash = Hash::NEW;
    hash.add(return_address);
    scan(stack_pointer, most, bounds, |place, address| {
        hash.add_at(place, address);
    });
    hash.finish()
}

/// The same, with the candidates' addresses and places, of which there is room for as many; returns their number too.
/// Words may have changed since they were hashed.
#[inline(never)]
pub(super) fn list(
    return_address: usize,
    stack_pointer: usize,
    addresses: &mut [MaybeUninit<usize>],
    places: &mut [MaybeUninit<u16>],
    bounds: &Bounds,
) -> (usize, u32) {
    let mut hash = Hash::NEW;
    hash.add(return_address);
    let mut count = 0;
    let most = addresses.len().min(places.len());
    scan(stack_pointer, most, bounds, |place, address| {
        addresses[count].write(address);
        places[count].write(place as u16);
        hash.add_at(place, address);
        count += 1;
    });
    (count, hash.finish())
}

/// Gives the lowest `most` candidates to `found`, with the words between the stack pointer and each.
#[inline(always)]
#[allow(clippy::inline_always, reason = "each caller has a loop of its own")]
fn scan(stack_pointer: usize, most: usize, bounds: &Bounds, mut found: impl FnMut(usize, usize)) {
    let stack = bounds.stack_above(stack_pointer);
    let mut left = most;
    let mut at = stack.start;
    while stack.end - at >= GROUP * WORD {
        // SAFETY: aligned, and inside the range of which the user (or the operating system) said that it may be read.
        let words = unsafe { read_group(at) };
        for (index, word) in words.into_iter().enumerate() {
            if let Some(address) = bounds.candidate(word) {
                if left == 0 {
                    return;
                }
                left -= 1;
                found((at - stack_pointer) / WORD + index, address);
            }
        }
        at += GROUP * WORD;
    }
    while stack.end - at >= WORD && left > 0 {
        // SAFETY: as above. Volatile: the compiler knows of no object there.
        let word = unsafe { (at as *const usize).read_volatile() };
        if let Some(address) = bounds.candidate(word) {
            left -= 1;
            found((at - stack_pointer) / WORD, address);
        }
        at += WORD;
    }
}

/// # Safety
/// The words at `at` may be read.
#[inline(always)]
#[allow(clippy::inline_always, reason = "an instruction on Arm")]
unsafe fn read_group(at: usize) -> [usize; GROUP] {
    #[cfg(all(target_arch = "arm", not(miri)))]
    {
        let (first, second, third, fourth);
        // SAFETY: promised by the caller.
        unsafe {
            core::arch::asm!(
                "ldm {at}, {{r2, r3, r4, r5}}",
                at = in(reg) at,
                out("r2") first,
                out("r3") second,
                out("r4") third,
                out("r5") fourth,
                options(nostack, readonly, preserves_flags)
            );
        }
        [first, second, third, fourth]
    }
    #[cfg(not(all(target_arch = "arm", not(miri))))]
    {
        let words = at as *const usize;
        // SAFETY: promised by the caller. Volatile: the compiler knows of no object there.
        core::array::from_fn(|index| unsafe { words.add(index).read_volatile() })
    }
}

/// The stack pointer in the function in which this is inlined, and an address of its code just behind that: the first
/// frame is this function, whose own frame the host knows. `None` on machines of which this crate does not know how.
#[inline(always)]
#[allow(clippy::inline_always, reason = "see above")]
pub(super) fn here() -> Option<(usize, usize)> {
    #[cfg(all(
        any(target_arch = "arm", target_arch = "riscv32", target_arch = "riscv64"),
        not(miri)
    ))]
    {
        let (code, stack_pointer): (usize, usize);
        // SAFETY (each): registers are copied.
        #[cfg(target_arch = "arm")]
        unsafe {
            core::arch::asm!("mov {}, pc", "mov {}, sp", out(reg) code, out(reg) stack_pointer,
                options(nomem, nostack, preserves_flags));
        }
        #[cfg(not(target_arch = "arm"))]
        unsafe {
            core::arch::asm!("auipc {}, 0", "mv {}, sp", out(reg) code, out(reg) stack_pointer,
                options(nomem, nostack, preserves_flags));
        }
        // Of the four bytes of the two instructions, or of the first alone.
        let behind = if cfg!(target_arch = "arm") { 0 } else { 4 };
        Some((code + behind, stack_pointer))
    }
    #[cfg(not(all(
        any(target_arch = "arm", target_arch = "riscv32", target_arch = "riscv64"),
        not(miri)
    )))]
    None
}
