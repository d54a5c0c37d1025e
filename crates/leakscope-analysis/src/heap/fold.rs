//! Which frames of a call stack are the allocator's own, so that growth is judged by who called it.

/// Says which frames are the allocator's own. Asked once for each distinct stack.
pub trait FoldStack {
    /// How many of the frames, the innermost first, belong to the allocator.
    fn fold(&mut self, frames: &[u64]) -> usize;

    /// The allocator's own frames, and those of the program, by which call sites are told apart. If all belong
    /// to the allocator, nothing is known of its caller, and all tell the call site apart.
    fn split<'f>(&mut self, frames: &'f [u64]) -> (&'f [u64], &'f [u64]) {
        match self.fold(frames) {
            all if all >= frames.len() => (&[], frames),
            some => frames.split_at(some),
        }
    }
}

/// Folds nothing: the choice when no symbols are at hand.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeepAll;

impl FoldStack for KeepAll {
    fn fold(&mut self, _frames: &[u64]) -> usize {
        0
    }
}
