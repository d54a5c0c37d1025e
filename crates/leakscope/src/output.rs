//! Files that the user wants written.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use leakscope_capture::{end_of_links, folder_of};
use tempfile::TempPath;

use crate::screen::{Advised, Screen};

/// Refuses a file that exists, unless it may be overwritten: whoever must choose another name shall not wait for what is to be in
/// it.
pub(crate) fn require_free(path: &Path, force: bool) -> Result<(), Advised> {
    if force || path.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(Advised {
        message: format!("`{}` exists already", path.display()),
        hint: "--force overwrites it",
    })
}

/// The same for a page, which may go to standard output (`-`), and for one that cannot be made.
pub(crate) fn require_room(path: &Path, force: bool) -> anyhow::Result<()> {
    if path == Path::new("-") {
        return Ok(());
    }
    require_free(path, force)?;
    let made = tempfile::tempfile_in(folder_of(&end_of_links(path)));
    made.map(drop).with_context(|| cannot(path))
}

/// Writes a page into a file, or to standard output (`-`).
pub(crate) fn write_page(path: &Path, force: bool, page: &[u8]) -> anyhow::Result<()> {
    if path == Path::new("-") {
        let mut screen = Screen::new();
        screen.out.write_all(page)?;
        return Ok(screen.out.flush()?);
    }
    write(path, force, page)
}

/// Writes a whole file.
pub(crate) fn write(path: &Path, force: bool, bytes: &[u8]) -> anyhow::Result<()> {
    let file = NewFile::begin(path, force)?;
    (&file.file)
        .write_all(bytes)
        .with_context(|| cannot(path))?;
    file.finish()
}

/// A file that is written as it comes, and is there from the beginning.
pub(crate) fn create(path: &Path, force: bool) -> anyhow::Result<File> {
    require_free(path, force)?;
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    options.open(path).with_context(|| cannot(path))
}

/// A file that takes its name when it is whole: until then, what has the name stays, and a failure leaves nothing in the way of
/// the next try.
pub(crate) struct NewFile {
    path: PathBuf,
    force: bool,
    file: File,
    /// Its name until then. What is no plain file, such as `/dev/stdout`, has its own.
    beside: Option<TempPath>,
}

impl NewFile {
    pub(crate) fn begin(path: &Path, force: bool) -> anyhow::Result<Self> {
        require_free(path, force)?;
        let (file, beside) = begun(path).with_context(|| cannot(path))?;
        Ok(Self {
            path: path.to_owned(),
            force,
            file,
            beside,
        })
    }

    /// What writes into it.
    pub(crate) fn writer(&self) -> anyhow::Result<BufWriter<File>> {
        let file = self.file.try_clone().with_context(|| cannot(&self.path))?;
        Ok(BufWriter::new(file))
    }

    /// Gives it its name: all was written.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        let Some(beside) = self.beside else {
            return Ok(());
        };
        let named = if self.force {
            beside.persist(end_of_links(&self.path))
        } else {
            beside.persist_noclobber(&self.path)
        };
        named
            .map_err(|error| error.error)
            .with_context(|| cannot(&self.path))
    }
}

fn begun(path: &Path) -> io::Result<(File, Option<TempPath>)> {
    let old = match OpenOptions::new().write(true).open(path) {
        Ok(file) if !file.metadata()?.is_file() => return Ok((file, None)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        old => old.ok(),
    };
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let new = builder
        .prefix(".leakscope-")
        .tempfile_in(folder_of(&end_of_links(path)))?;
    if let Some(old) = old {
        new.as_file()
            .set_permissions(old.metadata()?.permissions())?;
    }
    let (file, name) = new.into_parts();
    Ok((file, Some(name)))
}

fn cannot(path: &Path) -> String {
    format!("`{}` cannot be written", path.display())
}
