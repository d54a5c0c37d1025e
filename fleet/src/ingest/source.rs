//! Which files are recordings: what was named, and what lies below folders that were named.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use leakscope_capture::recording_of_part;

/// Files that belong together: one, one a core, or the parts of a recording.
pub type Files = Vec<PathBuf>;

/// Files that lie beside recordings.
const BESIDE: &[&str] = &["elf", "core", "map", "bin"];

/// What the file of metadata beside a recording is called, behind the recording's name.
pub(super) const SIDECAR: &str = ".meta.json";

/// The recordings that were named, each once, in order of their paths; `-` is a list of names on `list`, one a line.
///
/// # Errors
/// If a folder or the list cannot be read. A file that cannot be read is told of when its turn comes.
pub fn find(named: &[String], list: &mut dyn BufRead) -> io::Result<Vec<Files>> {
    let mut paths = Vec::new();
    for name in named {
        if name == "-" {
            for line in list.lines() {
                let line = line?;
                if !line.trim().is_empty() {
                    below(Path::new(line.trim()), &mut paths)?;
                }
            }
        } else {
            below(Path::new(name), &mut paths)?;
        }
    }
    paths.sort();
    paths.dedup();
    let mut recordings: Vec<Files> = Vec::new();
    let mut places: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for path in paths {
        let place = *places.entry(together(&path)).or_insert(recordings.len());
        match recordings.get_mut(place) {
            Some(files) => files.push(path),
            None => recordings.push(vec![path]),
        }
    }
    Ok(recordings)
}

/// What is the same for all files of a recording: `heap_core0.svdat` and `heap_core1.svdat`, the parts that
/// `leakscope record --rotate` makes.
fn together(path: &Path) -> PathBuf {
    first_core(path)
        .filter(|first| first.exists())
        .or_else(|| Some(path.with_file_name(recording_of_part(path)?)))
        .unwrap_or_else(|| path.to_owned())
}

/// The file of core 0 that belongs to this one of another core.
fn first_core(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let (before, behind) = name.rsplit_once("_core")?;
    let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
    let (core, ending) = behind.split_at(digits);
    let is_other = core.parse::<u8>().is_ok_and(|core| core > 0);
    is_other.then(|| path.with_file_name(format!("{before}_core0{ending}")))
}

fn below(path: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("`{}`: {error}", path.display()));
    for entry in fs::read_dir(path).map_err(named)? {
        let entry = entry.map_err(named)?.path();
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        let is_beside = name.starts_with('.') || name.ends_with(SIDECAR) || lies_beside(&entry);
        if entry.is_dir() || !is_beside {
            below(&entry, found)?;
        }
    }
    Ok(())
}

/// Whether a file is of a kind that lies beside recordings.
pub(super) fn lies_beside(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    BESIDE.contains(&&*ending)
}
