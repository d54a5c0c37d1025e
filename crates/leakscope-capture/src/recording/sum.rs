//! Whether all that was written into a file still stands there. It is read again only where the file's time says that somebody
//! else has written into it.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::time::SystemTime;

const CHUNK: usize = 64 * 1024;

/// What was written from one place on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sum {
    from: u64,
    length: u64,
    /// FNV-1a of all bytes.
    hash: u64,
    /// When the file was written last, by us.
    modified: Option<SystemTime>,
    /// Somebody else has written.
    is_doubtful: bool,
}

impl Sum {
    /// The sum of nothing, from there on.
    pub(super) fn from(offset: u64) -> Self {
        Self {
            from: offset,
            length: 0,
            hash: 0xCBF2_9CE4_8422_2325,
            modified: None,
            is_doubtful: false,
        }
    }

    /// How long the file is then.
    pub(super) fn end(&self) -> u64 {
        self.from + self.length
    }

    /// These bytes come next.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        self.hash = bytes.iter().fold(self.hash, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
        });
    }

    /// Nobody else has written, as far as the file is known.
    pub(super) fn trust(&mut self, file: &Metadata) {
        self.modified = file.modified().ok();
    }

    /// Looks whether somebody else has written.
    pub(super) fn look(&mut self, file: &Metadata) {
        let is_known = self.modified.is_some();
        self.is_doubtful |= is_known && file.modified().ok() != self.modified;
    }

    /// Whether all of it stands in this file, as far as there is doubt. It is left anywhere.
    pub(super) fn stands_in(&self, mut file: &File) -> io::Result<bool> {
        if !self.is_doubtful {
            return Ok(true);
        }
        file.seek(SeekFrom::Start(self.from))?;
        let mut rest = file.take(self.length);
        let (mut again, mut room) = (Self::from(self.from), vec![0; CHUNK]);
        loop {
            match rest.read(&mut room)? {
                0 => return Ok((again.length, again.hash) == (self.length, self.hash)),
                count => again.add(&room[..count]),
            }
        }
    }
}
