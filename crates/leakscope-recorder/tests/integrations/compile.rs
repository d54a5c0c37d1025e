//! Compilers, and headers that stand in for others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) const INTEGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../integrations");

const WARNINGS: [&str; 4] = ["-std=gnu17", "-Wall", "-Wextra", "-Werror"];

/// A folder of a test's own, in which each of these headers includes the stand-in.
pub(crate) fn headers(name: &str, headers: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    for header in headers {
        let path = folder.join(header);
        fs::create_dir_all(path.parent().expect("it lies in the folder"))
            .and_then(|()| fs::write(&path, "#include \"stand_in.h\"\n"))
            .expect("the target folder can be written");
    }
    folder
}

/// A compiler, told to look for headers in folders.
pub(crate) fn compiler(name: &str, folders: &[&Path]) -> Command {
    let mut command = Command::new(name);
    command.args(WARNINGS);
    for folder in folders {
        command.arg("-I").arg(folder);
    }
    command
}

/// Runs a command that must succeed.
pub(crate) fn run(command: &mut Command) {
    let output = command.output().expect("it was found");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{said}");
}
