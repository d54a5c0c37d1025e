//! Call stacks of devices that keep no frame pointers: they send the words of a stack that could be return addresses,
//! and the program says which of them are.

use std::fmt;
use std::sync::Arc;

/// What a device found on a stack: words that could be return addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan<'s> {
    /// Where the call of the allocator returns to: the first frame, which is certain.
    pub return_address: u64,
    /// How many words above the stack pointer each word lies, and the word: the lowest first, none twice.
    pub candidates: &'s [(u32, u64)],
    /// How many words the device looks at.
    pub words: u32,
    /// Whether there may be more in these words than were sent.
    pub is_full: bool,
}

/// Knows which words of a stack are return addresses.
pub trait Unwind: Send + Sync {
    /// The frames of a call stack, the innermost first: the first one is the scan's own. Asked once for each
    /// definition of a stack.
    fn unwind(&self, scan: &Scan<'_>) -> Unwound;
}

/// A call stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unwound {
    /// Return addresses, and how sure each is: none is surer than the one before it.
    pub frames: Vec<(u64, Certainty)>,
    /// Whether there are more frames, which are not known.
    pub is_cut_off: bool,
}

/// How a frame was found. The later, the less sure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// The device followed a chain of frames, or the program's call frame information leads here.
    #[default]
    Exact,
    /// It, or one before it, is the first one whose call leads into the function that is being left.
    ByCall,
    /// It, or one before it, is the first one whose call may lead there; or the stack was cut off before it, and the only one
    /// that begins alike goes on so.
    Possible,
}

/// How sure the frames of a call stack are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackCertainty {
    /// How many frames, from the innermost on, are exact …
    pub exact: usize,
    /// … and how many are exact or by call; the others are possible.
    pub by_call: usize,
    /// Whether there are more frames, which are not known.
    pub is_cut_off: bool,
}

impl StackCertainty {
    /// Of a stack that the device followed itself.
    pub const EXACT: Self = Self {
        exact: usize::MAX,
        by_call: usize::MAX,
        is_cut_off: false,
    };

    pub(super) fn of(stack: &Unwound) -> Self {
        let surer_than = |least| {
            let end = stack.frames.iter().position(|&(_, found)| found > least);
            end.unwrap_or(usize::MAX)
        };
        Self {
            exact: surer_than(Certainty::Exact),
            by_call: surer_than(Certainty::ByCall),
            is_cut_off: stack.is_cut_off,
        }
    }

    /// How sure a frame is: the innermost is 0.
    pub fn of_frame(&self, frame: usize) -> Certainty {
        if frame < self.exact {
            Certainty::Exact
        } else if frame < self.by_call {
            Certainty::ByCall
        } else {
            Certainty::Possible
        }
    }

    /// The same without so many frames at the inner end.
    #[must_use]
    pub fn without(self, inner: usize) -> Self {
        let left = |count: usize| match count {
            usize::MAX => count,
            count => count.saturating_sub(inner),
        };
        Self {
            exact: left(self.exact),
            by_call: left(self.by_call),
            is_cut_off: self.is_cut_off,
        }
    }

    /// The same of a stack that goes on behind so many frames: those are possible. Where it ends, it does not say.
    pub(super) fn up_to(self, frames: usize) -> Self {
        Self {
            exact: self.exact.min(frames),
            by_call: self.by_call.min(frames),
            is_cut_off: false,
        }
    }

    /// The less sure of the two.
    pub(super) fn or_less(self, other: Self) -> Self {
        Self {
            exact: self.exact.min(other.exact),
            by_call: self.by_call.min(other.by_call),
            is_cut_off: self.is_cut_off || other.is_cut_off,
        }
    }
}

impl Default for StackCertainty {
    fn default() -> Self {
        Self::EXACT
    }
}

/// What knows the program that was recorded, if anything does. Without it, the first frame is all that is certain of a
/// stack, and all that is taken.
#[derive(Clone, Default)]
pub struct Unwinder(Option<Arc<dyn Unwind>>);

impl Unwinder {
    /// Asks `program`.
    pub fn new(program: impl Unwind + 'static) -> Self {
        Self(Some(Arc::new(program)))
    }

    pub(super) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// The call stack of a scan.
    pub fn unwind(&self, scan: &Scan<'_>) -> Unwound {
        match &self.0 {
            Some(program) => program.unwind(scan),
            None => Unwound {
                frames: vec![(scan.return_address, Certainty::Exact)],
                is_cut_off: !scan.candidates.is_empty(),
            },
        }
    }
}

impl fmt::Debug for Unwinder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_there = self.is_there();
        formatter.debug_tuple("Unwinder").field(&is_there).finish()
    }
}

/// Two are equal if they ask the same program.
impl PartialEq for Unwinder {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }
}

impl Eq for Unwinder {}
