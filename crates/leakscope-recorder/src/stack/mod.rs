//! Call stacks: who asked for memory.
//!
//! # What has to be compiled how
//! A walk follows the chain of *frame pointers*, so every function on the stack must keep one:
//!
//! | code | flag | without it |
//! |---|---|---|
//! | Rust | `-C force-frame-pointers=yes`, and `-Z build-std` so that `core` and `alloc` keep them too | stacks end early, or are empty |
//! | C, clang | `-fno-omit-frame-pointer` | the caller's return address only |
//! | C, GCC for RISC-V, AArch64, x86 | `-fno-omit-frame-pointer` | the caller's return address only |
//! | C, GCC for Thumb (Cortex-M) | none: its frames are no chain | the caller's return address only, which C passes on by itself |
//!
//! On a Cortex-M3, having a stack at all costs an event about 90 instructions in leakscope's dialect, and each
//! frame 19 more (30 to 50 in ESP-IDF's, which writes it out). The walk itself is done before the critical
//! section. A chain that
//! is broken is followed no further: the next frame must lie above the present one, aligned, inside
//! [`Limits::ram`], and its return address inside [`Limits::code`].

mod frame_pointer;
mod hash;

use core::mem::MaybeUninit;
use core::ops::Range;

use hash::Hash;

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
    /// Return addresses from elsewhere, innermost first.
    Frames(&'a [usize]),
}

/// Between which addresses a walk stays.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Where code lies. A return address outside ends the stack: choose it so that start-up code,
    /// or everything but the application, is cut off.
    pub code: Range<usize>,
    /// Where stacks lie. **Addresses in this range are read**; an address that faults when it is read
    /// must not be in it.
    pub ram: Range<usize>,
}

impl Limits {
    /// All code, and the memory in which stacks lie on this kind of machine: Cortex-M's SRAM region;
    /// on RISC-V everything above the first page; on hosts the running thread's stack. A broken chain
    /// could be read beyond the end of the real RAM, so state [`ram`](Self::ram) exactly if you can.
    pub const PLATFORM: Self = Self {
        code: 1..usize::MAX,
        ram: frame_pointer::RAM,
    };
}

/// A call stack that was walked.
#[derive(Clone, Copy, Debug)]
pub struct Walked<'f> {
    /// Return addresses, innermost first.
    pub(crate) frames: &'f [usize],
    /// Of the frames: never 0.
    pub(crate) hash: u32,
}

impl Walked<'_> {
    /// No call stack.
    pub(crate) const NONE: Self = Self {
        frames: &[],
        hash: 1,
    };
}

impl Origin<'_> {
    /// The caller of the function in which this is written, by its frame pointer.
    #[inline(always)]
    pub fn here() -> Self {
        Self::FramePointer(frame_pointer::read())
    }

    /// Fills `frames` from the innermost on, and returns those that were found.
    #[inline]
    pub(crate) fn walk<'f>(
        self,
        frames: &'f mut [MaybeUninit<usize>],
        limits: &Limits,
    ) -> Walked<'f> {
        let mut hash = Hash::NEW;
        let count = match self {
            Self::Unknown => 0,
            Self::FramePointer(frame) => frame_pointer::walk(frame, frames, 0, &mut hash, limits),
            Self::Caller {
                return_address,
                frame_pointer,
            } => {
                frame_pointer::walk_behind(return_address, frame_pointer, frames, &mut hash, limits)
            }
            Self::Frames(given) => {
                let count = given.len().min(frames.len());
                for (slot, &frame) in frames.iter_mut().zip(given) {
                    hash.add(slot.write(frame));
                }
                count
            }
        };
        Walked {
            // SAFETY: each of the ways above has written the first `count`.
            frames: unsafe { frames[..count].assume_init_ref() },
            hash: hash.finish(),
        }
    }
}
