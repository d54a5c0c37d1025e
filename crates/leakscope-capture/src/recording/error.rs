//! Why a recording cannot be saved.

use std::io;
use std::path::PathBuf;

/// The file of a recording cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// There is one already.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It is a device, a pipe or a folder.
    #[error("`{}` is not a plain file", path.display())]
    NotPlain {
        /// The file.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("`{}` cannot be written", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl CreateError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Exists { .. } => Some("--force overwrites it"),
            Self::NotPlain { .. } => {
                Some("a recording is read while it is made, and needs a plain file")
            }
            Self::Unwritable { .. } => None,
        }
    }
}

/// A recording could not be finished. What was recorded is in its files all the same.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The disk has perhaps not taken the last of it.
    #[error("the disk reports an error: the end of the recording may be missing")]
    Sync(#[source] io::Error),
    /// The cores could not be put into one file; they stand as they were recorded.
    #[error(
        "the cores could not be joined into one file; each core's file stays as it was recorded"
    )]
    Join(#[source] io::Error),
}
