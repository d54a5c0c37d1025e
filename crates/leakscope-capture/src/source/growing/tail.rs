//! One file that is read to its end, and on when it has grown.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::place::{Identity, identity_of};
use crate::recording::lock;
use crate::remembered::{Remembered, Standing};

/// What one read may bring.
const CHUNK: u64 = 64 * 1024;
/// The zeros of a sync.
const SYNC: u64 = leakscope_systemview::sync::SYNC.len() as u64;
/// How much of the end of one that waits is looked at, in bytes.
const SEEN: u64 = 4096;

#[derive(Debug)]
pub(super) struct Tail {
    file: File,
    /// Which one it is, whatever its path comes to lead to.
    identity: Identity,
    /// A pipe: it has an end, and nothing of it can be read again.
    pub(super) is_pipe: bool,
    /// What was seen of it, read or not.
    known: Remembered,
    /// How far it was read.
    position: u64,
    /// How far it was seen before it was cut off: its writer may go on there, and zeros before it were never written.
    hole: u64,
    /// Where it ended when recording was told to end: what is written later is not read.
    end: Option<u64>,
    /// Bytes may be missing between what is read before it and what it holds.
    pub(super) is_gap_before: bool,
}

/// What a look at its end has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Bytes,
    Nothing,
    /// What was read no longer stands there; it is read from its beginning again.
    CutOff,
    /// Of a pipe: whoever wrote into it has gone.
    Ended,
}

impl Tail {
    /// The file at this path, from its beginning on; `None` if there is none.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = match open_at_once(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(Some(Self {
            identity: identity_of(&file, path)?,
            file,
            is_pipe: !metadata.is_file(),
            known: Remembered::default(),
            position: 0,
            hole: 0,
            end: None,
            is_gap_before: false,
        }))
    }

    /// Whether it is the same file.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.identity == other.identity
    }

    /// Whether it is what is recorded into.
    pub(super) fn is_recording(&self) -> bool {
        lock::is_taken_here(&self.file)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Whether something stands behind what was read.
    pub(super) fn has_more(&self) -> io::Result<bool> {
        Ok(self.length()? > self.position)
    }

    /// What was not read of it yet, in bytes.
    pub(super) fn unread(&self) -> u64 {
        self.until().unwrap_or(0).saturating_sub(self.position)
    }

    /// Where reading ends, for now.
    fn until(&self) -> io::Result<u64> {
        Ok(self.length()?.min(self.end.unwrap_or(u64::MAX)))
    }

    /// Nothing that is written from now on is read.
    pub(super) fn end_here(&mut self) -> io::Result<()> {
        if !self.is_pipe {
            self.end = Some(self.length()?);
        }
        Ok(())
    }

    /// Whether it has no name any more, as far as the system says it.
    pub(super) fn is_deleted(&self) -> bool {
        #[cfg(unix)]
        let is_deleted = (self.file.metadata())
            .is_ok_and(|metadata| std::os::unix::fs::MetadataExt::nlink(&metadata) == 0);
        #[cfg(not(unix))]
        let is_deleted = false;
        is_deleted
    }

    /// Looks at it while it waits for its turn. If it was cut off, what stood in it is gone.
    pub(super) fn wait(&mut self) -> io::Result<()> {
        if self.is_pipe {
            return Ok(());
        }
        let end = self.known.end();
        let begin = end.max(self.length()?.saturating_sub(SEEN));
        let mut bytes = Vec::new();
        self.read_at(begin, SEEN, &mut bytes)?;
        if self.is_cut_off()? {
            self.is_gap_before = true;
        } else if !bytes.is_empty() {
            self.known.learn(begin, &bytes);
        }
        Ok(())
    }

    /// Reads on.
    pub(super) fn read(&mut self, bytes: &mut Vec<u8>) -> io::Result<Look> {
        if self.is_pipe {
            match (&self.file).take(CHUNK).read_to_end(bytes) {
                // It is empty now.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Somebody had it open, and has gone.
                Ok(0) if self.position > 0 => return Ok(Look::Ended),
                result => drop(result?),
            }
        } else {
            if !self.pass_hole()? {
                return Ok(Look::Nothing);
            }
            let most = self.until()?.saturating_sub(self.position);
            self.read_at(self.position, most.min(CHUNK), bytes)?;
            if self.is_cut_off()? {
                bytes.clear();
                return Ok(Look::CutOff);
            }
            self.known.learn(self.position, bytes);
        }
        self.position += bytes.len() as u64;
        Ok(if bytes.is_empty() {
            Look::Nothing
        } else {
            Look::Bytes
        })
    }

    /// Passes over the hole at the front of one that was cut off under a writer that does not append; whether that is
    /// known by now.
    fn pass_hole(&mut self) -> io::Result<bool> {
        if self.hole == 0 {
            return Ok(true);
        }
        let until = self.until()?;
        let (mut zeros, mut bytes) = (0, Vec::new());
        while zeros < until {
            bytes.clear();
            self.read_at(zeros, CHUNK, &mut bytes)?;
            let written = bytes.iter().position(|byte| *byte != 0);
            zeros += written.unwrap_or(bytes.len()) as u64;
            if written.is_some() || bytes.is_empty() {
                break;
            }
        }
        if zeros < self.hole && zeros >= until && self.end.is_none() {
            return Ok(false);
        }
        if zeros >= self.hole {
            // What was written first may be a sync.
            self.position = self.hole.max(zeros.saturating_sub(SYNC));
        }
        self.hole = 0;
        Ok(true)
    }

    fn read_at(&self, begin: u64, most: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(begin))?;
        file.take(most).read_to_end(bytes).map(drop)
    }

    /// Whether what was seen stands there no longer: it then begins anew. To be asked after a read, for it may be written
    /// anew at that moment.
    fn is_cut_off(&mut self) -> io::Result<bool> {
        let mut file = &self.file;
        let standing = self.known.ends_in(|offset, room| {
            file.seek(SeekFrom::Start(offset))?;
            file.read(room)
        })?;
        let is_cut_off = standing != Standing::Whole;
        if is_cut_off {
            self.hole = self.known.end();
            self.known = Remembered::default();
            self.position = 0;
        }
        Ok(is_cut_off)
    }
}

/// Opens a file without waiting: a pipe may have nobody at its other end yet.
fn open_at_once(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    options.read(true).open(path)
}
