//! How much lives at a moment.

use leakscope_analysis::heap::Effect;

/// What lives: of the whole heap, or of a call site's blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) bytes: u64,
    pub(crate) blocks: u64,
}

impl Live {
    /// With a block more.
    #[inline(always)]
    pub(crate) fn with(self, size: u64) -> Self {
        Self {
            bytes: self.bytes + size,
            blocks: self.blocks + 1,
        }
    }

    /// With a block less.
    #[inline(always)]
    pub(crate) fn without(self, size: u64) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(size),
            blocks: self.blocks.saturating_sub(1),
        }
    }

    /// What lives on the whole heap after an effect.
    #[inline]
    pub(crate) fn after(mut self, effect: &Effect) -> Self {
        if matches!(effect, Effect::Restart) {
            return Self::default();
        }
        for known in [effect.ended(), effect.lost()].into_iter().flatten() {
            self = self.without(known.block.size);
        }
        for known in [effect.revived(), effect.began()].into_iter().flatten() {
            self = self.with(known.block.size);
        }
        self
    }
}
