//! A part that is being written.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use leakscope_export::Output;
use leakscope_export::tables::{Cell, Form, Parquet};
use sha2::{Digest, Sha256};

use super::{Folder, FolderError};
use crate::schema::{self, Table};

/// A part that is being written. If it is dropped, it was never there.
pub struct Part {
    folder: Folder,
    unfinished: PathBuf,
    tables: Vec<(Box<Parquet<'static>>, File)>,
    /// What makes its name: the recordings in it. So a part that is written twice has the same name.
    name: Sha256,
    recordings: usize,
}

impl Part {
    /// Begins one. Whoever writes holds the lock of this shard.
    ///
    /// # Errors
    /// Those of writing.
    pub fn begin(folder: &Folder, shard: &str) -> Result<Self, FolderError> {
        let unfinished = folder.unfinished(shard);
        fs::create_dir(&unfinished).map_err(FolderError::io(&unfinished))?;
        let about = [
            ("leakscope.fleet", schema::VERSION),
            ("leakscope.version", env!("CARGO_PKG_VERSION")),
        ];
        let tables = Table::ALL.iter().map(|table| {
            let path = unfinished.join(table.file());
            let file = File::create_new(&path)?;
            let out = Output::plain(io::BufWriter::new(file.try_clone()?));
            let form = Parquet::new(table.name(), table.columns(), &about, out)?;
            Ok((Box::new(form), file))
        });
        let tables = tables
            .collect::<io::Result<_>>()
            .map_err(FolderError::io(&unfinished))?;
        Ok(Self {
            folder: folder.clone(),
            unfinished,
            tables,
            name: Sha256::new(),
            recordings: 0,
        })
    }

    /// Recordings in it.
    pub fn recordings(&self) -> usize {
        self.recordings
    }

    /// Takes a row of a table.
    ///
    /// # Errors
    /// Those of writing.
    pub fn take(&mut self, table: Table, cells: &[Cell<'_>]) -> io::Result<()> {
        if matches!(table, Table::Recordings | Table::Names)
            && let Some(Cell::Text(recording)) = cells.first()
        {
            self.name.update(recording.as_bytes());
            self.name.update(b"\n");
            self.recordings += 1;
        }
        self.tables[table as usize].0.row(cells)
    }

    /// Makes it appear among the others: from now on, all of it is there, whatever happens.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(self, date: &str) -> Result<PathBuf, FolderError> {
        let path = &self.unfinished;
        for (form, file) in self.tables {
            let written = form.finish().and_then(|()| file.sync_all());
            written.map_err(FolderError::io(path))?;
        }
        sync(path)?;
        let day = self.folder.path().join(format!("date={date}"));
        fs::create_dir_all(&day).map_err(FolderError::io(&day))?;
        let first = self.name.finalize().first_chunk().copied();
        let digits = first.map_or(0, u64::from_be_bytes);
        let place = day.join(format!("part-{digits:016x}"));
        fs::rename(path, &place).map_err(FolderError::io(&place))?;
        sync(&day)?;
        sync(self.folder.path())?;
        Ok(place)
    }
}

/// Takes care that the entries of a folder are on the disk.
fn sync(folder: &Path) -> Result<(), FolderError> {
    // Windows cannot open folders, and needs no such thing.
    if cfg!(windows) {
        return Ok(());
    }
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(FolderError::io(folder))
}
