//! `cargo xtask`: see `--help`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use xtask::dist;
use xtask::firmware::{self, Build, Firmware, Sink};
use xtask::fleet;

/// What is done with this project besides cargo's own commands
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the programs of the folder firmware/, and run them in QEMU
    Firmware {
        #[command(subcommand)]
        what: Option<FirmwareTask>,
    },
    /// Make a release: program, completions, manual pages, wheel, source distribution, checksums
    Dist {
        /// The folder for it
        #[arg(long, default_value = "target/dist")]
        output: PathBuf,
        /// Cargo's profile
        #[arg(long, default_value = "dist")]
        profile: String,
    },
    /// Start a cluster on this machine, kill an executor in each query, and compare rows with those of one engine
    FleetProof,
}

#[derive(Subcommand)]
enum FirmwareTask {
    /// Build all, or one; the default
    Build {
        /// The firmware: the name of its folder
        name: Option<String>,
        /// One of its builds: the board, and what else makes it different
        #[arg(long)]
        build: Option<String>,
    },
    /// Build one and run it
    Run {
        /// The firmware: the name of its folder
        name: String,
        /// One of its builds: the board, and what else makes it different
        #[arg(long)]
        build: Option<String>,
        /// The fault that it has
        #[arg(long)]
        variant: Option<String>,
        /// The folder for its output
        #[arg(long, default_value = ".")]
        output: PathBuf,
    },
    /// Name all firmware, with builds and variants
    List,
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Firmware { what } => firmware_task(what),
        Task::Dist { output, profile } => dist::make(&xtask::project(), &output, &profile),
        Task::FleetProof => fleet::prove(&xtask::project()),
    }
}

fn firmware_task(what: Option<FirmwareTask>) -> Result<()> {
    let all = firmware::all(&xtask::project())?;
    match what {
        None => build_all(&all, None, None),
        Some(FirmwareTask::Build { name, build }) => {
            build_all(&all, name.as_deref(), build.as_deref())
        }
        Some(FirmwareTask::Run {
            name,
            build,
            variant,
            output,
        }) => {
            let firmware = find(&all, &name)?;
            let chosen = variant.as_deref().unwrap_or(firmware.usual_variant());
            firmware.check_variant(chosen)?;
            run(firmware, firmware.build(build.as_deref())?, chosen, &output)
        }
        Some(FirmwareTask::List) => {
            list(&all);
            Ok(())
        }
    }
}

fn find<'a>(all: &'a [Firmware], name: &str) -> Result<&'a Firmware> {
    let found = all.iter().find(|firmware| firmware.name == name);
    found.with_context(|| format!("there is no firmware {name}"))
}

/// Builds all firmware, or one, with all its builds, or one; passes over what cannot be built here.
fn build_all(all: &[Firmware], name: Option<&str>, build: Option<&str>) -> Result<()> {
    if let Some(name) = name {
        find(all, name)?;
    }
    let chosen = |firmware: &&Firmware| name.is_none_or(|name| firmware.name == name);
    for firmware in all.iter().filter(chosen) {
        let builds = match build {
            Some(_) => std::slice::from_ref(firmware.build(build)?),
            None => &firmware.builds,
        };
        for build in builds {
            let missing = build.missing();
            if !missing.is_empty() {
                say(&format!(
                    "skipped {} {}: {} missing",
                    firmware.name,
                    build.name,
                    missing.join(", ")
                ));
                continue;
            }
            let elf = firmware.compile(build, firmware.usual_variant())?;
            say(&format!(
                "{} {}: {}",
                firmware.name,
                build.name,
                elf.display()
            ));
        }
    }
    Ok(())
}

/// Builds a firmware and runs it in the working folder `output`.
fn run(firmware: &Firmware, build: &Build, variant: &str, output: &Path) -> Result<()> {
    let missing = build.missing();
    if !missing.is_empty() {
        bail!("{} missing", missing.join(", "));
    }
    let elf = firmware.compile(build, variant)?;
    fs::create_dir_all(output).context("cannot make the output folder")?;
    let output = output.canonicalize().context("the output folder is gone")?;
    let mut command = firmware.run(build, &elf, variant, &output);
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", command.get_program().to_string_lossy()))?;
    let result = match build.sink {
        Sink::Semihosting => "trace.svdat",
        Sink::Dump => "console.log",
        Sink::Rtt | Sink::Gdb | Sink::Uart | Sink::Apptrace | Sink::BoardRtt | Sink::Text => {
            return Ok(());
        }
    };
    // A relative name where that is what the user can type.
    let here = env::current_dir().unwrap_or_default();
    let result = output.join(result);
    let shown = result.strip_prefix(&here).unwrap_or(&result);
    say(&format!(
        "{status}\nleakscope report {} --elf {}",
        shown.display(),
        elf.display()
    ));
    Ok(())
}

fn list(all: &[Firmware]) {
    for firmware in all {
        let builds: Vec<&str> = firmware
            .builds
            .iter()
            .map(|build| build.name.as_str())
            .collect();
        say(&format!(
            "{}: {}\n  builds: {}\n  variants: {}",
            firmware.name,
            firmware.about,
            builds.join(", "),
            firmware.variants.join(", ")
        ));
    }
}

#[allow(clippy::print_stdout, reason = "what the command is for")]
fn say(text: &str) {
    println!("{text}");
}
