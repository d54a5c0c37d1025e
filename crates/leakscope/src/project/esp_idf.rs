//! What ESP-IDF's build leaves behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::Context;
use leakscope_project::uart::Uart;
use leakscope_project::{
    Build, Chip, DefaultsFile, Description, Examination, Link, Sdkconfig, UnknownVersion, examine,
};

use super::{entries, read, shown};
use crate::screen::Advised;

/// The file in the build folder.
const DESCRIPTION: &str = "project_description.json";

/// A project of ESP-IDF's that was configured, and perhaps built.
pub(crate) struct EspIdf {
    /// The folder with the project's sources.
    pub(crate) folder: PathBuf,
    /// The program, if it was built.
    pub(crate) program: Option<PathBuf>,
    pub(crate) description: Description,
    /// Where its options are.
    pub(crate) sdkconfig: PathBuf,
    /// Its options, if the file exists.
    pub(crate) config: Option<Sdkconfig>,
}

impl EspIdf {
    /// The project in this folder, which may also be a build folder.
    pub(super) fn in_folder(folder: &Path) -> anyhow::Result<Option<Self>> {
        let Some(build) = build_folder(folder)? else {
            return Ok(None);
        };
        let path = build.join(DESCRIPTION);
        let description =
            Description::parse(&read(&path)?).with_context(|| format!("`{}`", shown(&path)))?;
        // A build that was made in a container says where these were there.
        let built_in = PathBuf::from(&description.project_path);
        let config_file = PathBuf::from(&description.config_file);
        let folder = if build != folder {
            folder.to_owned()
        } else if built_in.is_dir() {
            built_in
        } else {
            build.parent().unwrap_or(&build).to_owned()
        };
        let sdkconfig = if config_file.is_file() {
            config_file
        } else {
            folder.join("sdkconfig")
        };
        let program = build.join(&description.app_elf);
        Ok(Some(Self {
            program: program.is_file().then_some(program),
            config: if sdkconfig.is_file() {
                Some(Sdkconfig::parse(&read(&sdkconfig)?))
            } else {
                None
            },
            folder,
            description,
            sdkconfig,
        }))
    }

    /// Whether options were changed after the program was built.
    pub(crate) fn is_stale(&self) -> bool {
        let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
        let program = self.program.as_deref().and_then(changed);
        program
            .is_some_and(|program| changed(&self.sdkconfig).is_some_and(|config| config > program))
    }

    /// The UART that would carry its traces.
    pub(crate) fn uart(&self) -> Uart {
        self.config
            .as_ref()
            .map_or_else(|| Uart::of(&Sdkconfig::default()), Uart::of)
    }

    /// Where leakscope's component would send a recording.
    pub(crate) fn link(&self) -> Link {
        self.config
            .as_ref()
            .map_or_else(|| Link::of(&Sdkconfig::default()), Link::of)
    }

    /// What it is built for.
    pub(crate) fn chip(&self) -> Chip {
        self.build().chip
    }

    fn build(&self) -> Build<'_> {
        static NONE: LazyLock<Sdkconfig> = LazyLock::new(Sdkconfig::default);
        Build::of(&self.description, self.config.as_ref().unwrap_or(&NONE))
    }

    /// Its build, and what it has of each way of recording.
    pub(crate) fn examine(&self) -> Result<(Build<'_>, Vec<Examination>), UnknownVersion> {
        let build = self.build();
        let ways = examine(&build)?;
        Ok((build, ways))
    }

    /// The file that lines are added to, if there is one in the project.
    pub(crate) fn defaults(&self) -> Option<PathBuf> {
        let usual = self.folder.join("sdkconfig.defaults");
        let named = self.named_defaults();
        if named.is_empty() || named.contains(&usual) {
            return Some(usual);
        }
        let mut within = named.into_iter().rev();
        within.find(|path| path.starts_with(&self.folder))
    }

    /// Files of defaults as ESP-IDF reads them: each, then the same name with the chip's behind it.
    pub(crate) fn defaults_files(&self) -> anyhow::Result<Vec<DefaultsFile>> {
        let mut named = self.named_defaults();
        if named.is_empty() {
            named.push(self.folder.join("sdkconfig.defaults"));
        }
        let mut files = Vec::new();
        for path in named {
            let mut of_chip = path.clone().into_os_string();
            of_chip.push(format!(".{}", self.description.target));
            for path in [path, of_chip.into()] {
                if path.is_file() {
                    let text = String::from_utf8_lossy(&read(&path)?).into_owned();
                    let name = shown(&path);
                    files.push(DefaultsFile { name, text });
                }
            }
        }
        Ok(files)
    }

    /// Files of defaults that the build was told of, where they are now.
    fn named_defaults(&self) -> Vec<PathBuf> {
        let built_in = Path::new(&self.description.project_path);
        let names = self.description.defaults().map(Path::new);
        let files = names.map(|name| {
            let within = name.strip_prefix(built_in).unwrap_or(name);
            self.folder.join(within)
        });
        files.collect()
    }
}

/// The folder with the description: this one, `build` in it, or the only one in it whose name begins so.
fn build_folder(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    for build in [folder.to_owned(), folder.join("build")] {
        if build.join(DESCRIPTION).is_file() {
            return Ok(Some(build));
        }
    }
    // Only of projects, and not of each folder that is above them.
    if !folder.join("CMakeLists.txt").is_file() {
        return Ok(None);
    }
    let is_build = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("build") && path.join(DESCRIPTION).is_file()
    };
    let builds: Vec<PathBuf> = entries(folder).into_iter().filter(is_build).collect();
    match builds.as_slice() {
        [] => Ok(None),
        [build] => Ok(Some(build.clone())),
        several => {
            let names = several.iter().map(|build| format!("`{}`", shown(build)));
            let names = names.collect::<Vec<_>>().join(", ");
            let message = format!("`{}` was built several times: {names}", shown(folder));
            let hint = "--project takes the build folder, too";
            Err(Advised { message, hint }.into())
        }
    }
}
