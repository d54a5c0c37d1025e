//! One file that holds one stream of packets, as it came.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::CreateError;

/// A file that is being written. Each write goes to the system at once: nothing is lost with this process.
#[derive(Debug)]
pub(super) struct RawFile {
    path: PathBuf,
    file: File,
    /// What is to stand at the front, until the first bytes have come.
    header: Option<String>,
}

impl RawFile {
    /// An empty file that will begin with this header, or with one that the device sends.
    pub(super) fn create(
        path: &Path,
        header: String,
        overwrite: bool,
    ) -> Result<Self, CreateError> {
        let path = path.to_owned();
        let mut options = OpenOptions::new();
        options.write(true);
        if overwrite {
            options.create(true).truncate(true);
        } else {
            options.create_new(true);
        }
        let file = match options.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(CreateError::Exists { path });
            }
            Err(source) => return Err(CreateError::Unwritable { path, source }),
        };
        match file.metadata() {
            Ok(metadata) if !metadata.is_file() => return Err(CreateError::NotPlain { path }),
            Err(source) => return Err(CreateError::Unwritable { path, source }),
            Ok(_) => {}
        }
        Ok(Self {
            path,
            file,
            header: Some(header),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether anything was written.
    pub(super) fn has_data(&self) -> bool {
        self.header.is_none()
    }

    /// Adds bytes, which are not none.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(header) = self.header.take()
            // OpenOCD sends the header of its files with the data, and that says more.
            && bytes.first() != Some(&b';')
        {
            let mut front = header.into_bytes();
            front.extend_from_slice(bytes);
            return self.file.write_all(&front);
        }
        self.file.write_all(bytes)
    }

    /// Waits until the disk has it all.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}
