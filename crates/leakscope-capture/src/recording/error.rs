//! Why a recording cannot be saved.

use std::io;
use std::path::PathBuf;

use crate::place::Gone;

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
    /// Another session cannot be added to it.
    #[error("nothing can be added to `{}`: {why}", path.display())]
    NotContinued {
        /// The file.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// Several cores become one file at the end.
    #[error("`{}` cannot be made in parts: the device sends several cores, which become one file", path.display())]
    NotInParts {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else records into it.
    #[error("{} records into `{}` already", holder(*by), path.display())]
    Taken {
        /// The file.
        path: PathBuf,
        /// The number of the process, if the system says it.
        by: Option<u32>,
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
            Self::Taken { .. } => Some("name another file with --output"),
            Self::NotContinued { .. } => {
                Some("--append is for recordings of one core, as they were recorded")
            }
            Self::NotInParts { .. } => {
                Some("--max-size or --duration end it in time, without --rotate")
            }
            Self::Unwritable { .. } => None,
        }
    }
}

fn holder(by: Option<u32>) -> String {
    by.map_or_else(
        || "another process".to_owned(),
        |by| format!("process {by}"),
    )
}

fn fate(gone: Gone) -> &'static str {
    match gone {
        Gone::Away => "was deleted while it was recorded, or it or its folder has another name now",
        Gone::Replaced => "was replaced by another file while it was recorded",
    }
}

/// A recording could not be finished. What was recorded is in its files all the same.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The disk has perhaps not taken the last of it.
    #[error("the disk reports an error: the end of the recording may be missing")]
    Sync(#[source] io::Error),
    /// It lies no longer where it was made. Who has it open can read it still.
    #[error("`{}` {}", path.display(), fate(*gone))]
    Gone {
        /// Where it was.
        path: PathBuf,
        /// Where it is.
        gone: Gone,
    },
    /// It was cut off, or something else was written into it.
    #[error(
        "another program has cut off `{}`, or has written into it, while it was recorded: it is not what the device sent",
        path.display()
    )]
    Changed {
        /// The file, or the first of the parts of which that is so.
        path: PathBuf,
    },
    /// The cores could not be put into one file; they stand as they were recorded.
    #[error(
        "the cores could not be joined into one file; each core's file stays as it was recorded"
    )]
    Join(#[source] io::Error),
}
