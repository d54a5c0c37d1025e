//! Images of memory: that of our GDB client is QEMU's own, to the byte; and what is planted in a program is found in it.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use leakscope_capture::Interrupt;
use leakscope_capture::course::Debugger;
use leakscope_capture::gdb::{Client, Endpoint, GdbDebugger};
use leakscope_capture::memory::{Memory, Snapshot, SnapshotRequest};
use leakscope_symbols::Symbols;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;
use xtask::firmware::{Build, Firmware, Sink};

use crate::emulator::Emulator;
use crate::openocd::{self, Chip, OpenOcd};
use crate::{record, skipped};

/// An answer takes no longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The build whose recorder GDB reads.
const BUILD: &str = "mps2-an385-gdb";

/// A trial each; or one that says what is missing.
pub(crate) fn trials(all: &[Arc<Firmware>]) -> Vec<Trial> {
    let found = all.iter().find_map(|firmware| {
        let build = firmware.builds.iter().find(|build| build.name == BUILD);
        build.map(|build| (Arc::clone(firmware), Arc::new(build.clone())))
    });
    let Some((firmware, build)) = found else {
        return vec![Trial::test("image", || {
            Err(format!("no firmware has a build {BUILD}").into())
        })];
    };
    let missing = build.missing().join(", ");
    if !missing.is_empty() {
        return vec![Trial::test("image", move || skipped("image", &missing))];
    }
    // They share a folder of the compiler's, so they run one after the other.
    let emulated = Trial::test("image", move || {
        is_that_of_the_emulator(&Target::build(&firmware, &build, "steady")?)?;
        table_is_held_by_its_global(&Target::build(&firmware, &build, "growing-table")?)?;
        error_path_is_lost(&Target::build(&firmware, &build, "error-path")?)
    });
    vec![emulated, on_the_board(all)]
}

/// The virtual board behind OpenOCD.
fn on_the_board(all: &[Arc<Firmware>]) -> Trial {
    const NAME: &str = "image::board";
    let found = all.iter().find_map(|firmware| {
        let build = firmware
            .builds
            .iter()
            .find(|build| build.sink == Sink::Apptrace);
        build.map(|build| (Arc::clone(firmware), build.clone()))
    });
    let Some((firmware, build)) = found else {
        return Trial::test(NAME, || Err("no firmware has a build for the board".into()));
    };
    let missing = build.missing().into_iter().map(str::to_owned);
    let missing: Vec<String> = missing.chain(openocd::missing()).collect();
    let missing = missing.join(", ");
    if !missing.is_empty() {
        return Trial::test(NAME, move || skipped(NAME, &missing));
    }
    Trial::test(NAME, move || {
        let elf = firmware
            .compile(&build, "steady")
            .map_err(|error| format!("{error:#}"))?;
        is_the_same_through_gdb_and_tcl(&elf)
    })
}

/// What OpenOCD says of one moment through its GDB server is what it says through its own port.
fn is_the_same_through_gdb_and_tcl(elf: &Path) -> Result<(), Failed> {
    let folder = TempDir::new()?;
    let openocd = OpenOcd::start(elf, folder.path(), Chip::Esp32C3)?;
    let endpoint = |service| -> Result<Endpoint, Failed> {
        Ok(format!("127.0.0.1:{}", openocd.port(service)?).parse()?)
    };
    let mut tcl =
        leakscope_capture::openocd::Client::connect(&endpoint("tcl")?, &Interrupt::default())?;
    tcl.halt()?;
    let client = Client::connect(&endpoint("gdb")?, PATIENCE, &Interrupt::default())?;
    let mut gdb = GdbDebugger::new(client);
    let ram = Symbols::open(elf)?.ram().to_vec();
    let through_gdb = snapshot(&ram, &mut gdb)?;
    let through_tcl = snapshot(&ram, &mut tcl)?;
    drop((gdb, tcl));
    openocd.end()?;
    let read: usize = through_gdb
        .pieces
        .iter()
        .map(|(_, bytes)| bytes.len())
        .sum();
    if read == 0 || through_gdb.pieces != through_tcl.pieces {
        return Err(format!("{read} bytes are not the same").into());
    }
    let [one, other] = [&through_gdb, &through_tcl].map(|of| of.registers.first());
    if one.is_none() || one.map(|core| &core.values) != other.map(|core| &core.values) {
        return Err(format!("{one:x?} and {other:x?} are not the same registers").into());
    }
    Ok(())
}

fn snapshot<D: Debugger + Memory>(ram: &[Range<u64>], target: &mut D) -> Result<Snapshot, Failed> {
    let request = SnapshotRequest::new(ram.to_vec());
    request.take(target);
    Ok(request.taken().ok_or("no snapshot was made")?)
}

/// A program, and how it is run.
struct Target {
    elf: PathBuf,
    command: Command,
    folder: TempDir,
}

impl Target {
    fn build(firmware: &Firmware, build: &Build, variant: &str) -> Result<Self, Failed> {
        let folder = TempDir::new()?;
        let elf = firmware
            .compile(build, variant)
            .map_err(|error| format!("{error:#}"))?;
        let mut command = firmware.run(build, &elf, variant, folder.path());
        command.arg("-S");
        Ok(Self {
            elf,
            command,
            folder,
        })
    }

    /// Starts it; it stands still until a debugger says otherwise.
    fn start(&self) -> Result<Emulator, Failed> {
        let mut emulator = Emulator::start(&self.command, self.folder.path())?;
        drop(emulator.connect("gdb.socket")?);
        Ok(emulator)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Records it with an image, and reports on both.
    fn report(&self) -> Result<Value, Failed> {
        let emulator = self.start()?;
        let folder = emulator.folder();
        let arguments = ["record", "--gdb", "./gdb.socket", "--image"];
        let started = record::start(record::leakscope(folder, &self.elf, &arguments))?;
        let recorded = record::finish(folder, started)?;
        is_private(&self.path("trace.core"))?;
        let report = self.read(&["report", "trace.svdat", "--image", "trace.core"])?;
        if recorded.report.as_ref() != Some(&report) {
            return Err("the report at the end of the recording is another one".into());
        }
        Ok(report)
    }
}

impl Target {
    /// What the command says of the files in the folder.
    fn read(&self, arguments: &[&str]) -> Result<Value, Failed> {
        let output = Command::new(env!("CARGO_BIN_EXE_leakscope"))
            .args(arguments)
            .args(["--format", "json", "--elf"])
            .arg(&self.elf)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// Nobody else may read what was in memory.
fn is_private(path: &Path) -> Result<(), Failed> {
    use std::os::unix::fs::PermissionsExt;
    match fs::metadata(path)?.permissions().mode() & 0o777 {
        0o600 => Ok(()),
        mode => Err(format!("the image has mode {mode:o}").into()),
    }
}

fn is_that_of_the_emulator(target: &Target) -> Result<(), Failed> {
    let _emulator = target.start()?;
    let symbols = Symbols::open(&target.elf)?;
    let stop = symbols
        .symbol("heap_trace_stop")
        .ok_or("the program has no end")?;
    let endpoint = target.path("gdb.socket").display().to_string().parse()?;
    let mut client = Client::connect(&endpoint, PATIENCE, &Interrupt::default())?;
    client.set_breakpoint(stop.address)?;
    client.resume()?;
    client
        .wait(Duration::from_secs(50))?
        .ok_or("it never came there")?;
    let ram = symbols.ram().to_vec();
    let mut files = Vec::new();
    for range in &ram {
        let file = target.path(&format!("saved{:x}", range.start));
        let (start, length) = (range.start, range.end - range.start);
        client.monitor(&format!(
            "pmemsave {start:#x} {length} \"{}\"",
            file.display()
        ))?;
        files.push((start, file));
    }
    let snapshot = snapshot(&ram, &mut GdbDebugger::new(client))?;
    for (start, file) in files {
        let saved = fs::read(&file)?;
        let end = start + saved.len() as u64;
        let piece = snapshot
            .pieces
            .iter()
            .find(|(from, bytes)| *from <= start && end <= from + bytes.len() as u64);
        let (from, bytes) = piece.ok_or("a range is missing")?;
        let offset = (start - from) as usize;
        if bytes[offset..offset + saved.len()] != saved || saved.is_empty() {
            return Err(format!("memory from {start:#x} on is not QEMU's").into());
        }
    }
    Ok(())
}

/// The call site whose innermost function has this name.
fn site<'r>(report: &'r Value, function: &str) -> Result<&'r Value, Failed> {
    let sites = report["call_sites"].as_array().into_iter().flatten();
    let mut named = sites.filter(|site| {
        site["frames"]
            .as_array()
            .is_some_and(|frames| frames.iter().any(|frame| frame["function"] == function))
    });
    named
        .next()
        .ok_or_else(|| Failed::from(format!("no call site in {function}\n{report:#}")))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn table_is_held_by_its_global(target: &Target) -> Result<(), Failed> {
    let report = target.report()?;
    let site = site(&report, "open_session")?;
    let memory = &site["memory"];
    let holder = memory["holder"].as_str().unwrap_or_default();
    let is_held =
        holder.starts_with("tables[") && holder.contains("].sessions (growing-table.c) → ");
    let (reachable, outstanding) = (
        number(&memory["reachable_blocks"]),
        number(&site["outstanding_blocks"]),
    );
    if !is_held
        || reachable != outstanding
        || reachable == 0
        || report["memory"]["is_complete"] != true
    {
        return Err(format!("{memory:#}\n{:#}\nof {outstanding}", report["memory"]).into());
    }
    heap_is_as_in_memory(target)
}

/// The heap's map of the recording that was made last is the allocator's own in the image.
fn heap_is_as_in_memory(target: &Target) -> Result<(), Failed> {
    let map = target.read(&["heap", "trace.svdat", "--image", "trace.core"])?;
    let (image, region) = (&map["image"], &map["regions"][0]);
    let is_same = image["told_free_bytes"] == image["free_bytes"]
        && image["told_largest_bytes"] == image["largest_bytes"];
    if !is_same || region["is_exact"] != true || number(&image["free_bytes"]) == 0 {
        return Err(format!("{image:#}\n{region:#}").into());
    }
    Ok(())
}

fn error_path_is_lost(target: &Target) -> Result<(), Failed> {
    let report = target.report()?;
    let leaks = report["call_sites"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|site| site["standing"] == "leak");
    let (mut lost, mut all) = (0, 0);
    for leak in leaks {
        let memory = &leak["memory"];
        lost += number(&memory["definite_blocks"]) + number(&memory["indirect_blocks"]);
        all += number(&leak["outstanding_blocks"]);
    }
    // The last block of each task may still be in a register, or on a stack.
    if all == 0 || lost + 6 < all {
        return Err(format!("{lost} of {all} blocks are lost\n{:#}", report["memory"]).into());
    }
    Ok(())
}
