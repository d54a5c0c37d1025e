//! Blocks that ended after data had been lost while they lived.
//!
//! The free that was seen may be another block's, of one that took the place unseen. So such a block lived at
//! least until the loss began, and at most until its end was seen.

use super::Lifetimes;

/// How long those blocks of a call site lived, in the classes of [`Lifetimes`]: counts by the class of the
/// least and of the longest life, and by whether a reuse of the memory was all that showed the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnsureEnds {
    /// In no order; there are few different ones.
    counts: Vec<(Lives, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lives {
    least: u8,
    longest: u8,
    by_reuse: bool,
}

impl UnsureEnds {
    /// A block lived for at least `least` and at most `longest` ticks; `by_reuse` if its memory was used again
    /// without a free.
    pub fn add(&mut self, least: u64, longest: u64, by_reuse: bool) {
        let lives = Lives::of(least, longest, by_reuse);
        match self.counts.iter_mut().find(|known| known.0 == lives) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.counts.push((lives, 1)),
        }
    }

    /// Takes back [`UnsureEnds::add`] of a block that was freed.
    pub fn take_back(&mut self, least: u64, longest: u64) {
        let lives = Lives::of(least, longest, false);
        if let Some((_, count)) = self.counts.iter_mut().find(|known| known.0 == lives) {
            *count = count.saturating_sub(1);
        }
    }

    /// Each count, with the classes of the least and of the longest life, and whether it was reuse.
    pub(super) fn counts(&self) -> impl Iterator<Item = (usize, usize, bool, u64)> {
        self.counts.iter().map(|(lives, count)| {
            let (least, longest) = (lives.least.into(), lives.longest.into());
            (least, longest, lives.by_reuse, u64::from(*count))
        })
    }
}

impl Lives {
    fn of(least: u64, longest: u64, by_reuse: bool) -> Self {
        Self {
            least: Lifetimes::class(least.min(longest)) as u8,
            longest: Lifetimes::class(longest) as u8,
            by_reuse,
        }
    }
}
