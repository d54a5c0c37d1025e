//! ELF files by their checksum: a folder of `<sha256>.elf`.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use leakscope_symbols::Symbols;

/// As many stay open: each is tens of megabytes, and recordings of one version come together.
const OPEN: usize = 8;

/// A folder of ELF files. Each thread has its own: what was looked up is kept.
#[derive(Debug, Default)]
pub struct ElfStore {
    /// By name, which is the checksum.
    files: Arc<Vec<(String, PathBuf)>>,
    open: HashMap<PathBuf, Symbols>,
}

impl ElfStore {
    /// Lists a folder.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if let Some(checksum) = name.strip_suffix(".elf") {
                files.push((checksum.to_ascii_lowercase(), path.clone()));
            }
        }
        files.sort();
        Ok(Self {
            files: Arc::new(files),
            open: HashMap::new(),
        })
    }

    /// The same folder for another thread.
    #[must_use]
    pub fn for_thread(&self) -> Self {
        Self {
            files: Arc::clone(&self.files),
            open: HashMap::new(),
        }
    }

    /// Whether there is no file at all.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The file whose checksum begins so, if there is one alone.
    pub fn path(&self, elf_sha256: &str) -> Option<&Path> {
        let digits = elf_sha256.trim().to_ascii_lowercase();
        let from = self.files.partition_point(|(name, _)| *name < digits);
        let mut found = self.files[from..].iter();
        let first = found.next().filter(|(name, _)| name.starts_with(&digits))?;
        let is_other = found
            .next()
            .is_some_and(|(name, _)| name.starts_with(&digits));
        (!digits.is_empty() && !is_other).then_some(&*first.1)
    }

    /// Its symbols; `None` if it is not there or cannot be read.
    pub fn symbols(&mut self, elf_sha256: &str) -> Option<&Symbols> {
        let path = self.path(elf_sha256)?.to_owned();
        if !self.open.contains_key(&path) {
            if self.open.len() >= OPEN {
                self.open.clear();
            }
            self.open.insert(path.clone(), Symbols::open(&path).ok()?);
        }
        self.open.get(&path)
    }
}
