//! What became of a call site.

use std::cmp::Ordering;

use serde::Serialize;

use super::evidence::State;

/// What became of a call site. The worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It leaks, and did not before.
    NewLeak,
    /// It grows faster, or more is outstanding.
    Worse,
    /// Chance may be all that is different, or it was watched too short or with too much loss.
    CannotTell,
    /// It allocates, did not before, and does not leak.
    New,
    /// It grows more slowly, or less is outstanding.
    Better,
    /// It leaked, and does not any more.
    Fixed,
    /// It does not allocate any more, and did not leak before.
    Gone,
    /// No difference was found.
    Same,
}

impl Status {
    /// All of them, the worst first.
    pub const ALL: [Self; 8] = [
        Self::NewLeak,
        Self::Worse,
        Self::CannotTell,
        Self::New,
        Self::Better,
        Self::Fixed,
        Self::Gone,
        Self::Same,
    ];

    /// As text: `new leak`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewLeak => "new leak",
            Self::Worse => "worse",
            Self::CannotTell => "cannot tell",
            Self::New => "new",
            Self::Better => "better",
            Self::Fixed => "fixed",
            Self::Gone => "gone",
            Self::Same => "same",
        }
    }

    /// What it is if both sides change places.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::NewLeak => Self::Fixed,
            Self::Fixed => Self::NewLeak,
            Self::Worse => Self::Better,
            Self::Better => Self::Worse,
            Self::New => Self::Gone,
            Self::Gone => Self::New,
            Self::CannotTell | Self::Same => self,
        }
    }

    /// By growth. `change` is more or less if that is proved, equal if not, and `None` if it could not be tested. A leak
    /// begins or ends only where what was left changed the same way; what is unclassified may have been one already.
    pub(super) fn of_growth(before: State, after: State, change: Option<Ordering>) -> Self {
        use Ordering::{Equal, Greater, Less};
        use State::{Absent, Leak, Uncertain, Unclassified};
        match (before, after, change) {
            (Uncertain, _, _) | (_, Uncertain, _) => Self::CannotTell,
            (Leak, Leak | Unclassified, Some(Greater)) | (Unclassified, Leak, Some(Greater)) => {
                Self::Worse
            }
            (Leak, Leak | Unclassified, Some(Less)) | (Unclassified, Leak, Some(Less)) => {
                Self::Better
            }
            (Leak, Leak, Some(Equal)) => Self::Same,
            (_, Leak, Some(Greater)) => Self::NewLeak,
            (Leak, _, Some(Less)) => Self::Fixed,
            (_, Leak, _) | (Leak, _, _) => Self::CannotTell,
            (Absent, _, _) => Self::New,
            (_, Absent, _) => Self::Gone,
            _ => Self::Same,
        }
    }

    /// By the bytes that were outstanding in each recording: at least and at most so many.
    pub(super) fn of_outstanding(before: &[(u64, u64)], after: &[(u64, u64)]) -> Self {
        let range = |side: &[(u64, u64)]| {
            let least = side.iter().map(|bytes| bytes.0).min().unwrap_or(0);
            (least, side.iter().map(|bytes| bytes.1).max().unwrap_or(0))
        };
        let ((least_before, most_before), (least_after, most_after)) =
            (range(before), range(after));
        if most_before == 0 && least_after > 0 {
            Self::New
        } else if least_before > 0 && most_after == 0 {
            Self::Gone
        } else if most_before < least_after {
            Self::Worse
        } else if least_before > most_after {
            Self::Better
        } else if (least_before, most_before) == (least_after, most_after)
            && before.iter().chain(after).all(is_sure)
        {
            Self::Same
        } else {
            Self::CannotTell
        }
    }

    /// By the bytes that were outstanding at successive moments, at least and at most so many: more is worse only if it is more
    /// each time.
    pub(super) fn of_moments(bytes: &[(u64, u64)]) -> Self {
        type Bytes = (u64, u64);
        let each =
            |holds: fn(Bytes, Bytes) -> bool| bytes.windows(2).all(|pair| holds(pair[0], pair[1]));
        let is_none = |bytes: Option<&Bytes>| bytes == Some(&(0, 0));
        if each(|before, after| before == after) && bytes.iter().all(is_sure) {
            Self::Same
        } else if each(|before, after| before.1 < after.0) {
            if is_none(bytes.first()) {
                Self::New
            } else {
                Self::Worse
            }
        } else if each(|before, after| before.0 > after.1) {
            if is_none(bytes.last()) {
                Self::Gone
            } else {
                Self::Better
            }
        } else {
            Self::CannotTell
        }
    }
}

/// Whether all blocks that may be outstanding are.
fn is_sure(&(least, most): &(u64, u64)) -> bool {
    least == most
}
