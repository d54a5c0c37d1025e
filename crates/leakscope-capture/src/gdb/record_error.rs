//! Why a recording through a GDB server fails.

use std::io;

use super::error::GdbError;
use crate::memory::MemoryError;
use crate::openocd::OpenOcdError;
use crate::rtt::ReadError;
use crate::source::SourceError;

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
