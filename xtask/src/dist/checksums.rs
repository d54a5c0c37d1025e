//! `SHA256SUMS`: a line for each file, as `sha256sum --check` reads it.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use sha2::{Digest, Sha256};

const NAME: &str = "SHA256SUMS";

/// Writes the list of all that is in `folder`, in the order of names.
pub(super) fn write(folder: &Path) -> Result<()> {
    let mut lines = String::new();
    for file in files(folder)? {
        for byte in Sha256::digest(fs::read(&file)?) {
            write!(lines, "{byte:02x}")?;
        }
        let name = file
            .strip_prefix(folder)?
            .to_string_lossy()
            .replace('\\', "/");
        writeln!(lines, "  {name}")?;
    }
    fs::write(folder.join(NAME), lines)?;
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(self::files(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
