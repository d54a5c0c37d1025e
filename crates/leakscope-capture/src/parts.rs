//! The files of single cores that OpenOCD writes beside a joined one.
//!
//! `esp sysview_mcore start file://F` writes `F_core0` and `F_core1`, and joins them into `F` only when it
//! is told to stop (`esp32_sysview.c`).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The files of this file's cores, as far as they exist: `F_core0`, `F_core1`, … or, with the suffix kept
/// at the end, `name_core0.svdat`.
pub(crate) fn beside(path: &Path) -> Vec<PathBuf> {
    let appended = |core: usize| {
        let mut name = OsString::from(path.as_os_str());
        name.push(format!("_core{core}"));
        PathBuf::from(name)
    };
    let inserted = |core: usize| {
        let mut name = path.file_stem().unwrap_or_default().to_owned();
        name.push(format!("_core{core}"));
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        path.with_file_name(name)
    };
    let existing = |name: &dyn Fn(usize) -> PathBuf| -> Vec<PathBuf> {
        let cores = (0..=usize::from(u8::MAX)).map(name);
        cores.take_while(|path| path.is_file()).collect()
    };
    let found = existing(&appended);
    if found.is_empty() {
        return existing(&inserted);
    }
    found
}
