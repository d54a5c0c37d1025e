//! The recorder in C, by itself and in the shape that ESP-IDF and Zephyr want. In the repository there is one copy of it, which
//! their build files find; what is given out has to stand alone.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::copy;

const RECORDER: &str = "integrations/c";

/// Where each of them is, and the name of its folder in a release.
const AROUND_IT: [(&str, &str); 2] = [
    ("integrations/esp-idf/leakscope", "esp-idf/leakscope"),
    ("integrations/zephyr", "zephyr/leakscope"),
];

/// What the build files compile of the recorder.
const COMPILED: [&str; 3] = ["leakscope.c", "leakscope.h", "leakscope_wrap.c"];

const LICENCES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

pub(super) fn copy_all(project: &Path, output: &Path) -> Result<()> {
    let recorder = project.join(RECORDER);
    copy_folder(&recorder, &output.join("c"))?;
    for (from, name) in AROUND_IT {
        let to = output.join(name);
        copy_folder(&project.join(from), &to)?;
        for file in COMPILED {
            copy(&recorder.join(file), &to.join("recorder").join(file))?;
        }
        for licence in LICENCES {
            copy(&project.join(licence), &to.join(licence))?;
        }
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    let entries = fs::read_dir(from).with_context(|| format!("`{}`", from.display()))?;
    for entry in entries {
        let path = entry?.path();
        let target = to.join(path.file_name().context("it has a name")?);
        if path.is_dir() {
            copy_folder(&path, &target)?;
        } else {
            copy(&path, &target)?;
        }
    }
    Ok(())
}
