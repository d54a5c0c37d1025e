//! Why an input is not read any more.

use std::io;

use leakscope_capture::Standing;

/// What was read is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gone {
    /// The input has become shorter.
    #[error(
        "The recording is shorter than it was: it was cut off, or another is written in its place. What was read before stays \
         here; start again to look at what is there now."
    )]
    Shorter,
    /// Other bytes stand where these stood.
    #[error(
        "The recording has become another one: other bytes stand in its file than were read. What was read before stays here; \
         start again to look at what is there now."
    )]
    Other,
}

impl Gone {
    /// `None` if it is there.
    pub(crate) fn of(standing: Standing) -> Option<Self> {
        match standing {
            Standing::Whole => None,
            Standing::Shorter => Some(Self::Shorter),
            Standing::Other => Some(Self::Other),
        }
    }
}

impl From<Gone> for io::Error {
    fn from(gone: Gone) -> Self {
        Self::other(gone)
    }
}
