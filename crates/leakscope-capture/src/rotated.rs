//! Recordings in parts, read as one: `leakscope record --rotate` makes them (`recording/rotate`).

use std::path::{Path, PathBuf};

use leakscope_systemview::Header;

/// Which part of which recording a file is, as its header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The same in all parts of a recording.
    pub(crate) recording: String,
    /// From 1 on.
    pub(crate) number: u32,
    /// The first byte that the parts before it have not had.
    pub(crate) start: u64,
}

/// No recording has more parts: numbers behind one can be counted on.
const MOST: u32 = u32::MAX / 2;

impl Part {
    /// What the first bytes of a file say; `None` if it is no part.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        let header = Header::parse(head);
        let number = |key| header.value(key)?.to_string().parse().ok();
        let repeated: u64 = number("Repeated")?;
        let number = number("Part")?;
        Some(Self {
            recording: header.value("Recording")?.to_string(),
            number: u32::try_from(number)
                .ok()
                .filter(|&number| number <= MOST)?,
            start: (header.data as u64).checked_add(repeated)?,
        })
    }

    /// Where the part behind this one lies, which is at `path`.
    pub(crate) fn next_path(&self, path: &Path) -> Option<PathBuf> {
        let name = path.file_name()?.to_str()?;
        let [own, next] = [self.number, self.number + 1].map(|number| format!(".{number:04}"));
        let at = name.rfind(&own)?;
        let name = format!("{}{next}{}", &name[..at], &name[at + own.len()..]);
        Some(path.with_file_name(name))
    }
}

/// The files that a name with `*` in its last part means, in order; the name itself if there is such a file, or none.
pub(crate) fn expand(name: &str) -> Vec<String> {
    let path = Path::new(name);
    let pattern = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let Some((front, back)) = pattern.split_once('*').filter(|_| !path.exists()) else {
        return vec![name.to_owned()];
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| {
        let found = entry.file_name().into_string().ok()?;
        let rest = found.strip_prefix(front)?;
        rest.ends_with(back).then(|| path.with_file_name(found))
    });
    let mut names: Vec<String> = names.map(|path| path.display().to_string()).collect();
    names.sort();
    if names.is_empty() {
        return vec![name.to_owned()];
    }
    names
}
