//! What to say of inputs in which nothing could be read.

use std::fmt;

use crate::file_kind::FileKind;

/// No input holds a packet of SystemView.
#[derive(Debug)]
pub(crate) struct NoEvents {
    name: String,
    found: FileKind,
}

impl std::error::Error for NoEvents {}

impl NoEvents {
    /// An input that holds this.
    pub(crate) fn new(name: String, found: FileKind) -> Self {
        Self { name, found }
    }

    /// Of all inputs; those that hold something are of more interest.
    pub(crate) fn of(all: impl Iterator<Item = Self>) -> Self {
        // Of equals, the first.
        let most = all.min_by_key(|one| u8::from(one.found.is_nothing()));
        most.unwrap_or_else(|| Self::new("no input".to_owned(), FileKind::Empty))
    }

    /// What the user can do about it.
    pub(crate) fn hint(&self) -> &'static str {
        self.found.hint()
    }
}

impl fmt::Display for NoEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.name, self.found)
    }
}
