//! What the effects of a trace's events were, in a few bytes each, so that a part of the trace can be read again
//! without all that came before it. [`entry`](super::entry) says what is in those bytes.
//!
//! The first entries stay in memory. Of a very long trace, those behind them go to a file that has no name.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::entry::ENTRY;

/// Entries in order of the events. None lies in two blocks of memory.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Of [`BLOCK`] bytes each.
    blocks: Vec<Box<[u8]>>,
    /// The block that is being filled, and up to where.
    open: Box<[u8]>,
    used: usize,
    /// How many blocks stay in memory.
    kept: usize,
    /// Those behind them.
    file: Option<File>,
    in_file: u64,
    /// Why no more of them can be kept.
    error: Option<io::Error>,
}

/// The length of a block, in bytes.
const BLOCK: usize = 1 << 16;

/// Bytes that stay in memory: what some 8 million blocks that come and go need.
const KEPT: usize = 96 << 20;

impl Default for Ledger {
    fn default() -> Self {
        Self::keeping(KEPT / BLOCK)
    }
}

impl Ledger {
    /// Keeps so many blocks in memory.
    fn keeping(kept: usize) -> Self {
        Self {
            blocks: Vec::new(),
            open: vec![0; BLOCK].into(),
            used: 0,
            kept,
            file: None,
            in_file: 0,
            error: None,
        }
    }

    /// Where the next entry will stand.
    pub(crate) fn end(&self) -> u64 {
        (self.blocks.len() as u64 + self.in_file) * BLOCK as u64 + self.used as u64
    }

    /// Why the ledger could not be kept, if that is so. It is said once.
    pub(crate) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// Adds what `write` writes at the begin of a room; it returns how many bytes that were. Returns where it stands.
    #[inline(always)]
    pub(crate) fn push(&mut self, write: impl FnOnce(&mut [u8; ENTRY]) -> usize) -> u64 {
        if self.used > BLOCK - ENTRY {
            self.close_block();
        }
        let at = self.end();
        if let Some(room) = self.open[self.used..].first_chunk_mut() {
            self.used += write(room);
        }
        at
    }

    #[cold]
    fn close_block(&mut self) {
        self.used = 0;
        if self.blocks.len() < self.kept {
            let full = std::mem::replace(&mut self.open, vec![0; BLOCK].into());
            self.blocks.push(full);
            return;
        }
        if let Err(error) = self.write_block() {
            self.error.get_or_insert(error);
        }
        self.in_file += 1;
    }

    fn write_block(&mut self) -> io::Result<()> {
        let mut file: &File = match &self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::Start(self.in_file * BLOCK as u64))?;
        file.write_all(&self.open)
    }

    /// Sets bits in the first byte of an entry that was written.
    pub(crate) fn amend(&mut self, at: u64, bits: u8) {
        let (number, place) = (at / BLOCK as u64, at as usize % BLOCK);
        let kept = self.blocks.len() as u64;
        if let Some(block) = self.blocks.get_mut(number as usize) {
            block[place] |= bits;
        } else if number == kept + self.in_file {
            self.open[place] |= bits;
        } else if let Err(error) = self.amend_file(at - kept * BLOCK as u64, bits) {
            self.error.get_or_insert(error);
        }
    }

    fn amend_file(&mut self, at: u64, bits: u8) -> io::Result<()> {
        let mut file: &File = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let mut byte = [0];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut byte)?;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(&[byte[0] | bits])
    }

    /// A place to read from.
    pub(crate) fn at(at: u64) -> Cursor {
        Cursor { at, fetched: None }
    }

    /// What `read` makes of the entry at a place, and returns with its length; the place moves on. The entry must
    /// have been written.
    pub(crate) fn read<T>(
        &self,
        cursor: &mut Cursor,
        read: impl FnOnce(&[u8; ENTRY]) -> (T, usize),
    ) -> io::Result<T> {
        if cursor.at as usize % BLOCK > BLOCK - ENTRY {
            cursor.at = cursor.at.next_multiple_of(BLOCK as u64);
        }
        let (number, place) = (cursor.at / BLOCK as u64, cursor.at as usize % BLOCK);
        let kept = self.blocks.len() as u64;
        let block = match self.blocks.get(number as usize) {
            Some(block) => block,
            None if number < kept + self.in_file => self.fetch(number - kept, cursor)?,
            None => &self.open,
        };
        let room = block[place..].first_chunk();
        let (value, length) = read(room.ok_or(io::ErrorKind::UnexpectedEof)?);
        cursor.at += length as u64;
        Ok(value)
    }

    /// A block of the file.
    fn fetch<'c>(&self, number: u64, cursor: &'c mut Cursor) -> io::Result<&'c [u8]> {
        let known = cursor.fetched.take().filter(|known| known.0 == number);
        let block = match known {
            Some((_, block)) => block,
            None => {
                let mut block: Box<[u8]> = vec![0; BLOCK].into();
                let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
                let mut file: &File = file;
                file.seek(SeekFrom::Start(number * BLOCK as u64))?;
                file.read_exact(&mut block)?;
                block
            }
        };
        Ok(&cursor.fetched.insert((number, block)).1)
    }
}

/// Where in a ledger somebody reads.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    at: u64,
    /// The last block of the file that was read, and its number.
    fetched: Option<(u64, Box<[u8]>)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(lengths in proptest::collection::vec(1..=ENTRY, 1..50), repeated in 1usize..400) {
            // Enough to fill several blocks, of which one stays in memory.
            let lengths: Vec<usize> = lengths.iter().copied().cycle().take(lengths.len() * repeated).collect();
            let mut ledger = Ledger::keeping(1);
            let mut places = Vec::new();
            for (number, &length) in lengths.iter().enumerate() {
                places.push(ledger.push(|room| {
                    room[..length].fill(number as u8);
                    length
                }));
            }
            for &place in places.iter().step_by(7) {
                ledger.amend(place, 1);
            }
            prop_assert!(ledger.take_error().is_none());
            let read = |cursor: &mut Cursor, length: usize| {
                ledger.read(cursor, |room| (room[..length].to_vec(), length)).unwrap()
            };
            let mut from_begin = Ledger::at(0);
            for (number, &length) in lengths.iter().enumerate() {
                let mut expected = vec![number as u8; length];
                expected[0] |= u8::from(number % 7 == 0);
                prop_assert_eq!(&read(&mut from_begin, length), &expected);
                if number % 97 == 0 {
                    prop_assert_eq!(&read(&mut Ledger::at(places[number]), length), &expected);
                }
            }
        }
    }
}
