//! What each free ended: what the event itself does not say, kept in a few bytes each, so that a part of the
//! trace can be read again without all that came before it.
//!
//! The first entries stay in memory. Of a very long trace, those behind them go to a file that has no name.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use leakscope_analysis::trace::HeapEvent;

/// What was freed by an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing that is known: it was allocated before the trace began, or in a gap.
    Unknown,
    /// What had been freed already.
    DoubleFree,
    /// An address inside a block.
    WrongFree,
    /// This block.
    Block { size: u64, site: u32, born: u64 },
}

/// The address that an event frees.
pub(crate) fn freed_address(event: HeapEvent) -> Option<u64> {
    match event {
        HeapEvent::Free { address, .. } => Some(address),
        HeapEvent::Reallocation { old_address, .. } => Some(old_address),
        _ => None,
    }
}

impl Fate {
    #[inline]
    pub(crate) fn size(self) -> u64 {
        match self {
            Self::Block { size, .. } => size,
            _ => 0,
        }
    }
}

/// The fates of all that was freed, in order of the events.
///
/// An entry is a tag, then the size of the block, the number of its call site and how long it lived, least
/// significant byte first, each of 1, 2, 4 or 8 bytes as the tag says. No entry lies in two blocks of memory.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Of [`BLOCK`] bytes each.
    blocks: Vec<Box<[u8]>>,
    /// The block that is being filled, and up to where.
    open: Box<[u8]>,
    used: usize,
    /// So many blocks stay in memory.
    kept: usize,
    /// Those behind them.
    file: Option<File>,
    in_file: u64,
    /// Why no more of them can be kept.
    error: Option<io::Error>,
}

/// The length of a block, in bytes.
const BLOCK: usize = 1 << 16;

/// No entry is longer than this. What is written and read at once is as long as a number.
const ENTRY: usize = 1 + 3 * 8;

/// So many bytes stay in memory: what some 60 million events need.
const KEPT: usize = 96 << 20;

/// The last two bits of the tag.
const BLOCK_TAG: u8 = 0;
const UNKNOWN: u8 = 1;
const DOUBLE_FREE: u8 = 2;
const WRONG_FREE: u8 = 3;

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

    pub(crate) fn push(&mut self, fate: Fate, time: u64) {
        match fate {
            Fate::Block { size, site, born } => {
                self.push_block(size, site as usize, time.saturating_sub(born));
            }
            Fate::Unknown => self.tag(UNKNOWN),
            Fate::DoubleFree => self.tag(DOUBLE_FREE),
            Fate::WrongFree => self.tag(WRONG_FREE),
        }
    }

    /// As [`Ledger::push`], of a block that lived for so many ticks.
    #[inline]
    pub(crate) fn push_block(&mut self, size: u64, site: usize, life: u64) {
        if self.used > BLOCK - ENTRY {
            self.close_block();
        }
        let Some(room) = self.open[self.used..].first_chunk_mut::<ENTRY>() else {
            return;
        };
        let mut length = 1;
        let sizes = put(room, &mut length, size);
        let sites = put(room, &mut length, site as u64);
        let lives = put(room, &mut length, life);
        room[0] = BLOCK_TAG | sizes << 2 | sites << 4 | lives << 6;
        self.used += length;
    }

    fn tag(&mut self, tag: u8) {
        if self.used > BLOCK - ENTRY {
            self.close_block();
        }
        self.open[self.used] = tag;
        self.used += 1;
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

    /// A place to read from.
    pub(crate) fn at(at: u64) -> Cursor {
        Cursor { at, fetched: None }
    }

    /// The entry at a place, of an event at `time`; the place moves on. It must have been written.
    #[inline]
    pub(crate) fn read(&self, cursor: &mut Cursor, time: u64) -> io::Result<Fate> {
        if cursor.at as usize % BLOCK > BLOCK - ENTRY {
            cursor.at = cursor.at.next_multiple_of(BLOCK as u64);
        }
        let (number, place) = (cursor.at / BLOCK as u64, cursor.at as usize % BLOCK);
        let (fate, length) = match self.blocks.get(number as usize) {
            Some(block) => entry(&block[place..], time),
            None if number < self.blocks.len() as u64 + self.in_file => {
                let block = self.fetch(number - self.blocks.len() as u64, cursor)?;
                entry(&block[place..], time)
            }
            None => entry(&self.open[place..], time),
        };
        cursor.at += length as u64;
        Ok(fate)
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

/// Writes a number; returns what the tag says of its length: the power of two.
#[inline(always)]
fn put(room: &mut [u8; ENTRY], at: &mut usize, number: u64) -> u8 {
    let length = u8::from(number > 0xFF) + u8::from(number > 0xFFFF) + u8::from(number >> 32 > 0);
    if let Some(place) = room.get_mut(*at..*at + 8) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    *at += 1 << length;
    length
}

/// Where in a ledger somebody reads.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    at: u64,
    /// The last block of the file that was read, and its number.
    fetched: Option<(u64, Box<[u8]>)>,
}

/// The entry at the begin of some bytes, and its length.
#[inline]
fn entry(bytes: &[u8], time: u64) -> (Fate, usize) {
    let tag = bytes[0];
    let fate = match tag & 3 {
        BLOCK_TAG => {
            let mut at = 1;
            let size = number(bytes, &mut at, tag >> 2);
            let site = number(bytes, &mut at, tag >> 4) as u32;
            let life = number(bytes, &mut at, tag >> 6);
            let born = time.saturating_sub(life);
            return (Fate::Block { size, site, born }, at);
        }
        DOUBLE_FREE => Fate::DoubleFree,
        WRONG_FREE => Fate::WrongFree,
        _ => Fate::Unknown,
    };
    (fate, 1)
}

#[inline]
fn number(bytes: &[u8], at: &mut usize, length: u8) -> u64 {
    let length = 1 << (length & 3);
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[*at..*at + 8]);
    *at += length;
    u64::from_le_bytes(number) & (u64::MAX >> (64 - 8 * length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            blocks in proptest::collection::vec((any::<u64>(), any::<u32>(), any::<u64>()), 0..50),
            // Enough to fill several blocks, of which one stays in memory.
            repeated in 1usize..400,
        ) {
            let mut fates = vec![Fate::Unknown, Fate::DoubleFree, Fate::WrongFree];
            fates.extend(blocks.iter().map(|&(size, site, born)| Fate::Block {
                size: size >> (born % 64),
                site: site >> (size % 32),
                born,
            }));
            let mut ledger = Ledger::keeping(1);
            let mut places = Vec::new();
            for &fate in fates.iter().cycle().take(fates.len() * repeated) {
                places.push(ledger.end());
                ledger.push(fate, u64::MAX);
            }
            prop_assert!(ledger.take_error().is_none());
            let mut from_begin = Ledger::at(0);
            for (number, &fate) in fates.iter().cycle().take(places.len()).enumerate() {
                prop_assert_eq!(ledger.read(&mut from_begin, u64::MAX).unwrap(), fate);
                if number % 97 == 0 {
                    let mut here = Ledger::at(places[number]);
                    prop_assert_eq!(ledger.read(&mut here, u64::MAX).unwrap(), fate);
                }
            }
        }
    }
}
