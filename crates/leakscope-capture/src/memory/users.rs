//! Whether a file is the memory of a program that runs, or an image that somebody has saved.

use std::fs::File;

/// Whether anybody else has the file open, or has it as its memory. `None`: the system does not say.
///
/// Linux says it, of processes whose user we are or may look at, in `/proc/PID/maps` and `/proc/PID/fd` (`proc(5)`).
#[cfg(target_os = "linux")]
pub(super) fn has_others(file: &File) -> Option<bool> {
    use std::fs;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;
    use std::path::PathBuf;

    let metadata = file.metadata().ok()?;
    let inode = metadata.ino().to_string();
    let ours = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
    let is_it = |path: PathBuf| {
        let is_same =
            |other: fs::Metadata| (other.dev(), other.ino()) == (metadata.dev(), metadata.ino());
        path.as_os_str() != ours.as_str() && fs::metadata(path).is_ok_and(is_same)
    };
    // `ADDRESS PERMISSIONS OFFSET DEVICE INODE PATH`
    let is_mapped = |line: &str| line.split_whitespace().nth(4) == Some(&inode);
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let name = process.file_name();
        if !name
            .to_string_lossy()
            .bytes()
            .all(|byte| byte.is_ascii_digit())
        {
            continue;
        }
        let maps = fs::read(process.path().join("maps")).unwrap_or_default();
        if String::from_utf8_lossy(&maps).lines().any(is_mapped) {
            return Some(true);
        }
        let open = fs::read_dir(process.path().join("fd"));
        if open.is_ok_and(|open| open.flatten().any(|entry| is_it(entry.path()))) {
            return Some(true);
        }
    }
    Some(false)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn has_others(_: &File) -> Option<bool> {
    None
}
