//! Builds that are the same in every folder and at every time.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::run;

/// Splits flags in `CARGO_ENCODED_RUSTFLAGS`, where a path may hold blanks.
const SEPARATOR: &str = "\u{1f}";
/// What wheels have beyond the default.
const FEATURES: &str = "parquet";

/// How the command and the package are built.
pub(super) struct Toolchain<'p> {
    project: &'p Path,
    profile: &'p str,
    /// Apart from everyday builds: these have other flags.
    target: PathBuf,
    /// The environment that makes builds the same.
    environment: [(&'static str, OsString); 3],
}

impl<'p> Toolchain<'p> {
    pub(super) fn new(project: &'p Path, profile: &'p str) -> Result<Self> {
        let target = project.join("target/dist-build");
        let environment = [
            ("CARGO_ENCODED_RUSTFLAGS", flags(project)?.into()),
            ("SOURCE_DATE_EPOCH", date(project)?.into()),
            ("CARGO_TARGET_DIR", target.clone().into()),
        ];
        Ok(Self {
            project,
            profile,
            target,
            environment,
        })
    }

    /// Builds the command; where it is.
    pub(super) fn command(&self) -> Result<PathBuf> {
        run(self
            .program("cargo")
            .args([
                "build",
                "--locked",
                "-p",
                "leakscope",
                "--features",
                FEATURES,
            ])
            .args(["--profile", self.profile]))?;
        let folder = match self.profile {
            "dev" => "debug",
            other => other,
        };
        let name = format!("leakscope{}", env::consts::EXE_SUFFIX);
        Ok(self.target.join(folder).join(name))
    }

    /// Builds the wheel, with the same command in it, and the source distribution, into `folder`.
    pub(super) fn python(&self, folder: &Path) -> Result<()> {
        let mut wheel = self.program("maturin");
        wheel.args(["build", "--profile", self.profile]);
        let mut sources = self.program("maturin");
        sources.arg("sdist");
        for mut step in [wheel, sources] {
            step.current_dir(self.project.join("python"))
                .arg("--out")
                .arg(folder);
            run(&mut step).context("maturin is needed: pip install maturin")?;
        }
        Ok(())
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command
            .current_dir(self.project)
            .envs(self.environment.iter().cloned());
        command
    }
}

/// No path of this machine gets into what is built.
fn flags(project: &Path) -> Result<String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let sysroot = said(Command::new("rustc").args(["--print", "sysroot"]))?;
    let mut places = vec![
        (PathBuf::from(sysroot), "rust"),
        (project.to_owned(), "leakscope"),
    ];
    places.extend(home.map(|home| (home.join("registry/src"), "registry")));
    let flags = places
        .iter()
        .map(|(place, name)| format!("--remap-path-prefix={}=/{name}", place.display()));
    Ok(flags.collect::<Vec<_>>().join(SEPARATOR))
}

/// The date of everything: that of the last commit, in seconds, unless the environment has one.
fn date(project: &Path) -> Result<String> {
    match env::var("SOURCE_DATE_EPOCH") {
        Ok(date) => Ok(date),
        Err(_) => {
            said(
                Command::new("git")
                    .current_dir(project)
                    .args(["log", "-1", "--format=%ct"]),
            )
            .context("without git, SOURCE_DATE_EPOCH has to say the date of the release")
        }
    }
}

fn said(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("`{name}` cannot be run"))?;
    if !output.status.success() {
        bail!(
            "`{name}`: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
