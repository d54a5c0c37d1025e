//! Which file lies at a path, and whether it still does.

use std::path::{Path, PathBuf};
use std::{
    fs::{self, File},
    io,
};

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

    pub(crate) fn path(&self) -> &Path {
        &self.path
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
pub fn end_of_links(path: &Path) -> PathBuf {
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

/// The folder that a file lies in: there is room on its disk, and a file can be moved within it at once.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether two paths lead to one file, by whatever links; where there is none yet, to the one that would be made.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    if let [Ok(one), Ok(other)] = [one, other].map(identity) {
        return one == other;
    }
    let place = |path: &Path| {
        let path = end_of_links(path);
        let folder = folder_of(&path).canonicalize().ok()?;
        Some(folder.join(path.file_name()?))
    };
    place(one).is_some_and(|one| place(other) == Some(one))
}

/// The device and its number there.
#[cfg(unix)]
pub(crate) type Identity = (u64, u64);

#[cfg(unix)]
pub(crate) fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|metadata| identity_in(&metadata))
}

/// That of a file that was opened at this path.
#[cfg(unix)]
pub(crate) fn identity_of(file: &File, _: &Path) -> io::Result<Identity> {
    file.metadata().map(|metadata| identity_in(&metadata))
}

#[cfg(unix)]
fn identity_in(metadata: &fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
pub(crate) type Identity = PathBuf;

#[cfg(not(unix))]
pub(crate) fn identity(path: &Path) -> io::Result<Identity> {
    fs::canonicalize(path)
}

#[cfg(not(unix))]
pub(crate) fn identity_of(_: &File, path: &Path) -> io::Result<Identity> {
    identity(path)
}
