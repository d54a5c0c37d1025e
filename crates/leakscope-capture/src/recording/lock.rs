//! One recording at a time into a file. The second one is told who has it.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::error::CreateError;

/// Takes the file for this process, until it is closed. Where the file system has no locks, nobody is kept out.
pub(super) fn take(path: &Path, file: &File) -> Result<(), CreateError> {
    // Elsewhere, a lock would keep readers out too.
    if cfg!(unix) && matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
        return Err(CreateError::Taken {
            path: path.to_owned(),
            by: holder(file),
        });
    }
    Ok(())
}

/// Whether this process has taken it, as far as the system says who has: a recording that reads itself has no end.
pub(crate) fn is_taken_here(file: &File) -> bool {
    if holder(file) != Some(std::process::id()) {
        return false;
    }
    // The number may be that of another file on another disk.
    let is_taken = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    if !is_taken {
        // It ends with the file in any case.
        let _ = file.unlock();
    }
    is_taken
}

/// The process that has locked a file, where the system says it: Linux, in lines like
/// `1: FLOCK  ADVISORY  WRITE 4711 fe:00:10010774 0 EOF` (`proc_locks(5)`). The last number before the range is the
/// file's.
#[cfg(target_os = "linux")]
fn holder(file: &File) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let inode = file.metadata().ok()?.ino().to_string();
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, "WRITE", process, place, ..] = words[..] else {
            return None;
        };
        (place.rsplit(':').next() == Some(&inode)).then(|| process.parse().ok())?
    })
}

#[cfg(not(target_os = "linux"))]
fn holder(_: &File) -> Option<u32> {
    None
}
