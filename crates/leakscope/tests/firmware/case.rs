//! One build of one firmware with one fault: from its source to the report.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use leakscope_testing::espressif::{self, HeapReport};
use libtest_mimic::Failed;
use serde_json::Value;
use tempfile::TempDir;
use xtask::firmware::{Build, Firmware, Sink};

use crate::emulator::Emulator;
use crate::expected::Expected;
use crate::interrupted::Interruption;
use crate::openocd::Chip;
use crate::record::{self, By, Recorded};
use crate::{board, interrupted, openocd, symbols, uart};

/// What is run, and how it is read.
pub(crate) struct Case {
    pub(crate) firmware: Arc<Firmware>,
    pub(crate) build: Arc<Build>,
    pub(crate) variant: String,
    pub(crate) reader: Reader,
    /// What was built of this firmware.
    pub(crate) built: Arc<Built>,
}

/// ELF files, or why there is none, by build and variant.
pub(crate) type Built = Mutex<BTreeMap<(String, String), Result<PathBuf, String>>>;

/// What takes the recording out of the target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The target itself writes a stream (one for each core), or a dump, into files: always the same bytes.
    Files,
    /// RTT, by `leakscope record --gdb`: the target is stopped for each look.
    Gdb,
    /// RTT, by GDB with the file of `leakscope gdbinit`, at the end.
    Gdbinit,
    /// RTT, by `leakscope record --rtt-memory`: the target is never stopped.
    SharedMemory,
    /// A serial line.
    Uart,
    /// OpenOCD, of the virtual board.
    OpenOcd(Chip, By),
    /// The same, started by the command in a project.
    Started,
    /// Nobody: OpenOCD comes too late, and that must be said.
    TooLate,
    /// OpenOCD, and something comes between.
    Interrupted(Interruption, By),
    /// Files too, of the program in the virtual board instead of QEMU: the same packets.
    Board,
}

impl Reader {
    pub(crate) fn all_of(build: &Build, variant: &str) -> Vec<Self> {
        match build.sink {
            // In `burst` it matters when exactly an interrupt comes.
            Sink::Semihosting if build.name == "virt" && variant != "burst" => {
                vec![Self::Files, Self::Board]
            }
            Sink::Semihosting | Sink::Dump => vec![Self::Files],
            Sink::Rtt => vec![Self::Gdb, Self::SharedMemory],
            Sink::Gdb => vec![Self::Gdb, Self::Gdbinit],
            Sink::Uart => vec![Self::Uart],
            Sink::Text => Vec::new(),
            Sink::Apptrace => Self::all_of_apptrace(variant),
            Sink::BoardRtt => vec![Self::OpenOcd(Chip::RiscV, By::Tcl)],
        }
    }

    fn all_of_apptrace(variant: &str) -> Vec<Self> {
        let by = |by| Self::OpenOcd(Chip::Esp32C3, by);
        match variant {
            "steady" => {
                let mut readers = vec![by(By::Tcl), by(By::Gdb), by(By::Gdbinit)];
                readers.extend([Self::Started, Self::TooLate]);
                for interruption in Interruption::ALL {
                    let by = [By::Tcl, By::Gdb].into_iter();
                    readers.extend(by.map(|by| Self::Interrupted(interruption, by)));
                }
                readers
            }
            "restart" => vec![by(By::Tcl), by(By::Gdb)],
            _ => vec![by(By::Tcl)],
        }
    }

    /// What it needs beside the build's own needs, and is not there.
    pub(crate) fn missing(self) -> Option<String> {
        match self {
            Self::OpenOcd(_, By::Tcl | By::Gdb)
            | Self::Started
            | Self::TooLate
            | Self::Interrupted(..) => openocd::missing(),
            Self::OpenOcd(_, By::Gdbinit) => openocd::missing().or_else(record::missing),
            Self::Gdbinit => record::missing(),
            _ => None,
        }
    }

    pub(crate) fn suffix(self) -> String {
        let suffix = match self {
            Self::Interrupted(interruption, by) => {
                let by = match by {
                    By::Gdb => "gdb",
                    _ => "openocd",
                };
                return format!("::{by}::{}", interruption.name());
            }
            Self::Gdb | Self::OpenOcd(_, By::Gdb) => "::gdb",
            Self::Gdbinit | Self::OpenOcd(_, By::Gdbinit) => "::gdbinit",
            Self::OpenOcd(_, By::Tcl) => "::openocd",
            Self::SharedMemory => "::shared_memory",
            Self::Started => "::started",
            Self::TooLate => "::too_late",
            Self::Board => "::board",
            Self::Files | Self::Uart => "",
        };
        suffix.to_owned()
    }
}

impl Case {
    pub(crate) fn run(&self) -> Result<(), Failed> {
        let elf = self.compile()?;
        if !symbols::is_zero_at_start(&elf, "_SEGGER_RTT")? {
            return Err("the recorder's buffer takes room in flash".into());
        }
        let mut name = self.variant.clone();
        match self.reader {
            Reader::TooLate => return openocd::record_too_late(&elf, TempDir::new()?.path()),
            Reader::Interrupted(interruption, _) => name += interruption.expectation(),
            _ => {}
        }
        let expected = Expected::read(&self.firmware, &self.build, &name)?;
        let recording = self.record(&elf, &expected)?;
        if self.reader == Reader::Board {
            let in_qemu = self.record_as(Reader::Files, &elf, &expected)?;
            return board::compare(&recording.files, &in_qemu.files);
        }
        if self.reader == Reader::Files {
            // In one run of sixty or so, QEMU's timer comes some instructions late: then nothing but times
            // may differ, and a third run decides.
            let again = self.record(&elf, &expected)?;
            if again != recording {
                board::compare(&recording.files, &again.files)?;
                if ![&recording, &again].contains(&&self.record(&elf, &expected)?) {
                    return Err("three runs gave three times other bytes".into());
                }
            }
        }
        let report = report(&recording.files, &elf)?;
        if let Some(live) = &recording.report
            && *live != report
        {
            return Err("the report at the end of the recording is not that of its file".into());
        }
        if self.build.name.ends_with("-esp-idf") {
            agrees_with_espressif(&recording.files, &report["totals"])?;
        }
        expected.compare(&report).map_err(|difference| {
            let text = serde_json::to_string_pretty(&report).unwrap_or_default();
            Failed::from(format!("{difference}\nThe report:\n{text}"))
        })
    }

    /// The ELF file; each is built once, and one after the other of those that share a folder.
    fn compile(&self) -> Result<PathBuf, Failed> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (self.build.name.clone(), self.variant.clone());
        let elf = built.entry(key).or_insert_with(|| {
            let elf = self.firmware.compile(&self.build, &self.variant);
            elf.map_err(|error| format!("{error:#}"))
        });
        elf.clone().map_err(Failed::from)
    }

    fn record(&self, elf: &Path, expected: &Expected) -> Result<RunOutput, Failed> {
        self.record_as(self.reader, elf, expected)
    }

    /// Runs the target to its end; what came out of it.
    fn record_as(
        &self,
        reader: Reader,
        elf: &Path,
        expected: &Expected,
    ) -> Result<RunOutput, Failed> {
        let folder = TempDir::new()?;
        match reader {
            Reader::Started => return Ok(record::started(elf, folder.path())?.into()),
            Reader::OpenOcd(chip, by) => {
                return Ok(record::openocd(elf, folder.path(), chip, by)?.into());
            }
            Reader::Interrupted(interruption, by) => {
                return Ok(interrupted::record(interruption, by, elf, folder.path())?.into());
            }
            Reader::Board => {
                board::run(elf, &self.variant, folder.path(), expected.exit_code)?;
                return files(folder.path()).map(RunOutput::of);
            }
            _ => {}
        }
        let mut command = self
            .firmware
            .run(&self.build, elf, &self.variant, folder.path());
        if matches!(reader, Reader::Gdb | Reader::Gdbinit) {
            // It begins when the debugger says so.
            command.arg("-S");
        }
        let mut emulator = Emulator::start(&command, folder.path())?;
        let recorded = match reader {
            Reader::Gdb => record::gdb(&mut emulator, elf)?,
            Reader::Gdbinit => record::gdbinit(&mut emulator, elf)?,
            Reader::SharedMemory => record::shared_memory(&mut emulator, elf, self.build.ram_base)?,
            Reader::Uart => Recorded {
                bytes: uart::record(&mut emulator)?,
                report: None,
            },
            _ => {
                emulator.end(expected.exit_code)?;
                return files(folder.path()).map(RunOutput::of);
            }
        };
        emulator.end(expected.exit_code)?;
        Ok(recorded.into())
    }
}

/// By the rules of Espressif's script, there is as much of everything.
fn agrees_with_espressif(files: &Files, totals: &Value) -> Result<(), Failed> {
    let recordings: Vec<&[u8]> = files.values().map(Vec::as_slice).collect();
    let theirs = espressif::read(&recordings)?;
    let number = |name: &str| totals[name].as_u64().unwrap_or_default();
    let ours = HeapReport {
        events: number("heap_events"),
        leaked_blocks: number("outstanding_blocks"),
        leaked_bytes: number("outstanding_bytes"),
    };
    if ours == theirs {
        Ok(())
    } else {
        Err(format!("{ours:?}, but by Espressif's rules {theirs:?}").into())
    }
}

/// What came out of a run.
#[derive(PartialEq)]
pub(crate) struct RunOutput {
    pub(crate) files: Files,
    /// What `leakscope record` said of it.
    report: Option<Value>,
}

impl RunOutput {
    fn of(files: Files) -> Self {
        Self {
            files,
            report: None,
        }
    }
}

impl From<Recorded> for RunOutput {
    fn from(recorded: Recorded) -> Self {
        Self {
            files: Files::from([("trace.svdat".to_owned(), recorded.bytes)]),
            report: recorded.report,
        }
    }
}

/// Files, by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The files that the target wrote: `trace.svdat`, or one for each core, or a dump.
fn files(folder: &Path) -> Result<Files, Failed> {
    let mut files = Files::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("trace") || name == "console.log" {
            files.insert(name.into_owned(), fs::read(&path)?);
        }
    }
    Ok(files)
}

/// What the command says.
fn report(recording: &Files, elf: &Path) -> Result<Value, Failed> {
    let folder = TempDir::new()?;
    for (name, bytes) in recording {
        fs::write(folder.path().join(name), bytes)?;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_leakscope"))
        .args(["report", "--format", "json", "--elf"])
        .arg(elf)
        .args(recording.keys())
        .current_dir(folder.path())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
