//! What an event did to the heap: which block ended, which began, and what turned out to be otherwise than the
//! trace had shown so far.

use super::blocks::LARGEST;
use super::site_id::SiteId;
use crate::outcome::Block;
use crate::trace::Occasion;

/// A block, and the call site that allocated it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownBlock {
    /// What it is.
    pub block: Block,
    /// Who allocated it.
    pub site: SiteId,
}

impl KnownBlock {
    /// The block that begins when a call site allocates. Sizes have 32 bits: a larger one counts as 2³² − 1 bytes.
    #[inline]
    pub fn begun(site: SiteId, address: u64, size: u64, now: &Occasion) -> Self {
        let block = Block {
            address,
            size: size.min(LARGEST),
            time: now.time,
            context: now.context,
            core: now.core,
        };
        Self { block, site }
    }
}

/// What an event did to the heap.
///
/// The effects of a trace, added up, are its totals: each block begins once, and ends at most once. A block
/// that ended may be revived, and then ends again or lives on.
///
/// ```
/// use leakscope_analysis::heap::{Effect, UnknownFree};
/// let effect = Effect::UnknownFree(UnknownFree::Older);
/// assert_eq!(effect.name(), "free-of-older-block");
/// assert!(effect.began().is_none() && effect.ended().is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A block began.
    Allocation {
        /// The block.
        began: KnownBlock,
        /// A block that was believed to live: it ended unseen, for its memory was used again, by this block or by
        /// one before it.
        lost: Option<KnownBlock>,
        /// What this completes, which an event before it on the same core had begun.
        completes: Completes,
    },
    /// A block ended.
    Free {
        /// The block.
        ended: KnownBlock,
    },
    /// A block ended, and another one began that holds the same data.
    Reallocation {
        /// The block as it was; or why nothing is known of it.
        ended: Result<KnownBlock, UnknownFree>,
        /// The block as it is.
        began: KnownBlock,
        /// A block that was believed to live: it ended unseen, for its memory was used again, by this block or by
        /// one before it.
        lost: Option<KnownBlock>,
    },
    /// No block is known at the address that was freed.
    UnknownFree(UnknownFree),
    /// An allocation found no memory.
    Failed {
        /// Who asked for it.
        site: SiteId,
        /// How many bytes.
        size: u64,
        /// The block that was to be reallocated: the free before this was none, it lives on.
        revived: Option<KnownBlock>,
        /// Whether that is a block from before the trace, of which nothing is known: the free before this was none either.
        spares_older: bool,
    },
    /// `free(NULL)`, which does nothing.
    FreeOfNull,
    /// `malloc(0)` that returned NULL, as it may: no block began, and none was wanted.
    EmptyAllocation,
    /// A heap was named; no block began or ended.
    HeapDefined,
    /// The target restarted. All blocks that live are outstanding in the session that is over, and the heap is
    /// empty.
    Restart,
}

/// What an allocation completes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Completes {
    /// Nothing: it is whole by itself.
    #[default]
    Nothing,
    /// A reallocation, of which the free before it was the first half.
    Reallocation,
    /// An allocation of the same size that had failed: another region had room.
    Retry,
    /// Both: the free and the failure before it belong to it.
    RetriedReallocation,
}

/// Why no block is known at an address that is freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownFree {
    /// It was allocated before the trace began.
    Older,
    /// It was allocated before the recording paused: it was outstanding when its session ended, and so it stays.
    Paused {
        /// How many bytes.
        size: u64,
    },
    /// Its allocation was lost in a gap.
    AllocationLost,
    /// It had been freed already.
    Double,
    /// The address lies inside a block.
    Wrong,
}

impl UnknownFree {
    /// How large the block was, as far as that is known: 0 if not.
    #[inline]
    pub const fn known_size(self) -> u64 {
        match self {
            Self::Paused { size } => size,
            _ => 0,
        }
    }
}

impl Effect {
    /// The block that begins.
    #[inline]
    pub const fn began(&self) -> Option<&KnownBlock> {
        match self {
            Self::Allocation { began, .. } | Self::Reallocation { began, .. } => Some(began),
            _ => None,
        }
    }

    /// The block that the program ends by this event.
    #[inline]
    pub const fn ended(&self) -> Option<&KnownBlock> {
        match self {
            Self::Free { ended }
            | Self::Reallocation {
                ended: Ok(ended), ..
            } => Some(ended),
            _ => None,
        }
    }

    /// The block that must have ended unseen before this event.
    #[inline]
    pub const fn lost(&self) -> Option<&KnownBlock> {
        match self {
            Self::Allocation { lost, .. } | Self::Reallocation { lost, .. } => lost.as_ref(),
            _ => None,
        }
    }

    /// The block that had seemed to end, and lives on.
    #[inline]
    pub const fn revived(&self) -> Option<&KnownBlock> {
        match self {
            Self::Failed { revived, .. } => revived.as_ref(),
            _ => None,
        }
    }

    /// Why a block that is freed is not known.
    #[inline]
    pub const fn unknown_free(&self) -> Option<UnknownFree> {
        match self {
            Self::UnknownFree(why)
            | Self::Reallocation {
                ended: Err(why), ..
            } => Some(*why),
            _ => None,
        }
    }

    /// The call site that an event belongs to: who allocates or, of a free, who had allocated the block.
    #[inline]
    pub const fn site(&self) -> Option<SiteId> {
        match self {
            Self::Allocation { began, .. } | Self::Reallocation { began, .. } => Some(began.site),
            Self::Free { ended } => Some(ended.site),
            Self::Failed { site, .. } => Some(*site),
            _ => None,
        }
    }

    /// By how much the bytes that live change; for [`Effect::Restart`], which ends them all, 0.
    #[inline]
    pub const fn live_bytes(&self) -> i64 {
        const fn size(block: Option<&KnownBlock>) -> i64 {
            match block {
                Some(known) => known.block.size as i64,
                None => 0,
            }
        }
        size(self.began()) + size(self.revived()) - size(self.ended()) - size(self.lost())
    }

    /// The name that programs read. Of a reallocation in two events, the first is the free that it is.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Allocation {
                completes: Completes::Nothing | Completes::Retry,
                ..
            } => "allocation",
            Self::Allocation { .. } | Self::Reallocation { .. } => "reallocation",
            Self::Free { .. } => "free",
            Self::UnknownFree(UnknownFree::Older | UnknownFree::Paused { .. }) => {
                "free-of-older-block"
            }
            Self::UnknownFree(UnknownFree::AllocationLost) => "free-of-lost-block",
            Self::UnknownFree(UnknownFree::Double) => "double-free",
            Self::UnknownFree(UnknownFree::Wrong) => "wrong-free",
            Self::Failed { .. } => "failed-allocation",
            Self::FreeOfNull => "free-of-null",
            Self::EmptyAllocation => "empty-allocation",
            Self::HeapDefined => "heap-defined",
            Self::Restart => "restart",
        }
    }
}
