//! Bytes that lie in several files, one behind the other, and are read as one.

use std::fs::File;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

/// Files that are read as one. More may be added while it is read; clones are the same chain.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain(Arc<RwLock<Vec<Piece>>>);

#[derive(Debug)]
struct Piece {
    file: File,
    /// The first byte of the file that counts.
    start: u64,
    /// Where that stands in the chain.
    offset: u64,
}

impl Chain {
    /// Adds what stands in `file` from `start` on. The file before it grows no longer.
    pub(crate) fn add(&self, file: File, start: u64) -> io::Result<()> {
        let mut pieces = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let offset = end(&pieces)?;
        pieces.push(Piece {
            file,
            start,
            offset,
        });
        Ok(())
    }

    /// Adds what stands in the first file of `next`, from `start` on: nothing, if it is shorter.
    pub(crate) fn join(&self, next: &Self, start: u64) -> io::Result<()> {
        let pieces = next.0.read().unwrap_or_else(PoisonError::into_inner);
        match pieces.first() {
            Some(Piece { file, .. }) => {
                let start = start.min(file.metadata()?.len());
                self.add(file.try_clone()?, start)
            }
            None => Ok(()),
        }
    }

    /// Reads at an offset; returns how many bytes there were, 0 at the end.
    pub(crate) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let pieces = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let behind = pieces.partition_point(|piece| piece.offset <= offset);
        let Some(piece) = pieces[..behind].last() else {
            return Ok(0);
        };
        let position = offset - piece.offset + piece.start;
        loop {
            match read_at(&piece.file, buffer, position) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// How many bytes there are.
    pub(crate) fn length(&self) -> io::Result<u64> {
        end(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn end(pieces: &[Piece]) -> io::Result<u64> {
    let Some(last) = pieces.last() else {
        return Ok(0);
    };
    let length = last.file.metadata()?.len().saturating_sub(last.start);
    Ok(last.offset + length)
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, position)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, position)
}
