//! Programs that Zephyr's build has made.

use std::path::{Path, PathBuf};

use super::entries;

/// The programs of the build in this folder, which may also be a build folder; none if there is no such build.
///
/// With sysbuild, each image has a folder of its own: the application's, and mostly a bootloader's.
pub(super) fn programs(folder: &Path) -> Option<Vec<PathBuf>> {
    const PROGRAM: &str = "zephyr/zephyr.elf";
    let mut builds = [folder.join("build"), folder.to_owned()].into_iter();
    builds.find_map(|build| {
        let images = [build.clone()].into_iter().chain(entries(&build));
        let programs = images.map(|image| image.join(PROGRAM));
        let found: Vec<PathBuf> = programs.filter(|program| program.is_file()).collect();
        (!found.is_empty()).then_some(found)
    })
}
