//! Files that the user wants written.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::anyhow;

use crate::screen::Screen;

/// Where a page goes: a new file, or standard output if the path is `-`.
pub(crate) fn create_page(path: &Path, force: bool) -> anyhow::Result<Box<dyn Write>> {
    if path == Path::new("-") {
        return Ok(Box::new(Screen::new().out));
    }
    Ok(Box::new(create(path, force)?))
}

/// A new file; one that exists is overwritten only by `force`.
pub(crate) fn create(path: &Path, force: bool) -> anyhow::Result<BufWriter<File>> {
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let file = options.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            anyhow!("`{}` exists; --force overwrites it", path.display())
        }
        _ => anyhow::Error::new(error).context(format!("`{}` cannot be written", path.display())),
    })?;
    Ok(BufWriter::new(file))
}
