//! What is in the folder already.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use datafusion::parquet::file::reader::{FileReader, SerializedFileReader};
use thiserror::Error;

use crate::schema::{self, Table};

/// The folder of a fleet.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// Why a fleet's folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// Another process writes there.
    #[error("`{}` is being written by another `ingest`: wait for it, or give each a --shard of its own", .0.display())]
    Locked(PathBuf),
    /// A part was written by another version.
    #[error("`{}` has version {found} of the tables, and this leakscope-fleet knows version {}", .path.display(), schema::VERSION)]
    Version {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: String,
    },
    /// A file or folder cannot be read or written.
    #[error("`{}`: {error}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl FolderError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |error| Self::Io {
            path: path.to_owned(),
            error,
        }
    }
}

impl Folder {
    /// The folder at `path`, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All parts, in order of their names.
    ///
    /// # Errors
    /// If the folder cannot be read (one that does not exist has no parts), or a part has another version of the tables.
    pub fn parts(&self) -> Result<Vec<PathBuf>, FolderError> {
        let mut parts = Vec::new();
        for date in entries(&self.path, "date=")? {
            parts.extend(entries(&date, "part-")?);
        }
        parts.sort();
        for part in &parts {
            let path = part.join(Table::Recordings.file());
            let found = version(&path).map_err(FolderError::io(&path))?;
            if found != schema::VERSION {
                return Err(FolderError::Version { path, found });
            }
        }
        Ok(parts)
    }

    /// Takes care that nobody else writes this shard, until the file is dropped, and removes what a writer has left that
    /// was stopped.
    ///
    /// # Errors
    /// If somebody else does.
    pub fn lock(&self, shard: &str) -> Result<File, FolderError> {
        fs::create_dir_all(&self.path).map_err(FolderError::io(&self.path))?;
        let path = self.path.join(format!(".lock-{shard}"));
        let file = File::create(&path).map_err(FolderError::io(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FolderError::Locked(self.path.clone())),
            Err(TryLockError::Error(error)) => return Err(FolderError::Io { path, error }),
        }
        let unfinished = self.unfinished(shard);
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(FolderError::io(&unfinished))?;
        }
        Ok(file)
    }

    /// Where a part is while it is written.
    pub(super) fn unfinished(&self, shard: &str) -> PathBuf {
        self.path.join(format!(".unfinished-{shard}"))
    }
}

/// The version of the tables that a file tells.
fn version(path: &Path) -> io::Result<String> {
    let reader = SerializedFileReader::new(File::open(path)?)?;
    let metadata = reader.metadata().file_metadata();
    let mut about = metadata.key_value_metadata().into_iter().flatten();
    let version = about.find(|about| about.key == "leakscope.fleet");
    let version = version.and_then(|about| about.value.clone());
    Ok(version.unwrap_or_else(|| "no".to_owned()))
}

/// Folders whose names begin so.
fn entries(folder: &Path, start: &str) -> Result<Vec<PathBuf>, FolderError> {
    let list = match fs::read_dir(folder) {
        Ok(list) => list,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FolderError::io(folder)(error)),
    };
    let mut found = Vec::new();
    for entry in list {
        let entry = entry.map_err(FolderError::io(folder))?;
        if entry.file_name().to_string_lossy().starts_with(start) {
            found.push(entry.path());
        }
    }
    Ok(found)
}
