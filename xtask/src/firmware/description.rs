//! `firmware.json`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use indexmap::IndexMap;
use serde::Deserialize;

use super::{Build, Firmware};

/// How a build's output is had.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Sink {
    /// The firmware writes the file `trace.svdat`.
    Semihosting,
    /// The firmware writes a dump into the file `console.log`.
    Dump,
    /// From the target's memory: the file `ram`, or GDB's stub at `gdb.socket`.
    Rtt,
    /// From GDB's stub at `gdb.socket`; the buffer holds all.
    Gdb,
    /// From `uart.socket`.
    Uart,
    /// There is none: the firmware prints what it has measured.
    Text,
    /// By Espressif's OpenOCD, of the virtual board.
    Apptrace,
    /// By RTT, through OpenOCD, of the virtual board.
    BoardRtt,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirmwareJson {
    about: String,
    variants: Vec<String>,
    /// In the order of the file.
    builds: IndexMap<String, BuildJson>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BuildJson {
    needs: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    build: Vec<String>,
    elf: String,
    run: Vec<String>,
    sink: Sink,
    #[serde(default)]
    ram_base: Option<String>,
    #[serde(default)]
    variants: Option<Vec<String>>,
}

impl Firmware {
    /// Reads the description in `folder`.
    pub(super) fn read(project: &Path, folder: &Path) -> Result<Self> {
        let path = folder.join("firmware.json");
        let read = || -> Result<Self> {
            let json: FirmwareJson = serde_json::from_str(&fs::read_to_string(&path)?)?;
            let builds = json.builds.into_iter();
            Ok(Self {
                name: folder
                    .file_name()
                    .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
                about: json.about,
                variants: json.variants,
                builds: builds
                    .map(|(name, build)| Build::read(name, build))
                    .collect::<Result<_>>()?,
                folder: folder.to_owned(),
                project: project.to_owned(),
            })
        };
        read().with_context(|| format!("cannot read {}", path.display()))
    }
}

impl Build {
    fn read(name: String, json: BuildJson) -> Result<Self> {
        Ok(Self {
            name,
            sink: json.sink,
            ram_base: json.ram_base.as_deref().map_or(Ok(0), address)?,
            tested_variants: json.variants,
            needs: json.needs,
            environment: json.environment,
            command: json.build,
            elf: json.elf,
            run: json.run,
        })
    }
}

fn address(text: &str) -> Result<u64> {
    let digits = text.trim_start_matches("0x");
    u64::from_str_radix(digits, 16).with_context(|| format!("{text} is not an address"))
}
