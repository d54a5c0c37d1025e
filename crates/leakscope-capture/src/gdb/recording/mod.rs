//! Recording through a GDB server, between two breakpoints.
//!
//! - [`RingRecording`] reads the recorder's buffer out of the target's memory (RTT).
//! - [`EspressifRecording`] has Espressif's OpenOCD read it, into a file.
//! - [`course`] is what both have in common: reset, the two breakpoints, and why the target stands still.

mod course;
mod espressif;
mod ring;

pub use espressif::EspressifRecording;
pub use ring::RingRecording;

use std::io;
use std::time::Duration;

use super::error::GdbError;
use crate::memory::MemoryError;
use crate::openocd::OpenOcdError;
use crate::rtt::ReadError;
use crate::source::{SourceError, SourceEvent};

/// From where to where a target is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Reset the target first.
    pub reset: bool,
    /// Begin when the target comes to this instruction; `None`: at once.
    pub start: Option<u64>,
    /// End when the target comes to this instruction; `None`: when the caller says so.
    pub stop: Option<u64>,
}

impl Plan {
    /// What a source says first: what it waits for, or that recording begins at once.
    pub(crate) fn first_event(self, name: &dyn Fn(u64) -> String) -> SourceEvent {
        match self.start {
            Some(address) => {
                SourceEvent::Waiting(format!("until the program reaches {}", name(address)))
            }
            None => SourceEvent::Started,
        }
    }
}

/// How far a recording has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The target has not come to the start yet.
    Waiting,
    /// The target is recorded.
    Recording,
    /// Nothing more will come.
    Finished(Ending),
}

/// Why a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The target came to the instruction where it ends.
    ReachedStop,
    /// The caller wanted it.
    Asked,
    /// The program ended, with this exit code. What it had sent last may be lost.
    ProgramEnded(u8),
    /// The target stands still, again and again, and does not get on: it has crashed.
    Stuck {
        /// Why it stands still: a signal's number.
        signal: u8,
        /// Where, if known.
        address: Option<u64>,
    },
}

/// How long a target stood still because it was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Halted {
    /// In all.
    pub total: Duration,
    /// At most at once.
    pub longest: Duration,
    /// How often.
    pub times: u64,
}

/// Why a recording fails.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The server.
    #[error(transparent)]
    Gdb(#[from] GdbError),
    /// Espressif's OpenOCD cannot trace.
    #[error(transparent)]
    OpenOcd(#[from] OpenOcdError),
    /// The receiver failed.
    #[error(transparent)]
    Receiver(io::Error),
}

impl From<RecordError> for SourceError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Gdb(error) => error.into(),
            RecordError::OpenOcd(error) => error.into(),
            RecordError::Receiver(error) => Self::new(error.to_string()),
        }
    }
}

impl From<ReadError> for RecordError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Memory(error) => Self::Gdb(error.into()),
            ReadError::Receiver(error) => Self::Receiver(error),
        }
    }
}

impl From<MemoryError> for RecordError {
    fn from(error: MemoryError) -> Self {
        Self::Gdb(error.into())
    }
}
