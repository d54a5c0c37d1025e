//! Words of a stack that could be return addresses, where no chain of frames leads from one to the next.
//!
//! The host finds out which of them are: it has the program's call frame information (`docs/dialects.md`).

use core::mem::MaybeUninit;
use core::ops::Range;

use super::bounds::{Bounds, NEEDS_CALL, WORD, code_address};
use super::hash::Hash;

/// How many candidates behind no call need not be sent, where as many as `most` are sent: so many more are looked at.
const fn spare(most: usize) -> usize {
    if NEEDS_CALL { 0 } else { most / 4 }
}

/// The hash of a scanned stack, which most events need alone: of where it returns to, and of the lowest candidates.
#[inline(never)]
pub(super) fn hash(
    return_address: usize,
    stack_pointer: usize,
    most: usize,
    bounds: &Bounds,
) -> u32 {
    let mut hash = Hash::NEW;
    hash.add(return_address);
    #[cfg_attr(not(all(thumb2, not(miri))), allow(unused_mut))]
    let mut rest = Rest::new(stack_pointer, most, bounds);
    #[cfg(all(thumb2, not(miri)))]
    groups::hash(&mut hash, &mut rest, bounds);
    rest.scan(bounds, |place, address| {
        hash.add_at(place, bounds.offset(address));
    });
    hash.finish()
}

/// The same, with the addresses and places of those that are sent, of which there is room for as many; returns their number
/// too. Words may have changed since they were hashed.
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
    let most = addresses.len().min(places.len());
    let (mut count, mut spare) = (0, spare(most));
    Rest::new(stack_pointer, most, bounds).scan(bounds, |place, address| {
        hash.add_at(place, bounds.offset(address));
        if count == most {
            return;
        }
        if spare > 0 && !bounds.has_call_before(address) {
            spare -= 1;
            return;
        }
        addresses[count].write(address);
        places[count].write(place as u16);
        count += 1;
    });
    (count, hash.finish())
}

/// What is still to be looked at.
struct Rest {
    stack_pointer: usize,
    stack: Range<usize>,
    /// Candidates that are still wanted.
    left: usize,
}

impl Rest {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "each caller has a loop of its own")]
    fn new(stack_pointer: usize, most: usize, bounds: &Bounds) -> Self {
        Self {
            stack_pointer,
            stack: bounds.stack_above(stack_pointer),
            left: most + spare(most),
        }
    }

    /// Gives candidates to `found`, with the words between the stack pointer and each.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "each caller has a loop of its own")]
    fn scan(self, bounds: &Bounds, mut found: impl FnMut(usize, usize)) {
        let mut at = self.stack.start;
        let mut left = self.left;
        while left > 0 {
            let word = loop {
                if at >= self.stack.end {
                    return;
                }
                // SAFETY: aligned, and inside the range of which the user (or the operating system) said that it may be
                // read. Volatile: the compiler knows of no object there.
                let word = unsafe { (at as *const usize).read_volatile() };
                at += WORD;
                if bounds.is_candidate(word) {
                    break word;
                }
            };
            left -= 1;
            found((at - self.stack_pointer) / WORD - 1, code_address(word));
        }
    }
}

/// Four words at once: 16 instructions, and 5 or 6 more for each candidate.
#[cfg(all(thumb2, not(miri)))]
mod groups {
    use super::{Bounds, Hash, Rest, WORD};

    const GROUP: usize = 4 * WORD;

    /// What [`Rest::scan`] and [`Hash::add_at`] do, as far as there are four words more.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "has one caller")]
    pub(super) fn hash(hash: &mut Hash, rest: &mut Rest, bounds: &Bounds) {
        let whole = (rest.stack.end - rest.stack.start) / GROUP * GROUP;
        if whole == 0 || rest.left == 0 {
            return;
        }
        let (first, length) = bounds.turned();
        // SAFETY: reads `whole` bytes of the stack, of which the user said that it may be read.
        unsafe {
            core::arch::asm!(
                "2:",
                "ldmia {at}!, {{r2, r3, r4, r5}}",
                "subs r2, r2, {first}",
                "cmp {length}, r2, ror #1",
                "bhi 4f",
                "12:",
                "subs r3, r3, {first}",
                "cmp {length}, r3, ror #1",
                "bhi 5f",
                "13:",
                "subs r4, r4, {first}",
                "cmp {length}, r4, ror #1",
                "bhi 6f",
                "14:",
                "subs r5, r5, {first}",
                "cmp {length}, r5, ror #1",
                "bhi 7f",
                "15:",
                "adds {place}, {place}, #16",
                "cmp {place}, {whole}",
                "blo 2b",
                "b 8f",
                "4:",
                "eor r2, r2, {place}, lsl #21",
                "eor {hash}, r2, {hash}, ror #17",
                "mul {hash}, {hash}, {factor}",
                "subs {left}, {left}, #1",
                "bne 12b",
                "b 8f",
                "5:",
                "eor r3, r3, {place}, lsl #21",
                "eor r3, r3, #0x800000",
                "eor {hash}, r3, {hash}, ror #17",
                "mul {hash}, {hash}, {factor}",
                "subs {left}, {left}, #1",
                "bne 13b",
                "b 8f",
                "6:",
                "eor r4, r4, {place}, lsl #21",
                "eor r4, r4, #0x1000000",
                "eor {hash}, r4, {hash}, ror #17",
                "mul {hash}, {hash}, {factor}",
                "subs {left}, {left}, #1",
                "bne 14b",
                "b 8f",
                "7:",
                "eor r5, r5, {place}, lsl #21",
                "eor r5, r5, #0x1800000",
                "eor {hash}, r5, {hash}, ror #17",
                "mul {hash}, {hash}, {factor}",
                "subs {left}, {left}, #1",
                "bne 15b",
                "8:",
                at = inout(reg) rest.stack.start,
                place = inout(reg) 0_usize => _,
                whole = in(reg) whole,
                first = in(reg) first,
                length = in(reg) length,
                left = inout(reg) rest.left,
                hash = inout(reg) hash.0,
                factor = in(reg) Hash::FACTOR,
                out("r2") _,
                out("r3") _,
                out("r4") _,
                out("r5") _,
                options(nostack, readonly)
            );
        }
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
