//! Why there is no answer.

use std::io;

use crate::gone::Gone;
use crate::query::QueryError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The question makes no sense.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// What was asked about does not exist.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It stands in what was read only, and that is no longer there.
    #[error("This cannot be shown, as the recording has to be read again for it. {0}")]
    Gone(Gone),
    /// The inputs cannot be read.
    #[error("the trace cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The answer could not be written.
    #[error("the answer cannot be written: {0}")]
    Write(#[from] serde_json::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        error.downcast().map_or_else(Self::Read, Self::Gone)
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Read(error) => error,
            Refusal::Gone(gone) => gone.into(),
            other => Self::other(other),
        }
    }
}
