//! The questions of a fleet on a cluster of this machine: `cargo xtask fleet-proof`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Builds scheduler and executor of the locked version beside `leakscope-fleet`, and runs the test that starts them.
pub fn prove(project: &Path) -> Result<()> {
    // A folder of its own: with a cluster, the engine is built with other features.
    let build = "build --locked --features servers --target-dir target/cluster -p leakscope-fleet \
                 -p ballista-scheduler -p ballista-executor --bin ballista-scheduler --bin ballista-executor";
    let test = "test --locked --features servers --target-dir target/cluster --test fleet \
                a_cluster_gives_the_same_rows -- --ignored --nocapture";
    for arguments in [build, test] {
        let mut command = Command::new("cargo");
        command
            .args(arguments.split(' '))
            .current_dir(project.join("fleet"));
        let status = command.status().context("cannot run cargo")?;
        ensure!(status.success(), "`cargo {arguments}` failed");
    }
    Ok(())
}
