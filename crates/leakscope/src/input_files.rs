//! The files that a command reads, and over which it writes nothing.

use std::path::{Path, PathBuf};

use leakscope_capture::{is_same_file, reads};

use crate::cli::{AtTheEnd, Before, Gate, Symbols};
use crate::image;
use crate::screen::Advised;

/// The rules of a project, which are read if nothing else is said.
pub(crate) const CONFIGURATION: &str = "leakscope.toml";

/// What a command reads.
#[derive(Default)]
pub(crate) struct InputFiles {
    traces: Vec<String>,
    files: Vec<PathBuf>,
}

impl InputFiles {
    /// What there is for every recording: itself, and the program.
    pub(crate) fn of(traces: &[String], symbols: &Symbols) -> Self {
        Self::default().traces(traces).files(&symbols.elf)
    }

    pub(crate) fn traces(mut self, names: &[String]) -> Self {
        self.traces.extend_from_slice(names);
        self
    }

    pub(crate) fn files<'p>(mut self, paths: impl IntoIterator<Item = &'p PathBuf>) -> Self {
        self.files.extend(paths.into_iter().cloned());
        self
    }

    pub(crate) fn images(mut self, at_the_end: &AtTheEnd) -> Self {
        let images = at_the_end.image.iter().map(image::path);
        self.files.extend(images);
        self
    }

    pub(crate) fn before(self, before: &Before) -> Self {
        self.traces(&before.before).files(&before.before_elf)
    }

    pub(crate) fn gate(mut self, gate: &Gate) -> Self {
        let usual = Path::new(CONFIGURATION).to_owned();
        self.files.push(gate.config.clone().unwrap_or(usual));
        let known = gate.baseline.iter().filter(|_| !gate.writes_baseline());
        self.files(&gate.suppressions).files(known)
    }

    /// Refuses to write over one of these files, or into one file twice, whatever they are called. What is no plain file,
    /// such as `/dev/null`, takes whatever comes.
    pub(crate) fn spare<'p>(
        &self,
        written: impl IntoIterator<Item = &'p Path>,
    ) -> Result<(), Advised> {
        let written = written.into_iter();
        let written: Vec<&Path> = written
            .filter(|path| path.is_file() || !path.exists())
            .collect();
        for (index, path) in written.iter().enumerate() {
            let is_read = self.traces.iter().any(|name| reads(name, path))
                || self.files.iter().any(|read| is_same_file(read, path));
            let is_written = written[..index]
                .iter()
                .any(|other| is_same_file(other, path));
            let what = match (is_read, is_written) {
                (true, _) => "is read by this command: nothing is written over it",
                (false, true) => "would be written twice",
                (false, false) => continue,
            };
            return Err(Advised {
                message: format!("`{}` {what}", path.display()),
                hint: "name another file",
            });
        }
        Ok(())
    }
}
