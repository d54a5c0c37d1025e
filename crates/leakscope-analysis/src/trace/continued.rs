//! Call stacks that are cut off, and those that begin alike and go on. Words that an old call has left on a stack take the
//! room of those that are wanted, now more of them and now fewer: without this, one call stack that is cut off at three
//! frames would be three call sites.

use std::collections::BTreeMap;
use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHasher};

use super::stacks::StackId;

/// What goes on where another stack may be cut off.
#[derive(Clone, Debug, Default)]
pub(super) struct Continued {
    /// By the hash of its first frames, each count of them: the longest stack that begins so, as long as all that do lie on
    /// one way; `None` if they part. Never listed.
    by_beginning: FxHashMap<u64, Option<StackId>>,
    /// The stack that was cut off where another goes on.
    shorter: BTreeMap<StackId, StackId>,
    /// What stands for a stack that was cut off, and was taken to go on, since another one goes on another way.
    apart: BTreeMap<StackId, StackId>,
}

/// What a stack that is cut off is.
pub(super) enum Cut {
    /// The only one that begins so and goes on.
    Longer(StackId),
    /// One of several that begin so, of which the first was taken for it until now.
    Parted,
    /// Itself.
    Own,
}

/// What [`Continued`] asks of the stacks.
pub(super) trait Known {
    fn frames(&self, stack: StackId) -> &[u64];
    /// The stack with these frames, if it is known and was cut off.
    fn cut_off(&self, frames: &[u64]) -> Option<StackId>;
}

impl Continued {
    /// What a stack that is cut off behind these frames is.
    pub(super) fn of_cut(&self, frames: &[u64], known: &impl Known) -> Cut {
        let Some(hash) = hashes(frames).last() else {
            return Cut::Own;
        };
        match self.by_beginning.get(&hash) {
            Some(Some(longest)) if goes_on(known.frames(*longest), frames) => Cut::Longer(*longest),
            Some(None) if self.was_joined(known.cut_off(frames)) => Cut::Parted,
            _ => Cut::Own,
        }
    }

    fn was_joined(&self, stack: Option<StackId>) -> bool {
        let mut joined = self.shorter.values();
        stack.is_some_and(|stack| joined.any(|shorter| *shorter == stack))
    }

    /// What stands for a stack from when on others part.
    pub(super) fn apart(&mut self, stack: StackId, new: impl FnOnce() -> StackId) -> StackId {
        *self.apart.entry(stack).or_insert_with(new)
    }

    /// The stack that was cut off where this one goes on, if no other goes on there another way.
    pub(super) fn shorter(&self, stack: StackId) -> Option<StackId> {
        self.shorter.get(&stack).copied()
    }

    /// Learns of a new stack.
    pub(super) fn add(&mut self, stack: StackId, known: &impl Known) {
        let frames = known.frames(stack);
        let mut shorter = None;
        for (count, hash) in (1..frames.len()).zip(hashes(frames)) {
            let longest = self.by_beginning.entry(hash).or_insert(Some(stack));
            if let Some(other) = *longest {
                let others = known.frames(other);
                if goes_on(frames, others) {
                    *longest = Some(stack);
                } else if other != stack && !goes_on(others, frames) {
                    *longest = None;
                }
            }
            if *longest == Some(stack) {
                shorter = known.cut_off(&frames[..count]).or(shorter);
            }
        }
        self.shorter.extend(shorter.map(|shorter| (stack, shorter)));
    }
}

fn goes_on(longer: &[u64], frames: &[u64]) -> bool {
    longer.len() > frames.len() && longer.starts_with(frames)
}

/// Of the first frame, the first two, and so on.
fn hashes(frames: &[u64]) -> impl Iterator<Item = u64> {
    frames.iter().scan(FxHasher::default(), |hasher, &frame| {
        hasher.write_u64(frame);
        Some(hasher.finish())
    })
}
