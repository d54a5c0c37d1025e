//! What is done with this project besides cargo's own commands: `cargo xtask`.
//!
//! The command is in `main.rs`. What it does is here:
//!
//! - [`dist`]: what a release gives out.
//! - [`firmware`]: the programs of the folder `firmware/`, built and run in QEMU.
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

use std::path::{Path, PathBuf};

/// The root of the project.
pub fn project() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
