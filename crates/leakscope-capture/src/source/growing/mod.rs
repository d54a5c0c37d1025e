//! A file that another program is still writing: read to its end, and on when it has grown; and the files that take its place.

mod names;
mod tail;

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::{Abilities, Item, Source, SourceError, SourceEvent};
use names::Names;
use tail::{Look, Tail};

/// What can be asked of a file.
pub const ABILITIES: Abilities = Abilities {
    breakpoints: false,
    reset: false,
};

/// How often is looked whether the file has grown.
const LOOK: Duration = Duration::from_millis(50);
/// How long a file must stay still before the one that has taken its place is read.
const STILL: Duration = Duration::from_secs(1);

/// The file at `path`, from its beginning on. It need not exist yet.
///
/// # Errors
/// If it exists and cannot be read.
pub fn open(path: &Path) -> Result<Box<dyn Source>, SourceError> {
    let mut growing = Growing {
        path: path.to_owned(),
        names: Names::of(path),
        given: 0,
        file: None,
        followers: VecDeque::new(),
        still_since: None,
        left: None,
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
    names: Option<Names>,
    /// How often its name was given to a file, as far as those were seen.
    given: u64,
    /// The one that is read.
    file: Option<Tail>,
    /// Those that took its place, one after the other, and are read behind it.
    followers: VecDeque<Tail>,
    /// Since when nothing has come to the one that is read, though a follower has something.
    still_since: Option<Instant>,
    /// The one that was read before, in which nothing more should appear.
    left: Option<Tail>,
    stopping: bool,
    event: Option<SourceEvent>,
}

impl Growing {
    fn look_for_file(&mut self) -> Result<bool, SourceError> {
        self.file = Tail::open(&self.path, None).map_err(|error| self.failed(error))?;
        self.given = self.names.as_mut().map_or(0, Names::given);
        Ok(self.file.is_some())
    }

    fn failed(&self, error: io::Error) -> SourceError {
        SourceError::new(format!("`{}` cannot be read", self.path.display())).caused_by(error)
    }

    /// Looks whether its path leads to another file by now, as after a rotation of logs; whether there is anything in such a one.
    fn look_for_followers(&mut self) -> io::Result<bool> {
        let last = self.followers.back().or(self.file.as_ref());
        if last.is_some_and(|last| last.is_pipe) {
            return Ok(false);
        }
        if let Some(follower) = Tail::open(&self.path, last)? {
            self.followers.push_back(follower);
            self.given += 1;
        }
        for follower in &self.followers {
            if follower.has_more()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Looks at the end of the file, which may have a follower that has something.
    fn look(&mut self, bytes: &mut Vec<u8>) -> io::Result<Item> {
        let is_followed = self.look_for_followers()?;
        let Some(file) = &mut self.file else {
            return Ok(Item::Nothing);
        };
        match file.read(bytes)? {
            Look::Bytes => {
                self.still_since = None;
                return Ok(Item::Bytes { stream: 0 });
            }
            Look::CutOff => {
                return Ok(gap(
                    "the file was cut off, or written anew: it is read from its beginning again",
                ));
            }
            Look::Ended => self.stopping = true,
            Look::Nothing => {}
        }
        let is_left = if is_followed {
            self.still_since.get_or_insert_with(Instant::now).elapsed() >= STILL
        } else {
            false
        };
        if (is_left || self.stopping)
            && let Some(follower) = self.followers.pop_front()
        {
            return Ok(self.turn_to(follower));
        }
        if let Some(left) = self.left.take() {
            if left.has_more()? {
                return Ok(gap("the file that was put aside was written further"));
            }
            self.left = Some(left);
        }
        Ok(Item::Nothing)
    }

    fn turn_to(&mut self, follower: Tail) -> Item {
        self.left = self.file.replace(follower);
        self.still_since = None;
        // Who does not know says one more than there can have been.
        let given = self.names.as_mut().map_or(self.given + 1, Names::given);
        if std::mem::replace(&mut self.given, given) == given {
            let text = "another file has taken its place: it is read on there, from its beginning";
            return Item::Event(SourceEvent::Notice(text.to_owned()));
        }
        gap("other files have taken its place: the last of them is read on, from its beginning")
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
        if self.file.is_none() && self.look_for_file()? {
            return Ok(Item::Event(SourceEvent::Started));
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
        Ok(())
    }
}
