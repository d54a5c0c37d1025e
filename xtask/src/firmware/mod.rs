//! The programs of the folder `firmware/`: what each says of itself in its `firmware.json` (`firmware/FORM.md`),
//! and how that becomes an ELF file and a process.
//!
//! Terms: a **firmware** is a program; a **build** is a way to build it (for a board, a mode, a sink); a
//! **variant** is a fault that it is told to have.

mod compile;
mod description;
mod needs;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

pub use description::Sink;

/// A program.
#[derive(Clone, Debug)]
pub struct Firmware {
    /// The name of its folder.
    pub name: String,
    /// What it is, in one line.
    pub about: String,
    /// The faults that it can have, the usual one first.
    pub variants: Vec<String>,
    /// The ways to build it, the usual one first.
    pub builds: Vec<Build>,
    folder: PathBuf,
    project: PathBuf,
}

/// A way to build a program.
#[derive(Clone, Debug)]
pub struct Build {
    /// Its name: the board, and what else makes it different.
    pub name: String,
    /// How its output is had.
    pub sink: Sink,
    /// Where the file `ram` begins in the target's memory: for [`Sink::Rtt`].
    pub ram_base: u64,
    /// With which variants it is tested; none are named: with all.
    pub tested_variants: Option<Vec<String>>,
    needs: Vec<String>,
    environment: BTreeMap<String, String>,
    command: Vec<String>,
    elf: String,
    run: Vec<String>,
}

/// All firmware of the project, by name.
///
/// # Errors
/// If a description cannot be read.
pub fn all(project: &Path) -> Result<Vec<Firmware>> {
    let folder = project.join("firmware");
    let mut found = Vec::new();
    for entry in folder
        .read_dir()
        .with_context(|| format!("cannot read {}", folder.display()))?
    {
        let folder = entry?.path();
        if folder.join("firmware.json").is_file() {
            found.push(Firmware::read(project, &folder)?);
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

impl Firmware {
    /// The variant that is run if none is named.
    pub fn usual_variant(&self) -> &str {
        self.variants.first().map_or("", |name| name)
    }

    /// The folder of its sources.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The build of this name; without a name, the usual one.
    ///
    /// # Errors
    /// If there is none.
    pub fn build(&self, name: Option<&str>) -> Result<&Build> {
        let found = match name {
            None => self.builds.first(),
            Some(name) => self.builds.iter().find(|build| build.name == name),
        };
        let Some(build) = found else {
            let names: Vec<&str> = self
                .builds
                .iter()
                .map(|build| build.name.as_str())
                .collect();
            bail!(
                "{} has no such build; it has {}",
                self.name,
                names.join(", ")
            );
        };
        Ok(build)
    }

    /// Checks that there is a variant of this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn check_variant(&self, name: &str) -> Result<()> {
        if !self.variants.iter().any(|known| known == name) {
            bail!(
                "{} has no such variant; it has {}",
                self.name,
                self.variants.join(", ")
            );
        }
        Ok(())
    }

    /// The command that runs `elf`, in the working folder `folder`, in which its output appears.
    pub fn run(&self, build: &Build, elf: &Path, variant: &str, folder: &Path) -> Command {
        let places = self.places(Some(elf), variant);
        let mut words = build.run.iter().map(|word| places.fill_in(word));
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).current_dir(folder);
        command
    }
}
