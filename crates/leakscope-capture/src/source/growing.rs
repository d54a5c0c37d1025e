//! A file that another program is still writing: read to its end, and on when it has grown.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::{Abilities, Item, Source, SourceError, SourceEvent};
use crate::place::{Identity, identity};

/// What can be asked of a file.
pub const ABILITIES: Abilities = Abilities {
    breakpoints: false,
    reset: false,
};

/// What one read may bring.
const CHUNK: usize = 64 * 1024;
/// How often is looked whether the file has grown.
const LOOK: Duration = Duration::from_millis(50);

/// The file at `path`, from its beginning on. It need not exist yet.
///
/// # Errors
/// If it exists and cannot be read.
pub fn open(path: &Path) -> Result<Box<dyn Source>, SourceError> {
    let mut growing = Growing {
        path: path.to_owned(),
        file: None,
        identity: None,
        is_pipe: false,
        position: 0,
        stopping: false,
        event: None,
    };
    growing.event = Some(if growing.look_for_file()? {
        SourceEvent::Started
    } else {
        SourceEvent::Waiting(format!("for `{}` to be written", path.display()))
    });
    Ok(Box::new(growing))
}

struct Growing {
    path: PathBuf,
    file: Option<File>,
    /// Which one it is, whatever its path comes to lead to.
    identity: Option<Identity>,
    /// A pipe: it has an end, and nothing of it can be read again.
    is_pipe: bool,
    position: u64,
    stopping: bool,
    event: Option<SourceEvent>,
}

impl Growing {
    fn look_for_file(&mut self) -> Result<bool, SourceError> {
        let opened = open_at_once(&self.path).and_then(|file| {
            let metadata = file.metadata()?;
            if metadata.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            Ok((file, !metadata.is_file()))
        });
        match opened {
            Ok((file, is_pipe)) => {
                self.file = Some(file);
                self.identity = identity(&self.path).ok();
                self.is_pipe = is_pipe;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn failed(&self, error: io::Error) -> SourceError {
        SourceError::new(format!("`{}` cannot be read", self.path.display())).caused_by(error)
    }

    /// Reads on; whether there was anything.
    fn read(&mut self, bytes: &mut Vec<u8>) -> io::Result<bool> {
        let Some(file) = &mut self.file else {
            return Ok(false);
        };
        match file.take(CHUNK as u64).read_to_end(bytes) {
            // A pipe that is empty now.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // Somebody had it open, and has gone.
            Ok(0) if self.is_pipe && self.position > 0 => self.stopping = true,
            result => drop(result?),
        }
        self.position += bytes.len() as u64;
        Ok(!bytes.is_empty())
    }

    /// Whether the path leads to another file by now, as after a rotation of logs: that one is read from then on.
    fn was_replaced(&mut self) -> Result<bool, SourceError> {
        let is_other = !self.is_pipe
            && self.file.is_some()
            && identity(&self.path).is_ok_and(|now| self.identity.as_ref() != Some(&now));
        if !is_other || !self.look_for_file()? {
            return Ok(false);
        }
        self.position = 0;
        Ok(true)
    }

    /// Whether the file has become shorter than what was read of it: somebody writes it anew.
    fn was_written_anew(&mut self) -> io::Result<bool> {
        let Some(file) = self.file.as_mut().filter(|_| !self.is_pipe) else {
            return Ok(false);
        };
        if file.metadata()?.len() >= self.position {
            return Ok(false);
        }
        file.rewind()?;
        self.position = 0;
        Ok(true)
    }
}

/// Opens a file without waiting: a pipe may have nobody at its other end yet.
fn open_at_once(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    options.read(true).open(path)
}

impl Source for Growing {
    fn name(&self) -> String {
        format!("the file `{}`", self.path.display())
    }

    fn next(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, SourceError> {
        if let Some(event) = self.event.take() {
            return Ok(Item::Event(event));
        }
        if self.file.is_none() && self.look_for_file()? {
            return Ok(Item::Event(SourceEvent::Started));
        }
        let anew = self.was_written_anew();
        if anew.map_err(|error| self.failed(error))? {
            let text = "the file was cut off: it is read from its beginning again";
            return Ok(Item::Event(SourceEvent::Notice(text.to_owned())));
        }
        let read = self.read(bytes);
        if read.map_err(|error| self.failed(error))? {
            return Ok(Item::Bytes { stream: 0 });
        }
        if self.was_replaced()? {
            let text = "another file has taken its place: it is read on there, from its beginning";
            return Ok(Item::Event(SourceEvent::Notice(text.to_owned())));
        }
        if self.stopping {
            return Ok(Item::Ended);
        }
        thread::sleep(timeout.min(LOOK));
        Ok(Item::Nothing)
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        self.stopping = true;
        Ok(())
    }
}
