//! Files that the user has named, read as a whole.

use std::path::Path;
use std::{fs, io};

use anyhow::{Context, anyhow};

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let name = path.display();
    fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow!("there is no file `{name}`"),
        _ => anyhow::Error::new(error).context(format!("`{name}` cannot be read")),
    })
}

/// The same, of a text.
pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    let text = String::from_utf8(read(path)?);
    text.with_context(|| format!("`{}` is no text", path.display()))
}
