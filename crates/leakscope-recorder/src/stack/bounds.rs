//! The addresses between which a walk stays.

#![allow(
    clippy::inline_always,
    reason = "a few instructions each, asked for every frame"
)]

use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::{Limits, main_stack};

/// On the wire a place has two bytes.
const MOST_WORDS: u16 = (1 << 14) - 1;

pub(super) const WORD: usize = size_of::<usize>();
/// The two words of a frame in a chain.
pub(super) const RECORD: usize = 2 * WORD;

/// The default of [`Limits::ram`]: it is not known.
#[cfg(not(feature = "std"))]
pub(super) const RAM: Range<usize> = Range { start: 1, end: 0 };
/// There, the operating system knows it.
#[cfg(feature = "std")]
pub(super) const RAM: Range<usize> = 0..usize::MAX;

/// No stack is larger: an end that lies farther above is another one's.
const MOST_STACK: usize = 0x1_0000;

/// The addresses between which a walk stays, in the form in which it asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    code_start: usize,
    code_length: usize,
    ram_start: usize,
    /// The last place where two words can stand, in words.
    last_word: usize,
    ram_end: usize,
    is_ram_known: bool,
    /// How many bytes of a stack are looked at.
    scanned: usize,
    stack_end: Option<&'static AtomicUsize>,
}

impl Bounds {
    pub(crate) const fn of(limits: &Limits) -> Self {
        let Limits { code, ram, .. } = limits;
        let is_stack = ram.end.saturating_sub(ram.start) >= RECORD;
        Self {
            code_start: code.start,
            code_length: code.end.saturating_sub(code.start),
            ram_start: if is_stack { ram.start } else { usize::MAX },
            last_word: if is_stack {
                (ram.end - RECORD) / WORD
            } else {
                0
            },
            ram_end: ram.end & !(WORD - 1),
            is_ram_known: !(ram.start == 1 && ram.end == 0),
            scanned: if limits.words < MOST_WORDS {
                limits.words as usize * WORD
            } else {
                MOST_WORDS as usize * WORD
            },
            stack_end: limits.stack_end,
        }
    }

    /// The part of the stack that a scan looks at; empty where nothing may be read.
    #[inline(always)]
    pub(super) fn stack_above(&self, stack_pointer: usize) -> Range<usize> {
        if stack_pointer < self.ram_start || stack_pointer % WORD != 0 {
            return self.own_stack_above(stack_pointer);
        }
        let mut end = self.ram_end.min(stack_pointer.saturating_add(self.scanned));
        if let Some(known) = self.stack_end {
            let known = known.load(Ordering::Relaxed);
            // Another stack's end is of no use, and does no harm: it does not lie between these. No word crosses an end
            // that is not aligned.
            if known > stack_pointer {
                end = end.min(known & !(WORD - 1));
            }
        }
        stack_pointer..end.max(stack_pointer)
    }

    /// What is subtracted from a word, and the bound below which the rest, turned right by one bit, lies if the word could be
    /// a return address: without the Thumb bit it lies far above.
    #[inline(always)]
    pub(super) fn turned(&self) -> (usize, usize) {
        (self.code_start | 1, self.code_length / 2)
    }

    /// A candidate as an offset.
    #[inline(always)]
    pub(super) fn offset(&self, address: usize) -> usize {
        address.wrapping_sub(if IS_THUMB {
            self.code_start & !1
        } else {
            self.code_start
        })
    }

    /// Whether a word of a stack could be a return address: it lies where code does, and has what marks an address of code.
    #[inline(always)]
    pub(super) fn is_candidate(&self, word: usize) -> bool {
        if IS_THUMB {
            let (first, length) = self.turned();
            return word.wrapping_sub(first).rotate_right(1) < length;
        }
        let offset = word.wrapping_sub(self.code_start);
        // On the wire an offset has 32 bits.
        offset < self.code_length
            && offset as u64 <= u32::MAX.into()
            && (!NEEDS_CALL || self.has_call_before(word))
    }

    /// Whether the instruction before a return address is a call: it is not before what only looks like an address, and not
    /// where a pointer to a function leads. Where nobody has said where code lies, nothing is read.
    #[cfg(target_arch = "arm")]
    #[inline(always)]
    pub(super) fn has_call_before(&self, address: usize) -> bool {
        if self.code_start == Limits::PLATFORM.code.start {
            return true;
        }
        if address.wrapping_sub(self.code_start) < 4 {
            return false;
        }
        // SAFETY: aligned, and code of this program, which can be read.
        let half = |back| unsafe { ((address - back) as *const u16).read_volatile() };
        // bl, blx of a register.
        let (first, last) = (half(4), half(2));
        (first & 0xF800 == 0xF000 && last & 0xD000 == 0xD000) || last & 0xFF80 == 0x4780
    }

    /// The same.
    #[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
    #[inline(always)]
    pub(super) fn has_call_before(&self, address: usize) -> bool {
        if address % 2 != 0 || address.wrapping_sub(self.code_start) < 4 {
            return false;
        }
        // SAFETY: aligned, and code of this program, which can be read.
        let half = |back| unsafe { ((address - back) as *const u16).read_volatile() };
        // jal, c.jal, jalr, c.jalr: those that programs have most come first.
        let first = half(4);
        if first & 0x0FFF == 0x00EF {
            return true;
        }
        let last = half(2);
        (cfg!(target_arch = "riscv32") && last & 0xE003 == 0x2001)
            || first & 0x7FFF == 0x00E7
            || (last & 0xF07F == 0x9002 && last != 0x9002)
    }

    /// Elsewhere the host looks at it.
    #[cfg(not(any(target_arch = "arm", target_arch = "riscv32", target_arch = "riscv64")))]
    #[inline(always)]
    #[allow(clippy::unused_self, reason = "as above")]
    pub(super) fn has_call_before(&self, _: usize) -> bool {
        true
    }

    /// The bounds of a walk that begins at `at`; `None` if it must not be read.
    #[inline(always)]
    pub(super) fn beginning_at(&self, at: usize) -> Option<Self> {
        if self.has_words(at) {
            Some(*self)
        } else {
            self.own_stack(at)
        }
    }

    #[cold]
    fn own_stack(&self, at: usize) -> Option<Self> {
        let end = self.end_of_stack(at);
        let own = Self {
            ram_start: at,
            last_word: end.checked_sub(RECORD)? / WORD,
            ..*self
        };
        (end > at && own.has_words(at)).then_some(own)
    }

    #[cold]
    fn own_stack_above(&self, stack_pointer: usize) -> Range<usize> {
        let end = self.end_of_stack(stack_pointer);
        if stack_pointer % WORD == 0 && end > stack_pointer {
            stack_pointer..end.min(stack_pointer.saturating_add(self.scanned))
        } else {
            0..0
        }
    }

    /// Up to where memory can be read for sure, where nobody has said where stacks lie: to the end of the stack at hand.
    /// `at` if that is not known.
    fn end_of_stack(&self, at: usize) -> usize {
        if self.is_ram_known {
            return at;
        }
        let task = self.stack_end.map_or(0, |end| end.load(Ordering::Relaxed));
        let ends = [task, main_stack::end()].into_iter();
        ends.filter(|&end| end > at && end - at <= MOST_STACK)
            .min()
            .map_or(at, |end| end & !(WORD - 1))
    }

    /// Whether two words can stand at `at`.
    #[inline(always)]
    pub(super) fn has_words(&self, at: usize) -> bool {
        at >= self.ram_start && self.reach(at)
    }

    /// Whether `at` is aligned, and not too high up: turned, an address that is not aligned is higher than any.
    #[inline(always)]
    pub(super) fn reach(&self, at: usize) -> bool {
        at.rotate_right(WORD.ilog2()) <= self.last_word
    }

    #[inline(always)]
    pub(super) fn has_code(&self, address: usize) -> bool {
        address.wrapping_sub(self.code_start) < self.code_length
    }
}

/// Whether return addresses have their lowest bit set.
const IS_THUMB: bool = cfg!(target_arch = "arm");

/// Whether a word is a candidate only behind a call: where return addresses have no bit of their own, pointers to functions
/// would change the stacks of a call site from event to event.
pub(super) const NEEDS_CALL: bool = cfg!(any(target_arch = "riscv32", target_arch = "riscv64"));

/// Without the bit that says "Thumb".
pub(super) const fn code_address(return_address: usize) -> usize {
    if IS_THUMB {
        return_address & !1
    } else {
        return_address
    }
}

/// On a host, the running thread's stack; elsewhere what the user said.
#[inline]
pub(crate) fn bounds(limits: &Limits, bounds: &Bounds) -> Bounds {
    #[cfg(feature = "std")]
    {
        let _ = bounds;
        let own = crate::platform::host::stack_bounds();
        let ram = limits.ram.start.max(own.start)..limits.ram.end.min(own.end);
        Bounds::of(&Limits {
            ram,
            ..limits.clone()
        })
    }
    #[cfg(all(not(feature = "std"), any(target_os = "none", target_arch = "arm")))]
    {
        let _ = limits;
        *bounds
    }
    #[cfg(all(
        not(feature = "std"),
        not(any(target_os = "none", target_arch = "arm"))
    ))]
    {
        let _ = (limits, bounds);
        Bounds::of(&Limits {
            code: 0..0,
            ram: 0..0,
            ..Limits::PLATFORM
        })
    }
}
