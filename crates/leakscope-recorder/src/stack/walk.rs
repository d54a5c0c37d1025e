//! Which of the ways to find call stacks the allocator's wrapper takes.

use super::Origin;

/// A way to find call stacks, of [`Traced`](crate::Traced).
pub trait Walk {
    /// Where a walk begins, from the function in which this is inlined.
    fn here() -> Origin<'static>;
}

/// The chain of frame pointers.
#[derive(Clone, Copy, Debug)]
pub enum FramePointers {}

/// Words of the stack that could be return addresses, for code without frame pointers. On hosts there is no such way, and
/// no call stack.
#[derive(Clone, Copy, Debug)]
pub enum Scan {}

impl Walk for FramePointers {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a register is read")]
    fn here() -> Origin<'static> {
        Origin::here()
    }
}

impl Walk for Scan {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a register is read")]
    fn here() -> Origin<'static> {
        Origin::scan_here()
    }
}
