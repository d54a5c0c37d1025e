//! `leakscope fleet`: runs the program leakscope-fleet, which is beside this one or in the PATH.

use std::env;
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Context;

use crate::cli::Fleet;
use crate::screen::Advised;

/// The program, without what some systems add to names of programs.
const PROGRAM: &str = "leakscope-fleet";

impl Fleet {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let ran = Command::new(program()).args(&self.arguments).status();
        match ran {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Advised {
                message: format!("there is no program `{PROGRAM}`, neither beside this one nor in the PATH"),
                hint: "it is installed by itself: `cargo install --path fleet` in leakscope's sources (docs/fleet.md)",
            }
            .into()),
            ran => {
                let status = ran.with_context(|| format!("`{PROGRAM}`"))?;
                // One that was ended by a signal has no code.
                Ok(ExitCode::from(status.code().map_or(2, |code| code as u8)))
            }
        }
    }
}

/// Beside this program, or else wherever the system finds it.
fn program() -> PathBuf {
    let name = format!("{PROGRAM}{}", env::consts::EXE_SUFFIX);
    let beside = env::current_exe().map(|this| this.with_file_name(&name));
    let found = beside.ok().filter(|path| path.is_file());
    found.unwrap_or_else(|| name.into())
}
