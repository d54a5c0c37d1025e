//! What is done with this project besides cargo's own commands: `cargo xtask`.
//!
//! The command is in `main.rs`. What it does is here:
//!
//! - [`dist`]: what a release gives out.
//! - [`firmware`]: the programs of the folder `firmware/`, built and run in QEMU.
//! - [`fleet`]: what a fleet's questions need of a cluster.
//!
//! ```no_run
//! let project = xtask::project();
//! for firmware in xtask::firmware::all(&project)? {
//!     for build in &firmware.builds {
//!         if build.missing().is_empty() {
//!             let variant = firmware.usual_variant();
//!             let elf = firmware.compile(build, variant)?;
//!             println!("{}", elf.display());
//!         }
//!     }
//! }
//! # Ok::<(), anyhow::Error>(())
//! ```

pub mod dist;
pub mod firmware;
pub mod fleet;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The root of the project.
pub fn project() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Runs a program to a good end.
fn run(command: &mut Command) -> Result<()> {
    let program = PathBuf::from(command.get_program());
    let status = command
        .status()
        .with_context(|| format!("`{}` cannot be run", program.display()))?;
    if !status.success() {
        bail!("`{}` has failed: {status}", program.display());
    }
    Ok(())
}
