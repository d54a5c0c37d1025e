//! The project that the user is in: which program it builds, and what its build says of itself.
//!
//! - [`esp_idf`] reads what ESP-IDF's build leaves behind; what that means is in `leakscope-project`.
//! - [`cargo`] and [`zephyr`] look for programs that these have built.
//! - [`program`] is the program behind a recording, where none was named.
//! - [`openocd`] looks for Espressif's OpenOCD.

mod cargo;
pub(crate) mod esp_idf;
pub(crate) mod openocd;
pub(crate) mod program;
mod zephyr;

use std::env;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

pub(crate) use self::esp_idf::EspIdf;
use crate::screen::{self, Advised};

/// A folder in which firmware is built.
pub(crate) struct Project {
    pub(crate) folder: PathBuf,
    pub(crate) kind: Kind,
}

/// What it is built with.
pub(crate) enum Kind {
    EspIdf(Box<EspIdf>),
    /// Its programs: of a build with a bootloader, there are several.
    Zephyr(Vec<PathBuf>),
    /// Its programs for machines without a system.
    Cargo(Vec<PathBuf>),
}

impl Project {
    /// The project in this folder.
    pub(crate) fn named(folder: &Path) -> anyhow::Result<Self> {
        if !folder.is_dir() {
            bail!("`{}` is no folder", folder.display());
        }
        let place = std::path::absolute(folder).context("this folder has no name")?;
        Self::in_folder(&place)?.ok_or_else(|| {
            let message = format!("`{}` is no project that was built", folder.display());
            let hint = "a project has build/project_description.json (ESP-IDF: `idf.py reconfigure` makes it), \
                        build/zephyr/zephyr.elf (Zephyr) or Cargo.lock";
            Advised { message, hint }.into()
        })
    }

    /// The project in the current folder, or in the nearest one above.
    pub(crate) fn around() -> anyhow::Result<Option<Self>> {
        let here = env::current_dir().context("this folder has no name")?;
        for folder in here.ancestors() {
            if let Some(project) = Self::in_folder(folder)? {
                return Ok(Some(project));
            }
        }
        Ok(None)
    }

    /// The one that was named, or else the one around; what is wrong with that is told, and is no error.
    pub(crate) fn of(named: Option<&Path>) -> anyhow::Result<Option<Self>> {
        if let Some(folder) = named {
            return Self::named(folder).map(Some);
        }
        Ok(Self::around().unwrap_or_else(|error| {
            screen::note(&format!("the project around is not used: {error:#}"));
            None
        }))
    }

    fn in_folder(folder: &Path) -> anyhow::Result<Option<Self>> {
        let kind = if let Some(project) = EspIdf::in_folder(folder)? {
            Kind::EspIdf(Box::new(project))
        } else if let Some(programs) = zephyr::programs(folder) {
            Kind::Zephyr(programs)
        } else if folder.join("Cargo.lock").is_file() {
            Kind::Cargo(cargo::programs(folder))
        } else {
            return Ok(None);
        };
        let folder = folder.to_owned();
        Ok(Some(Self { folder, kind }))
    }

    /// All programs that it has built.
    pub(crate) fn programs(&self) -> Vec<PathBuf> {
        match &self.kind {
            Kind::EspIdf(project) => project.program.clone().into_iter().collect(),
            Kind::Zephyr(programs) | Kind::Cargo(programs) => programs.clone(),
        }
    }

    /// Its program, if there is one alone.
    pub(crate) fn program(&self) -> anyhow::Result<PathBuf> {
        let (message, hint) = match self.programs().as_slice() {
            [program] => return Ok(program.clone()),
            [] => (
                format!("{self} has built no program"),
                "build it first; or --elf FILE names a program",
            ),
            several => {
                let names = several
                    .iter()
                    .map(|program| format!("`{}`", shown(program)));
                let names = names.collect::<Vec<_>>().join(", ");
                (
                    format!("{self} has several programs: {names}"),
                    "--elf FILE says which one is running",
                )
            }
        };
        Err(Advised { message, hint }.into())
    }
}

impl std::fmt::Display for Project {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            Kind::EspIdf(_) => "ESP-IDF project",
            Kind::Zephyr(_) => "Zephyr project",
            Kind::Cargo(_) => "Cargo project",
        };
        write!(f, "the {kind} in `{}`", shown(&self.folder))
    }
}

/// What is in a folder, in the order of paths; nothing if it cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// A path as it is shown: from the current folder on, if it is below that.
pub(crate) fn shown(path: &Path) -> String {
    let here = env::current_dir().unwrap_or_default();
    let below = path.strip_prefix(&here).unwrap_or(path);
    if below.as_os_str().is_empty() {
        return ".".to_owned();
    }
    below.display().to_string()
}

/// The content of a file that a build has made.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    /// What is longer was made by somebody else.
    const LONGEST: u64 = 64 << 20;
    let mut content = Vec::new();
    let file = File::open(path);
    let read = file.and_then(|file| file.take(LONGEST + 1).read_to_end(&mut content));
    read.with_context(|| format!("`{}` cannot be read", shown(path)))?;
    if content.len() as u64 > LONGEST {
        bail!("`{}` is longer than 64 MiB", shown(path));
    }
    Ok(content)
}
