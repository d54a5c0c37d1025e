//! Programs that Cargo has built for machines without a system.

use std::env;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::entries;

/// The programs in `target/TRIPLE/debug` and `release`, in the order of their paths.
pub(super) fn programs(folder: &Path) -> Vec<PathBuf> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let triples = entries(&folder.join(target)).into_iter();
    let triples = triples.filter(|path| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().contains('-')
    });
    let profiles = triples.flat_map(|triple| [triple.join("debug"), triple.join("release")]);
    profiles
        .flat_map(|folder| entries(&folder))
        .filter(|path| is_firmware(path))
        .collect()
}

/// Whether it is an ELF file that is loaded where it says, as no system's programs are any more.
fn is_firmware(path: &Path) -> bool {
    /// `e_type` of such a file.
    const EXECUTABLE: u8 = 2;
    let mut head = [0; 18];
    let is_read =
        path.is_file() && File::open(path).is_ok_and(|mut file| file.read_exact(&mut head).is_ok());
    // In either byte order.
    is_read
        && head.starts_with(b"\x7fELF")
        && matches!(head[16..], [EXECUTABLE, 0] | [0, EXECUTABLE])
}
