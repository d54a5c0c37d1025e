//! Which file lies at a path, and whether it still does.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// A path, and which file lay there when it was opened.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    identity: Identity,
}

/// Where a file has gone that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It was deleted, or has another name.
    Away,
    /// Another file was put in its place. Only told where files have numbers: on Unix.
    Replaced,
}

impl Place {
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self {
            identity: identity(path)?,
            path: path.to_owned(),
        })
    }

    /// Where the file has gone; `None` if it lies there, or nobody can tell.
    pub(crate) fn gone(&self) -> Option<Gone> {
        match identity(&self.path) {
            Ok(identity) => (identity != self.identity).then_some(Gone::Replaced),
            Err(error) => (error.kind() == io::ErrorKind::NotFound).then_some(Gone::Away),
        }
    }
}

/// Where links lead from `path`, the last of them perhaps to no file.
pub(crate) fn end_of_links(path: &Path) -> PathBuf {
    /// No system follows more.
    const MOST: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST {
        let Ok(target) = fs::read_link(&path) else {
            break;
        };
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
}

/// The device and its number there.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
pub(crate) fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
type Identity = PathBuf;

#[cfg(not(unix))]
pub(crate) fn identity(path: &Path) -> io::Result<Identity> {
    fs::canonicalize(path)
}
