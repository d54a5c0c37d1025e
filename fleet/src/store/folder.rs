//! What is in the folder already.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use datafusion::parquet::file::reader::{FileReader, SerializedFileReader};
use datafusion::parquet::record::{Field, Row};
use datafusion::parquet::schema::types::Type;
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
    /// Nothing was ever put there.
    #[error("`{}` holds no recordings: `leakscope fleet ingest FOLDER --into {}` puts some there", .0.display(), .0.display())]
    Empty(PathBuf),
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
    /// A part cannot be read.
    #[error("`{}`: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: String,
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
    /// If the folder cannot be read; one that does not exist has none.
    pub fn parts(&self) -> Result<Vec<PathBuf>, FolderError> {
        let mut parts = Vec::new();
        for date in entries(&self.path, "date=")? {
            parts.extend(entries(&date, "part-")?);
        }
        parts.sort();
        Ok(parts)
    }

    /// The recordings that are in it, as 16 bytes each.
    ///
    /// # Errors
    /// If a part cannot be read, or has another version.
    pub fn recordings(&self) -> Result<HashSet<u128>, FolderError> {
        let mut known = HashSet::new();
        self.each_row(Table::Recordings, &["recording"], |row| {
            known.extend(text(row, 0).and_then(|id| u128::from_str_radix(id, 16).ok()));
        })?;
        Ok(known)
    }

    /// Reads some columns of a table, in the order of the table.
    pub(crate) fn each_row(
        &self,
        table: Table,
        columns: &[&str],
        mut take: impl FnMut(&Row),
    ) -> Result<(), FolderError> {
        for part in self.parts()? {
            let path = part.join(table.name()).with_extension("parquet");
            let file = File::open(&path).map_err(FolderError::io(&path))?;
            let unreadable =
                |error: datafusion::parquet::errors::ParquetError| FolderError::Unreadable {
                    path: path.clone(),
                    error: error.to_string(),
                };
            let reader = SerializedFileReader::new(file).map_err(unreadable)?;
            let metadata = reader.metadata().file_metadata();
            let about = metadata.key_value_metadata().into_iter().flatten();
            let mut version = about.filter(|about| about.key == "leakscope.fleet");
            let found = version.next().and_then(|about| about.value.clone());
            if found.as_deref() != Some(schema::VERSION) {
                let found = found.unwrap_or_else(|| "no".to_owned());
                return Err(FolderError::Version { path, found });
            }
            let fields = metadata.schema_descr().root_schema().get_fields().iter();
            let wanted = fields.filter(|field| columns.contains(&field.name()));
            let wanted = Type::group_type_builder(table.name())
                .with_fields(wanted.cloned().collect())
                .build();
            let rows = reader.get_row_iter(Some(wanted.map_err(unreadable)?));
            for row in rows.map_err(unreadable)? {
                take(&row.map_err(unreadable)?);
            }
        }
        Ok(())
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

/// The text in a column of a row.
pub(crate) fn text(row: &Row, column: usize) -> Option<&str> {
    match row.get_column_iter().nth(column)? {
        (_, Field::Str(text)) => Some(text),
        _ => None,
    }
}
