//! In a folder in which firmware is built.
//!
//! - [`doctor`]: what is said of projects of each version of ESP-IDF, against the files in `golden`.
//! - [`program`]: which program is taken for a recording.
//! - [`record`]: recording without naming anything, and OpenOCD as a child.

mod doctor;
mod program;
mod record;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::run::{Run, leakscope};

/// A project of ESP-IDF's, as its build leaves it.
struct EspIdf {
    _folder: TempDir,
    /// With a space in its name.
    root: PathBuf,
}

impl EspIdf {
    /// For this chip, by this version, with this `sdkconfig`. It was built elsewhere, as in a container.
    fn new(target: &str, revision: &str, config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let project = Self {
            root: folder.path().join("my project"),
            _folder: folder,
        };
        fs::create_dir_all(project.root.join("build")).expect("a folder with room");
        let description = json!({
            "version": "1.2",
            "project_name": "demo",
            "project_path": "/project",
            "build_dir": "/project/build",
            "config_file": "/project/sdkconfig",
            "config_defaults": "/project/sdkconfig.defaults",
            "app_elf": "demo.elf",
            "target": target,
            "git_revision": revision,
            "build_components": ["app_trace", "heap"],
            "build_component_info": {"heap": {"sources": ["a.c"]}},
        });
        project.write("build/project_description.json", &description.to_string());
        project.write("sdkconfig", config);
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a folder with room");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file")
    }

    /// The command, in its folder.
    fn run(&self, arguments: &[&str]) -> Run {
        within(&self.root, arguments)
    }
}

/// The command in this folder, with nothing of the tester's own ESP-IDF around it.
fn within(folder: &Path, arguments: &[&str]) -> Run {
    let mut run = leakscope(arguments).in_folder(folder);
    for name in [
        "OPENOCD_COMMANDS",
        "OPENOCD_SCRIPTS",
        "IDF_TOOLS_PATH",
        "CARGO_TARGET_DIR",
    ] {
        run = run.without(name);
    }
    run
}
