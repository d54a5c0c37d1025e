//! `cargo xtask fleet-proof`: a cluster on this machine answers as one engine does. The proof is a test of `fleet/`; here is what
//! it needs: the cluster's servers.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::run;

/// The servers, which are crates of the same version as their client.
const SERVERS: [&str; 2] = ["ballista-scheduler", "ballista-executor"];

/// Installs the servers in the target folder of `fleet/`, if they are not there, and runs the proof.
pub fn prove(project: &Path) -> Result<()> {
    let fleet = project.join("fleet");
    let lock = fs::read_to_string(fleet.join("Cargo.lock"))?;
    let version = client(&lock)?;
    let servers = fleet.join(format!("target/ballista-{version}"));
    let bin = servers.join("bin");
    let cargo = |arguments: &[&str]| {
        let mut cargo = Command::new("cargo");
        // As fleet/Cargo.toml has it: what took minutes to build is not built again.
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "false");
        cargo.env("LEAKSCOPE_BALLISTA", &bin);
        cargo.current_dir(&fleet).args(arguments);
        cargo
    };
    let features = ["--no-default-features", "--features", "build-binary"];
    for name in SERVERS.into_iter().filter(|name| !bin.join(name).exists()) {
        let mut install = cargo(&["install", "--debug", "--target-dir", "target", "--root"]);
        install.arg(&servers).args(features);
        run(install.arg(format!("{name}@{version}")))?;
    }
    run(&mut cargo(&[
        "test",
        "--features",
        "cluster",
        "--locked",
        "--",
        "cluster",
        "--ignored",
        "--nocapture",
    ]))
}

/// The version of the client, in a lock file.
fn client(lock: &str) -> Result<&str> {
    let behind = lock.split("name = \"ballista\"\nversion = \"").nth(1);
    let version = behind.and_then(|behind| behind.split('"').next());
    version.context("fleet/Cargo.lock names no `ballista`")
}
