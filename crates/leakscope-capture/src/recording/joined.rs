//! Several cores in one file, one behind the other: the form of SystemView 3.60.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::header::{self, Cores};
use crate::input::Input;
use crate::place::folder_of;

/// A joined file that is being put together, beside the one that it will replace.
#[derive(Debug)]
pub(super) struct Joined {
    target: PathBuf,
    parts: Vec<Part>,
}

/// The packets of one core.
#[derive(Debug)]
pub(super) struct Part {
    out: BufWriter<File>,
    length: u64,
}

impl Joined {
    /// A file that will take the place of `target`.
    pub(super) fn instead_of(target: &Path) -> Self {
        Self {
            target: target.to_owned(),
            parts: Vec::new(),
        }
    }

    /// The packets of this core; those before it exist by then, if only as empty parts.
    pub(super) fn part(&mut self, core: usize) -> io::Result<&mut Part> {
        while self.parts.len() <= core {
            self.parts.push(Part {
                out: BufWriter::new(tempfile::tempfile_in(folder_of(&self.target))?),
                length: 0,
            });
        }
        Ok(&mut self.parts[core])
    }

    /// Writes the header and all parts: the file can then be put in its place, at once.
    pub(super) fn finish(self, cores: Cores) -> io::Result<NamedTempFile> {
        let mut offsets = Vec::new();
        let mut end = 0;
        for part in &self.parts {
            offsets.push(end);
            end += part.length;
        }
        let mut builder = tempfile::Builder::new();
        let mut file = builder
            .prefix(".leakscope-")
            .tempfile_in(folder_of(&self.target))?;
        file.write_all(header::of_cores(cores, &offsets).as_bytes())?;
        for part in self.parts {
            let mut part = part
                .out
                .into_inner()
                .map_err(io::IntoInnerError::into_error)?;
            part.rewind()?;
            io::copy(&mut part, &mut file)?;
        }
        file.as_file().sync_all()?;
        let permissions = std::fs::metadata(&self.target)?.permissions();
        file.as_file().set_permissions(permissions)?;
        Ok(file)
    }
}

impl Part {
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// Adds everything in `input` from `start` on.
    pub(super) fn copy(&mut self, input: &mut Input, start: u64) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        let mut position = start;
        loop {
            let count = input.read_at(position, &mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            self.write(&buffer[..count])?;
            position += count as u64;
        }
    }
}
