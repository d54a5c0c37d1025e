//! `cargo xtask dist`: all that a release gives out, in one folder, and the same bytes whoever makes it.
//!
//! - `build` has cargo and maturin build the command and the Python package.
//! - `integrations` copies what programs in C take.
//! - `checksums` lists what there is.

mod build;
mod checksums;
mod integrations;

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::run;
use build::Toolchain;

/// What lies beside the program, for who unpacks it.
const DOCUMENTS: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Shells, and the names under which they look for completions.
const COMPLETIONS: [(&str, &str); 4] = [
    ("bash", "leakscope"),
    ("zsh", "_leakscope"),
    ("fish", "leakscope.fish"),
    ("powershell", "_leakscope.ps1"),
];

/// Makes a release of `project` in `output`, which must not be there yet.
pub fn make(project: &Path, output: &Path, profile: &str) -> Result<()> {
    if output.exists() {
        bail!(
            "`{}` exists: remove it, or name another folder with --output",
            output.display()
        );
    }
    fs::create_dir_all(output)?;
    let output = output.canonicalize()?;
    let toolchain = Toolchain::new(project, profile)?;
    let program = toolchain.command()?;
    let name = program.file_name().context("the program has a name")?;
    copy(&program, &output.join("bin").join(name))?;
    for document in DOCUMENTS {
        copy(&project.join(document), &output.join(document))?;
    }
    completions(&program, &output.join("completions"))?;
    run(Command::new(&program).arg("man").arg(output.join("man")))?;
    toolchain.python(&output.join("python"))?;
    integrations::copy_all(project, &output)?;
    checksums::write(&output)
}

fn completions(program: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for (shell, name) in COMPLETIONS {
        let script = File::create(folder.join(name))?;
        run(Command::new(program)
            .args(["completions", shell])
            .stdout(script))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).with_context(|| format!("`{}` cannot be copied", from.display()))?;
    Ok(())
}
