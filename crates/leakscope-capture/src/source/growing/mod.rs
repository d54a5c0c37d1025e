//! A file that another program is still writing: read to its end, and on when it has grown; and the files that take its place.

mod line;
mod names;
mod tail;

use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::{Abilities, Item, Source, SourceError, SourceEvent};
use line::Line;
use tail::Look;

/// What can be asked of a file.
pub const ABILITIES: Abilities = Abilities {
    breakpoints: false,
    reset: false,
};

/// How often is looked whether the file has grown.
const LOOK: Duration = Duration::from_millis(50);

/// The file at `path`, from its beginning on. It need not exist yet.
///
/// # Errors
/// If it exists and cannot be read.
pub fn open(path: &Path) -> Result<Box<dyn Source>, SourceError> {
    let mut growing = Growing {
        path: path.to_owned(),
        line: Line::of(path),
        has_begun: false,
        stopping: false,
        is_other: false,
        event: None,
    };
    let waiting = SourceEvent::Waiting(format!("for `{}` to be written", path.display()));
    growing.event = match growing.begin().map_err(|error| growing.failed(error))? {
        Item::Event(started) => Some(started),
        _ => Some(waiting),
    };
    Ok(Box::new(growing))
}

struct Growing {
    path: PathBuf,
    /// The one that is read, those before it and those behind it.
    line: Line,
    has_begun: bool,
    stopping: bool,
    /// Another file is to be read than at the last look.
    is_other: bool,
    event: Option<SourceEvent>,
}

impl Growing {
    fn failed(&self, error: io::Error) -> SourceError {
        SourceError::new(format!("`{}` cannot be read", self.path.display())).caused_by(error)
    }

    /// Looks whether there is a file.
    fn begin(&mut self) -> io::Result<Item> {
        self.line.look()?;
        let Some(first) = self.line.first() else {
            return Ok(Item::Nothing);
        };
        // A recording may begin anywhere.
        first.is_gap_before = false;
        self.has_begun = true;
        Ok(Item::Event(SourceEvent::Started))
    }

    /// Looks at the end of the file, which may have followers.
    fn look(&mut self, bytes: &mut Vec<u8>) -> io::Result<Item> {
        if !self.has_begun {
            return self.begin();
        }
        if !self.stopping {
            self.is_other = self.line.look()?;
        }
        if std::mem::take(&mut self.is_other) {
            return Ok(self.turned());
        }
        if self.take_gap() {
            return Ok(gap("other files have had its name meanwhile"));
        }
        match self.line.read(bytes)? {
            Look::Bytes => return Ok(Item::Bytes { stream: 0 }),
            Look::CutOff => {
                return Ok(gap(
                    "the file was cut off, or written anew: it is read from its beginning again",
                ));
            }
            Look::Ended => self.stopping = true,
            Look::Nothing => {}
        }
        if self.line.turn(self.stopping)? {
            return Ok(self.turned());
        }
        if self.line.has_late_bytes()? {
            return Ok(gap("a file that was put aside was written further"));
        }
        if self.stopping && self.line.has_missed() {
            return Ok(gap("another file has taken its place, and is gone"));
        }
        Ok(Item::Nothing)
    }

    /// Another file is read from now on.
    fn turned(&mut self) -> Item {
        if self.take_gap() {
            return gap(
                "other files have taken its place, or what stood in them was cut off: the last of them is read on",
            );
        }
        let text = "another file has taken its place: it is read on there";
        Item::Event(SourceEvent::Notice(text.to_owned()))
    }

    fn take_gap(&mut self) -> bool {
        let first = self.line.first();
        first.is_some_and(|first| std::mem::take(&mut first.is_gap_before))
    }
}

fn gap(what: &str) -> Item {
    let text = format!("{what}; something may be missing, and the recording is marked there");
    Item::Event(SourceEvent::Gap(text))
}

impl Source for Growing {
    fn name(&self) -> String {
        format!("the file `{}`", self.path.display())
    }

    fn next(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, SourceError> {
        if let Some(event) = self.event.take() {
            return Ok(Item::Event(event));
        }
        match self.look(bytes).map_err(|error| self.failed(error))? {
            Item::Nothing if self.stopping => Ok(Item::Ended),
            Item::Nothing => {
                thread::sleep(timeout.min(LOOK));
                Ok(Item::Nothing)
            }
            item => Ok(item),
        }
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        self.stopping = true;
        self.is_other = self.line.end_here().map_err(|error| self.failed(error))?;
        Ok(())
    }

    fn unread(&self) -> u64 {
        self.line.unread()
    }
}
