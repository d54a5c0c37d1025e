//! A target's memory as a file: an emulator's RAM, which it shares (QEMU's `memory-backend-file` with
//! `share=on`). The target is never stopped.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{Memory, MemoryError, users};
use crate::interrupt::Interrupt;

/// A file that is the memory from an address on.
#[derive(Debug)]
pub struct MemoryFile {
    file: File,
    base: u64,
    is_image: bool,
    interrupt: Interrupt,
}

impl MemoryFile {
    /// Opens the file whose first byte is the memory's at `base`.
    ///
    /// A file that no running program has open is an image that was saved. It is left as it is: what is read and
    /// written is a copy of it, in the folder for temporary files.
    pub fn open(path: &Path, base: u64) -> io::Result<Self> {
        Self::open_until(path, base, &Interrupt::default())
    }

    /// The same. Soon after the interrupt, nothing more is copied or read.
    pub fn open_until(path: &Path, base: u64, interrupt: &Interrupt) -> io::Result<Self> {
        /// Bytes that are copied before the interrupt is asked again.
        const PART: u64 = 16 << 20;
        let mut image = File::open(path)?;
        let is_image = users::has_others(&image) == Some(false);
        let file = if is_image {
            let mut copy = tempfile::tempfile()?;
            while io::copy(&mut (&mut image).take(PART), &mut copy)? > 0 {
                if interrupt.is_set() {
                    return Err(io::ErrorKind::Interrupted.into());
                }
            }
            copy
        } else {
            OpenOptions::new().read(true).write(true).open(path)?
        };
        Ok(Self {
            file,
            base,
            is_image,
            interrupt: interrupt.clone(),
        })
    }

    /// Whether it is an image that was saved, and never changes.
    pub fn is_image(&self) -> bool {
        self.is_image
    }

    /// The addresses that the file holds now.
    pub fn range(&self) -> io::Result<std::ops::Range<u64>> {
        let length = self.file.metadata()?.len();
        Ok(self.base..self.base.saturating_add(length))
    }

    fn offset(&self, address: u64, length: usize) -> Result<u64, MemoryError> {
        let offset = address.checked_sub(self.base);
        offset.ok_or_else(|| MemoryError::Unmapped {
            address,
            length,
            reason: format!("the file begins with {:#x}", self.base),
        })
    }
}

/// A read of up to this length may be of a control block, which the target changes; a longer one is of bytes that the
/// target has handed over.
const SHORT: usize = 2048;

impl Memory for MemoryFile {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), MemoryError> {
        /// No target changes a word this many times in a row in so short a time.
        const ATTEMPTS: usize = 64;
        if self.interrupt.is_past_grace() {
            let error = io::Error::from(io::ErrorKind::Interrupted);
            return Err(MemoryError::Lost(Box::new(error)));
        }
        let length = bytes.len();
        let offset = self.offset(address, length)?;
        let failed = |error| unmapped(address, length, error);
        read_exact_at(&self.file, bytes, offset).map_err(failed)?;
        if length > SHORT {
            return Ok(());
        }
        // The system may copy byte by byte, and so take half of a word from before a change, and half from
        // after it. What is read twice the same is believed.
        let mut again = vec![0; length];
        for _ in 0..ATTEMPTS {
            read_exact_at(&self.file, &mut again, offset).map_err(failed)?;
            if again == bytes {
                break;
            }
            bytes.copy_from_slice(&again);
        }
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryError> {
        let offset = self.offset(address, bytes.len())?;
        let failed = |error| unmapped(address, bytes.len(), error);
        // A write beyond the end would make the file longer, and reach no target.
        let end = offset.saturating_add(bytes.len() as u64);
        if self.file.metadata().map_err(failed)?.len() < end {
            return Err(failed(io::ErrorKind::UnexpectedEof.into()));
        }
        write_all_at(&self.file, bytes, offset).map_err(failed)
    }
}

fn unmapped(address: u64, length: usize, error: io::Error) -> MemoryError {
    // No system has files that reach to the last addresses: it calls them invalid.
    let is_behind = [io::ErrorKind::UnexpectedEof, io::ErrorKind::InvalidInput];
    if !is_behind.contains(&error.kind()) {
        return MemoryError::Lost(Box::new(error));
    }
    MemoryError::Unmapped {
        address,
        length,
        reason: "the file ends before".to_owned(),
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        let rest = &mut bytes[done..];
        match std::os::windows::fs::FileExt::seek_read(file, rest, offset + done as u64)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => done += count,
        }
    }
    Ok(())
}

#[cfg(windows)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        let rest = &bytes[done..];
        done += std::os::windows::fs::FileExt::seek_write(file, rest, offset + done as u64)?;
    }
    Ok(())
}

/// What is typed for a memory file: `FILE@BASE`, the base a number (`0x20000000`, or decimal).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryFilePlace {
    /// The file.
    pub path: PathBuf,
    /// The address of its first byte.
    pub base: u64,
}

/// Why a text is no [`MemoryFilePlace`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not FILE@BASE, such as ram@0x20000000")]
pub struct PlaceError(String);

impl FromStr for MemoryFilePlace {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let error = || PlaceError(text.to_owned());
        let (path, base) = text.rsplit_once('@').ok_or_else(error)?;
        let number = match base.strip_prefix("0x").or(base.strip_prefix("0X")) {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => base.parse(),
        };
        if path.is_empty() {
            return Err(error());
        }
        Ok(Self {
            path: path.into(),
            base: number.map_err(|_| error())?,
        })
    }
}
