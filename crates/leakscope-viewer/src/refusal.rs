//! Why there is no answer.

use std::io;

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
    /// The inputs cannot be read.
    #[error("the trace cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The answer could not be written.
    #[error("the answer cannot be written: {0}")]
    Write(#[from] serde_json::Error),
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Read(error) => error,
            other => Self::other(other),
        }
    }
}
