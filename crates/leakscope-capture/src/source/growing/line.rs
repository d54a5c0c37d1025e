//! The files that had one name, one after the other: what is known of each, and where bytes may be missing.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::names::Names;
use super::tail::{Look, Tail};

/// How long a file must stay still before the one that has taken its place is read.
const STILL: Duration = Duration::from_secs(1);
/// How many that were read are watched still: they may grow, or come back.
const LEFT: usize = 16;
/// A name that is given anew whenever it is looked at is not looked at for ever.
const ROUNDS: usize = 16;

pub(super) struct Line {
    path: PathBuf,
    names: Option<Names>,
    /// The one that is read, and those that took its place, which are read behind it.
    files: VecDeque<Tail>,
    /// Since when nothing has come to the one that is read, though a follower has something.
    still_since: Option<Instant>,
    /// Those that were read before, in which nothing more should appear.
    left: VecDeque<Tail>,
    /// A file had the name that nobody has seen, and none has come behind it yet.
    has_missed: bool,
}

/// What the path leads to.
struct Found {
    /// How many are others than before.
    others: u64,
    /// How often its name was given meanwhile, if that is known.
    given: Option<u64>,
    is_there: bool,
}

impl Line {
    pub(super) fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            names: Names::of(path),
            files: VecDeque::new(),
            still_since: None,
            left: VecDeque::new(),
            has_missed: false,
        }
    }

    /// The one that is read.
    pub(super) fn first(&mut self) -> Option<&mut Tail> {
        self.files.front_mut()
    }

    /// Looks whether the path leads to another file by now, as after a rotation of logs, and at those that wait. Whether
    /// another one is to be read.
    pub(super) fn look(&mut self) -> io::Result<bool> {
        let is_pipe = self.files.back().is_some_and(|last| last.is_pipe);
        let is_other = !is_pipe && self.look_for_others()?;
        for waiting in self.files.iter_mut().skip(1) {
            waiting.wait()?;
        }
        Ok(is_other)
    }

    /// Looks for the last time: what stands in the files now is read, and no more. Whether another one is to be read.
    pub(super) fn end_here(&mut self) -> io::Result<bool> {
        let is_other = self.look()?;
        self.files.iter_mut().try_for_each(Tail::end_here)?;
        Ok(is_other)
    }

    /// What was not read yet of all of them, in bytes.
    pub(super) fn unread(&self) -> u64 {
        self.files.iter().map(Tail::unread).sum()
    }

    fn look_for_others(&mut self) -> io::Result<bool> {
        let mut is_other = false;
        let found = self.find(&mut is_other)?;
        self.has_missed |= match found.given {
            None => found.others > 0 || self.names.is_some(),
            // The last one may have come back.
            Some(given) if found.others == 0 => given > u64::from(found.is_there),
            Some(given) => given != found.others,
        };
        // Before which of those that were found now it lies, nobody knows.
        let behind = found.others.max(u64::from(found.is_there));
        if behind > 0 && std::mem::take(&mut self.has_missed) {
            let behind = self.files.iter_mut().rev().take(behind as usize);
            behind.for_each(|file| file.is_gap_before = true);
        }
        Ok(is_other)
    }

    fn find(&mut self, is_other: &mut bool) -> io::Result<Found> {
        let mut found = Found {
            others: 0,
            given: None,
            is_there: false,
        };
        let mut given = 0;
        for _ in 0..ROUNDS {
            let file = Tail::open(&self.path)?;
            found.is_there = file.is_some();
            if let Some(file) = file
                && !self.files.back().is_some_and(|last| last.is(&file))
            {
                if file.is_recording() {
                    return Err(io::Error::other("it leads to the recording itself"));
                }
                *is_other |= self.add(file)?;
                found.others += 1;
            }
            // Afterwards: what was given the name at this moment is looked for again.
            match self.names.as_mut().and_then(Names::given) {
                Some(0) => {
                    found.given = Some(given);
                    break;
                }
                Some(more) => given += more,
                None => break,
            }
        }
        Ok(found)
    }

    /// Adds a file at the end; one that comes back goes on where it was left. Whether another one is to be read.
    fn add(&mut self, file: Tail) -> io::Result<bool> {
        if let Some(at) = self.left.iter().position(|left| left.is(&file)) {
            self.files.extend(self.left.remove(at));
            return Ok(false);
        }
        let Some(at) = self.files.iter().position(|known| known.is(&file)) else {
            self.files.push_back(file);
            return Ok(false);
        };
        if let Some(mut back) = self.files.remove(at) {
            // What was not read of it came before those that it now comes behind.
            back.is_gap_before |= back.has_more()?;
            self.files.push_back(back);
        }
        Ok(at == 0)
    }

    /// Reads on in the first.
    pub(super) fn read(&mut self, bytes: &mut Vec<u8>) -> io::Result<Look> {
        let Some(first) = self.files.front_mut() else {
            return Ok(Look::Nothing);
        };
        let look = first.read(bytes)?;
        if look == Look::Bytes {
            self.still_since = None;
        }
        Ok(look)
    }

    /// Turns to the next one if the first, of which all is read, is left by its writer, or `at_once`; whether it did.
    pub(super) fn turn(&mut self, at_once: bool) -> io::Result<bool> {
        let last = self.files.len().saturating_sub(1);
        let mut is_left = at_once && last > 0;
        let mut is_followed = false;
        for (at, follower) in self.files.iter().enumerate().skip(1) {
            if follower.has_more()? {
                is_followed = true;
                // Its writer was told, for it was put aside as well.
                is_left |= at < last;
            }
        }
        if is_followed {
            let still_since = self.still_since.get_or_insert_with(Instant::now);
            is_left |= still_since.elapsed() >= STILL;
        }
        if is_left {
            self.still_since = None;
            // Who keeps a file open that was deleted keeps its room on the disk.
            self.left.retain(|left| !left.is_deleted());
            self.left.extend(self.files.pop_front());
            if self.left.len() > LEFT {
                self.left.pop_front();
            }
        }
        Ok(is_left)
    }

    /// Whether one that was left has grown, which is said once of each.
    pub(super) fn has_late_bytes(&mut self) -> io::Result<bool> {
        for left in self.left.iter_mut().filter(|left| !left.is_gap_before) {
            if left.has_more()? {
                left.is_gap_before = true;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a file had the name, and is gone, which is said once.
    pub(super) fn has_missed(&mut self) -> bool {
        std::mem::take(&mut self.has_missed)
    }
}
