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

use frame_pointer::Bounds;
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
        frame_pointer::bounds(&self.limits, &self.bounds)
    }
}

/// A call stack that was walked.
#[derive(Clone, Copy, Debug)]
pub struct Walked<'f> {
    /// Return addresses, innermost first; none if only the hash was wanted.
    pub(crate) frames: &'f [usize],
    /// Of the return addresses; 0 if there are none.
    pub(crate) hash: u32,
}

impl Walked<'_> {
    /// No call stack.
    pub(crate) const NONE: Self = Self {
        frames: &[],
        hash: 0,
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
        ranges: &Ranges,
    ) -> Walked<'f> {
        let (mut hash, mut count) = (Hash::NEW, 0);
        self.follow(frames.len(), ranges, |frame| {
            frames[count].write(frame);
            hash.add(frame);
            count += 1;
        });
        let found: *const [MaybeUninit<usize>] = &raw const frames[..count];
        Walked {
            // SAFETY: the first `count` were written.
            frames: unsafe { &*(found as *const [usize]) },
            hash: hash.finish(),
        }
    }

    /// The hash of the stack that [`walk`](Self::walk) finds in so many frames.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "most events do this")]
    pub(crate) fn hash(self, depth: usize, ranges: &Ranges) -> Walked<'static> {
        let mut hash = Hash::NEW;
        self.follow(depth, ranges, |frame| hash.add(frame));
        Walked {
            frames: &[],
            hash: hash.finish(),
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
            Self::Frames(given) => given.iter().copied().take(depth).for_each(found),
        }
    }
}
