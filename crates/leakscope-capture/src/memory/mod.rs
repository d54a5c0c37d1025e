//! A target's memory, through any access to it: a GDB server, a debug probe, an emulator's file.

mod file;
mod registers;
mod snapshot;
mod users;
mod word_layout;

pub use file::{MemoryFile, MemoryFilePlace, PlaceError};
pub use registers::Registers;
pub use snapshot::{Snapshot, SnapshotRequest};
pub use word_layout::WordLayout;

/// The memory of a target, which may be running meanwhile.
///
/// A read gives what was there during the call, not necessarily all of one moment; but each 32-bit word at
/// an address that is a multiple of four is read and written whole.
pub trait Memory {
    /// Fills `bytes` with what lies at `address` and after it.
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), MemoryError>;

    /// Replaces what lies at `address` and after it by `bytes`.
    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryError>;
}

impl<M: Memory + ?Sized> Memory for &mut M {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), MemoryError> {
        (**self).read(address, bytes)
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryError> {
        (**self).write(address, bytes)
    }
}

/// Why memory was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// This piece cannot be had; another one may.
    #[error("there are no {length} bytes of memory at {address:#x}: {reason}")]
    Unmapped {
        /// Where it begins.
        address: u64,
        /// How many bytes it has.
        length: usize,
        /// What the other side says.
        reason: String,
    },
    /// The target would have to be stopped for it.
    #[error("the memory cannot be looked at while the target runs")]
    Running,
    /// Nothing can be had any more.
    #[error(transparent)]
    Lost(Box<dyn std::error::Error + Send + Sync>),
}
