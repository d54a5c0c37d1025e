//! Call stacks: who asked for memory.
//!
//! # Three ways
//! **Frame pointers.** Where every function keeps one, they are a chain, which is followed:
//!
//! | code | flag | without it |
//! |---|---|---|
//! | Rust | `-C force-frame-pointers=yes`, and `-Z build-std` so that `core` and `alloc` keep them too | stacks end early, or are empty |
//! | C, clang | `-fno-omit-frame-pointer` | the caller's return address only |
//! | C, GCC for AArch64, x86 | `-fno-omit-frame-pointer` | the caller's return address only |
//!
//! On a Cortex-M3, having a stack at all costs an event about 90 instructions in leakscope's dialect, and each
//! frame 19 more (30 to 50 in ESP-IDF's, which writes it out). A chain that
//! is broken is followed no further: the next frame must lie above the present one, aligned, inside
//! [`Limits::ram`], and its return address inside [`Limits::code`].
//!
//! **Scans** ([`Origin::Scan`]), for code without frame pointers: GCC on Thumb, whose frames are no chain, and on RISC-V; Rust
//! with the precompiled `core`. The [`words`](Limits::words) above the stack pointer that could be return addresses are recorded,
//! at most as many as the dialect's depth, and the host finds out by the ELF file which of them are. State [`Limits::code`]:
//! without it nearly any word could be one. What is in it is read, for the call before a return address. leakscope's dialect alone can say that; elsewhere the caller's return address is
//! all. It costs about 4 instructions a word on a Cortex-M3, and 6 more a candidate; of these there should be 16, and 256 stacks
//! should be remembered, for stale words make more distinct ones.
//!
//! **Windows** ([`Origin::Windows`]): Xtensa's registers, which calls save on the stack. Its return addresses are a chain without
//! any flag; the assembly that reads the first one and the stack pointer is the program's, for stable Rust has none there.
//!
//! The walk itself is done before the critical section.

mod bounds;
mod frame_pointer;
mod hash;
mod main_stack;
mod scan;
mod walk;
mod windows;

use core::mem::MaybeUninit;
use core::ops::Range;
use core::sync::atomic::AtomicUsize;

use bounds::{Bounds, code_address};
use hash::Hash;

pub use walk::{FramePointers, Scan, Walk};

/// Where a walk begins.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// Not known: no call stack is recorded.
    Unknown,
    /// A function's frame pointer: the first frame is that function's caller.
    FramePointer(usize),
    /// A function's return address, and its frame pointer or 0: what C knows.
    Caller {
        /// `__builtin_return_address(0)`, which becomes the first frame.
        return_address: usize,
        /// `__builtin_frame_address(0)`, or 0 if it is not the head of a chain.
        frame_pointer: usize,
    },
    /// A function's return address, and the stack pointer just after that return: what could be return addresses is
    /// sought from there on.
    Scan {
        /// The first frame.
        return_address: usize,
        /// `__builtin_dwarf_cfa()` of GCC (clang's is another address).
        stack_pointer: usize,
    },
    /// An Xtensa function's return address (`a0`, with the upper two bits of an address of code) and its stack pointer (`a1`):
    /// the first frame is that function's caller.
    Windows {
        /// The first frame.
        return_address: usize,
        /// Below it lie its caller's registers, once they are saved, which the walk takes care of.
        stack_pointer: usize,
    },
    /// Return addresses from elsewhere, innermost first.
    Frames(&'a [usize]),
}

/// The addresses between which a walk stays.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Where code lies. A return address outside ends the stack: choose it so that start-up code,
    /// or everything but the application, is cut off.
    pub code: Range<usize>,
    /// Where stacks lie. **Addresses in this range are read**; an address that faults when it is read
    /// must not be in it.
    pub ram: Range<usize>,
    /// How many words of a stack are looked at by [`Origin::Scan`], at most 16,383: 64 are few, 128 find ten frames of most
    /// stacks, 256 more than twenty.
    pub words: u16,
    /// Where the end of the running task's stack is kept (the address behind its last word), if anything keeps it: a scan
    /// looks no farther. Where that is another stack's end for a while, as in interrupts, nothing goes wrong.
    pub stack_end: Option<&'static AtomicUsize>,
}

impl Limits {
    /// All code, and of [`ram`](Self::ram) what is known for sure: on hosts the running thread's stack; elsewhere the
    /// stack at hand, up to its end, as [`stack_end`](Self::stack_end) has it, or the vector table of a Cortex-M for
    /// the stack of `main`, or the linker's symbol `_stack_start` on a RISC-V of 32 bits. Where none of these is known,
    /// call stacks have no more than the caller: state `ram`.
    pub const PLATFORM: Self = Self {
        code: 1..usize::MAX,
        ram: bounds::RAM,
        words: 128,
        stack_end: None,
    };
}

/// Where a walk stays: what the user said, in two forms.
#[derive(Clone, Debug)]
pub(crate) struct Ranges {
    limits: Limits,
    bounds: Bounds,
}

impl Ranges {
    pub(crate) const fn new(limits: Limits) -> Self {
        let bounds = Bounds::of(&limits);
        Self { limits, bounds }
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "every walk asks")]
    fn here(&self) -> Bounds {
        bounds::bounds(&self.limits, &self.bounds)
    }
}

/// A call stack that was walked.
#[derive(Clone, Copy, Debug)]
pub struct Walked<'f> {
    /// Return addresses, innermost first; none if only the hash was wanted. Of a scan, the candidates.
    pub(crate) frames: &'f [usize],
    /// Of a scan.
    pub(crate) scanned: Option<Scanned<'f>>,
    /// Of the return addresses; 0 if there are none.
    pub(crate) hash: u32,
}

impl Walked<'_> {
    /// No call stack.
    pub(crate) const NONE: Self = Self {
        frames: &[],
        scanned: None,
        hash: 0,
    };
}

/// What a scan has found beside the candidates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanned<'f> {
    /// The first frame.
    pub(crate) return_address: usize,
    /// How many words above the stack pointer each candidate lies.
    pub(crate) places: &'f [u16],
}

/// Room for a call stack.
#[derive(Debug)]
pub struct Room<'f> {
    pub(crate) frames: &'f mut [MaybeUninit<usize>],
    /// None, if a scan shall find the first frame only.
    pub(crate) places: &'f mut [MaybeUninit<u16>],
}

impl Origin<'_> {
    /// The caller of the function in which this is written, by its frame pointer.
    #[inline(always)]
    pub fn here() -> Self {
        Self::FramePointer(frame_pointer::read())
    }

    /// The function in which this is written, by a scan from there on; without a call stack on hosts.
    #[inline(always)]
    pub fn scan_here() -> Self {
        match scan::here() {
            Some((return_address, stack_pointer)) => Self::Scan {
                return_address,
                stack_pointer,
            },
            None => Self::Unknown,
        }
    }

    /// Finds the stack, or what could be its return addresses.
    #[inline]
    pub(crate) fn find<'f>(self, room: Room<'f>, ranges: &Ranges) -> Walked<'f> {
        let Room { frames, places } = room;
        match self {
            Self::Scan {
                return_address,
                stack_pointer,
            } if !places.is_empty() => {
                let bounds = ranges.here();
                let return_address = code_address(return_address);
                if !bounds.has_code(return_address) {
                    return Walked::NONE;
                }
                let (count, hash) =
                    scan::list(return_address, stack_pointer, frames, places, &bounds);
                // SAFETY: the first `count` of both were written.
                let (frames, places) = unsafe { (written(frames, count), written(places, count)) };
                let scanned = Scanned {
                    return_address,
                    places,
                };
                Walked {
                    frames,
                    scanned: Some(scanned),
                    hash,
                }
            }
            origin => origin.walk(frames, ranges),
        }
    }

    /// Fills `frames` from the innermost on, and returns those that were found; of a scan, the first one.
    #[inline]
    pub(crate) fn walk<'f>(
        self,
        frames: &'f mut [MaybeUninit<usize>],
        ranges: &Ranges,
    ) -> Walked<'f> {
        let (mut hash, mut count) = (Hash::NEW, 0);
        self.follow(frames.len(), ranges, |frame| {
            frames[count].write(frame);
            hash.add(frame);
            count += 1;
        });
        Walked {
            // SAFETY: the first `count` were written.
            frames: unsafe { written(frames, count) },
            scanned: None,
            hash: hash.finish(),
        }
    }

    /// The hash of what [`find`](Self::find) finds in so many frames.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "most events do this")]
    pub(crate) fn hash(self, depth: usize, ranges: &Ranges) -> Walked<'static> {
        let hash = match self {
            Self::Scan {
                return_address,
                stack_pointer,
            } => {
                let bounds = ranges.here();
                let return_address = code_address(return_address);
                if bounds.has_code(return_address) {
                    scan::hash(return_address, stack_pointer, depth, &bounds)
                } else {
                    0
                }
            }
            origin => {
                let mut hash = Hash::NEW;
                origin.follow(depth, ranges, |frame| hash.add(frame));
                hash.finish()
            }
        };
        Walked {
            hash,
            ..Walked::NONE
        }
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "most callers know which kind it is")]
    fn follow(self, depth: usize, ranges: &Ranges, found: impl FnMut(usize)) {
        match self {
            Self::Unknown => {}
            Self::FramePointer(frame) => frame_pointer::walk(frame, depth, &ranges.here(), found),
            Self::Caller {
                return_address,
                frame_pointer,
            } => frame_pointer::walk_behind(
                return_address,
                frame_pointer,
                depth,
                &ranges.here(),
                found,
            ),
            Self::Scan { return_address, .. } => {
                frame_pointer::walk_behind(return_address, 0, depth, &ranges.here(), found);
            }
            Self::Windows {
                return_address,
                stack_pointer,
            } => windows::walk(return_address, stack_pointer, depth, &ranges.here(), found),
            Self::Frames(given) => given.iter().copied().take(depth).for_each(found),
        }
    }
}

/// The part of `room` that was filled.
///
/// # Safety
/// The first `count` were written.
unsafe fn written<T>(room: &[MaybeUninit<T>], count: usize) -> &[T] {
    let found: *const [MaybeUninit<T>] = &raw const room[..count];
    // SAFETY: promised by the caller.
    unsafe { &*(found as *const [T]) }
}
