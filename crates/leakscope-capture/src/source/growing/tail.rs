//! One file that is read to its end, and on when it has grown.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::place::{Identity, identity_of};
use crate::remembered::{Remembered, Standing};

/// What one read may bring.
const CHUNK: u64 = 64 * 1024;

#[derive(Debug)]
pub(super) struct Tail {
    file: File,
    /// Which one it is, whatever its path comes to lead to.
    identity: Identity,
    /// A pipe: it has an end, and nothing of it can be read again.
    pub(super) is_pipe: bool,
    known: Remembered,
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
    /// The file at this path, from its beginning on; `None` if there is none, or if it is this one.
    pub(super) fn open(path: &Path, known: Option<&Self>) -> io::Result<Option<Self>> {
        let file = match open_at_once(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let identity = identity_of(&file, path)?;
        if known.is_some_and(|known| known.identity == identity) {
            return Ok(None);
        }
        Ok(Some(Self {
            file,
            identity,
            is_pipe: !metadata.is_file(),
            known: Remembered::default(),
        }))
    }

    /// Whether something stands behind what was read.
    pub(super) fn has_more(&self) -> io::Result<bool> {
        Ok(self.file.metadata()?.len() > self.known.end())
    }

    /// Reads on.
    pub(super) fn read(&mut self, bytes: &mut Vec<u8>) -> io::Result<Look> {
        let end = self.known.end();
        if self.is_pipe {
            match (&self.file).take(CHUNK).read_to_end(bytes) {
                // It is empty now.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Somebody had it open, and has gone.
                Ok(0) if end > 0 => return Ok(Look::Ended),
                result => drop(result?),
            }
        } else {
            let mut file = &self.file;
            file.seek(SeekFrom::Start(end))?;
            file.take(CHUNK).read_to_end(bytes)?;
            // Afterwards: it may be written anew at this moment.
            let standing = self.known.ends_in(|offset, room| {
                file.seek(SeekFrom::Start(offset))?;
                file.read(room)
            })?;
            if standing != Standing::Whole {
                bytes.clear();
                self.known = Remembered::default();
                return Ok(Look::CutOff);
            }
        }
        self.known.learn(end, bytes);
        Ok(if bytes.is_empty() {
            Look::Nothing
        } else {
            Look::Bytes
        })
    }
}

/// Opens a file without waiting: a pipe may have nobody at its other end yet.
fn open_at_once(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    options.read(true).open(path)
}
