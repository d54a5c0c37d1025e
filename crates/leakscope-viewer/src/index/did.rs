//! What an event did, once it is known whether its reallocation failed.

use leakscope_analysis::heap::{Effect, KnownBlock};

/// What an event did, as the page tells of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Did {
    /// To the heap, if it did something. A reallocation that failed began with a free that was none, and nothing is revived.
    pub(crate) effect: Option<Effect>,
    /// The block that such a reallocation left as it was, in both of its events.
    pub(crate) kept: Option<KnownBlock>,
}

impl Did {
    pub(super) fn new(effect: Option<Effect>) -> Self {
        Self { effect, kept: None }
    }

    /// The same of an event of a reallocation that failed.
    pub(super) fn in_vain(effect: Effect) -> Self {
        match effect {
            Effect::Failed {
                site,
                size,
                revived,
                ..
            } => Self {
                effect: Some(Effect::Failed {
                    site,
                    size,
                    revived: None,
                    spares_older: false,
                }),
                kept: revived,
            },
            effect => Self {
                effect: None,
                kept: effect.ended().copied(),
            },
        }
    }
}
