//! How far reading a trace has come.

use serde::Serialize;

/// How far reading has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// There is more to read at once.
    Reading,
    /// Everything was read, and more may come.
    Following,
    /// Everything was read.
    Complete,
    /// The inputs can no longer be read.
    Failed(String),
}

impl Reading {
    /// The name that the page knows it by.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Following => "following",
            Self::Complete => "complete",
            Self::Failed(_) => "failed",
        }
    }
}

/// How far reading has come, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// See [`Reading::name`].
    pub state: &'static str,
    /// Events read.
    pub events: u64,
    /// One tick behind the last of them.
    pub end: u64,
    /// Bytes read.
    pub read_bytes: u64,
    /// Bytes there are.
    pub total_bytes: u64,
    /// The core whose part of a joined file has not come yet: what was read is without it.
    pub waits_for: Option<u8>,
    /// Another number whenever answers may have changed.
    pub version: u64,
}
