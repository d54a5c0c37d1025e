//! From sources to an ELF file.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use super::{Build, Firmware};

impl Firmware {
    /// Builds the firmware, or finds that it is built; returns the ELF file, which later builds leave alone.
    ///
    /// # Errors
    /// If the build fails.
    pub fn compile(&self, build: &Build, variant: &str) -> Result<PathBuf> {
        self.make(build, variant, &[])?;
        let elf = self.places(None, variant).fill_in(&build.elf);
        self.keep(build, variant, Path::new(&elf))
    }

    /// Runs the build's command, with more arguments.
    ///
    /// # Errors
    /// If the build fails.
    pub fn make(&self, build: &Build, variant: &str, arguments: &[String]) -> Result<()> {
        let places = self.places(None, variant);
        let mut words = build.command.iter().map(|word| places.fill_in(word));
        let mut command = Command::new(words.next().unwrap_or_default());
        command
            .args(words)
            .args(arguments)
            .current_dir(&self.folder);
        // What cargo tells this process is not meant for the cargo of another toolchain.
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CARGO") || name.starts_with("RUST") {
                command.env_remove(&*name);
            }
        }
        for (name, value) in &build.environment {
            command.env(name, places.fill_in(value));
        }
        let status = command
            .status()
            .with_context(|| format!("cannot run {}", command.get_program().to_string_lossy()))?;
        if !status.success() {
            bail!("building {} for {} failed: {status}", self.name, build.name);
        }
        Ok(())
    }

    /// Copies an ELF file to a place of its own: several builds may make files of the same name.
    fn keep(&self, build: &Build, variant: &str, elf: &Path) -> Result<PathBuf> {
        let mut name = format!("{}-{}", self.name, build.name);
        if build.command.iter().any(|word| word.contains("{variant}")) {
            name = format!("{name}-{variant}");
        }
        let folder = target().join("elf");
        let (new, kept) = (
            folder.join(name.clone() + ".new"),
            folder.join(name + ".elf"),
        );
        // In one step: the file of an earlier build may just be read.
        let copied = fs::create_dir_all(&folder)
            .and_then(|()| fs::copy(elf, &new))
            .and_then(|_| fs::rename(&new, &kept));
        copied.with_context(|| format!("cannot copy {} to {}", elf.display(), kept.display()))?;
        Ok(kept)
    }

    pub(super) fn places(&self, elf: Option<&Path>, variant: &str) -> Places {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        Places(vec![
            ("{target}", text(&target())),
            ("{project}", text(&self.project)),
            ("{elf}", elf.map_or_else(String::new, text)),
            ("{variant}", variant.to_owned()),
        ])
    }
}

/// What stands for what in a description.
pub(super) struct Places(Vec<(&'static str, String)>);

impl Places {
    pub(super) fn fill_in(&self, text: &str) -> String {
        let places = self.0.iter();
        places.fold(text.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
    }
}

/// The folder for all that is built of firmware.
fn target() -> PathBuf {
    let given = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let all = given.unwrap_or_else(|| crate::project().join("target"));
    // Commands run elsewhere.
    std::path::absolute(&all).unwrap_or(all).join("firmware")
}
