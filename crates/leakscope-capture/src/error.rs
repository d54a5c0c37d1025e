//! Why an input cannot be read.

use std::io;

/// An input that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such file.
    #[error("there is no file `{name}`")]
    NotFound {
        /// As the user named it.
        name: String,
    },
    /// It is a folder.
    #[error("`{name}` is a folder, not a trace")]
    Folder {
        /// As the user named it.
        name: String,
    },
    /// It is a part of a recording, and one before it was not named.
    #[error(
        "`{name}` cannot be read behind the others: part {number} of this recording is missing"
    )]
    PartMissing {
        /// As the user named it.
        name: String,
        /// Which part, from 1 on.
        number: u32,
    },
    /// It is a part of a recording, and other files are none of it.
    #[error("`{name}` is a part of another recording than the files named with it")]
    PartOfAnother {
        /// As the user named it.
        name: String,
    },
    /// The system refuses.
    #[error("`{name}` cannot be read: {source}")]
    Unreadable {
        /// As the user named it.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// More comes out of a packed file than one would think.
    #[error("`{name}` holds more than {most} bytes, unpacked")]
    TooMuch {
        /// As the user named it.
        name: String,
        /// How many are allowed.
        most: u64,
    },
    /// A temporary file, for what cannot be read twice, cannot be made.
    #[error("`{name}` has to be unpacked to a temporary file, and that fails: {source}")]
    Unpack {
        /// As the user named it.
        name: String,
        /// What the system says.
        source: io::Error,
    },
}

impl OpenError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Folder { .. } => Some("name the .svdat file in it"),
            Self::Unpack { .. } => Some("make room in the folder for temporary files (TMPDIR)"),
            Self::TooMuch { .. } => Some(
                "if that is right, --max-unpacked SIZE allows it; it is unpacked into the folder for temporary files (TMPDIR)",
            ),
            Self::PartMissing { .. } => {
                Some("name all parts, or those up to there; each can also be read alone")
            }
            Self::PartOfAnother { .. } => Some(
                "older parts of that name may lie there: name the first part alone, or remove them",
            ),
            Self::NotFound { .. } | Self::Unreadable { .. } => None,
        }
    }

    pub(crate) fn of(name: &str, source: io::Error) -> Self {
        let name = name.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { name },
            io::ErrorKind::IsADirectory => Self::Folder { name },
            _ => Self::Unreadable { name, source },
        }
    }
}
