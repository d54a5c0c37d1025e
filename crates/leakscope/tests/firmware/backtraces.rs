//! Call stacks of code without frame pointers, against GDB's own: a program with calls of all sorts runs under GDB, which
//! stops at each event of the heap and says how it got there, while the program records. What the command makes of the
//! recording must be that.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, PoisonError};

use leakscope_testing::needs::has_tool;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;
use xtask::firmware::{Build, Firmware};

use crate::case::Built;
use crate::emulator::Emulator;

/// How GCC builds `firmware/freertos/src/fault/mixed-calls.c`.
const WAYS: [(&str, &[&str]); 3] = [
    ("Os", &["LEVEL=-Os"]),
    ("O2", &["LEVEL=-O2"]),
    ("lto", &["LEVEL=-Os", "LTO=1"]),
];

/// Frames of a stack that must be found; what lies further out may be beyond what the device looks at.
const FIRST: usize = 10;

/// Of the builds without frame pointers, if GDB is there.
pub(crate) fn trials(firmware: &Arc<Firmware>, built: &Arc<Built>) -> Vec<Trial> {
    let is_scanned = |build: &&Build| ["mps2-an385-gcc", "virt-scan"].contains(&&*build.name);
    let build = firmware.builds.iter().find(is_scanned);
    let Some(build) = build.filter(|build| build.missing().is_empty() && has_tool("gdb-multiarch"))
    else {
        return Vec::new();
    };
    let trial = |way: &str,
                 compare: fn(&Firmware, &Build, &Built, &[&str]) -> Result<(), Failed>,
                 arguments: &'static [&str]| {
        let (firmware, build, built) = (Arc::clone(firmware), build.clone(), Arc::clone(built));
        let name = format!("{}::{}::backtraces{way}", firmware.name, build.name);
        Trial::test(name, move || compare(&firmware, &build, &built, arguments))
    };
    if build.name == "virt-scan" {
        return vec![trial("", compare_rust, &[])];
    }
    let ways = WAYS.into_iter();
    ways.map(|(way, arguments)| trial(&format!("::{way}"), compare_c, arguments))
        .collect()
}

/// A frame that the command shows.
struct Shown {
    return_address: u64,
    is_exact: bool,
}

fn compare_c(
    firmware: &Firmware,
    build: &Build,
    built: &Built,
    arguments: &[&str],
) -> Result<(), Failed> {
    const VARIANT: &str = "mixed-calls";
    let folder = TempDir::new()?;
    let lock = built.lock().unwrap_or_else(PoisonError::into_inner);
    let mut all = vec![format!("out={}", folder.path().display())];
    all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    firmware.make(build, VARIANT, &all)?;
    drop(lock);
    let elf = folder.path().join("example.elf");
    let run = firmware.run(build, &elf, VARIANT, folder.path());
    let truth = backtraces(&run, &elf, folder.path())?;
    let shown = call_stacks(&elf, folder.path())?;
    judge(&truth, &shown, 99)
}

/// The recorder is a part of the allocator's wrapper: where it looks for its caller is the first frame of a recording.
fn compare_rust(
    firmware: &Firmware,
    build: &Build,
    built: &Built,
    _: &[&str],
) -> Result<(), Failed> {
    const VARIANT: &str = "growing-table";
    let folder = TempDir::new()?;
    let lock = built.lock().unwrap_or_else(PoisonError::into_inner);
    let elf = firmware.compile(build, VARIANT)?;
    drop(lock);
    let run = firmware.run(build, &elf, VARIANT, folder.path());
    Emulator::start(&run, folder.path())?.end(0)?;
    let first = call_stacks(&elf, folder.path())?;
    let first: BTreeSet<u64> = first.iter().map(|stack| stack[0].return_address).collect();
    // The instruction before is the one that reads the program counter.
    let places = first.iter().map(|address| format!("{}\n", address - 4));
    fs::write(folder.path().join("places"), places.collect::<String>())?;
    // It records again, at other times.
    let truth = backtraces(&run, &elf, folder.path())?;
    let mut shown = call_stacks(&elf, folder.path())?;
    for stack in &mut shown {
        stack.remove(0);
    }
    judge(&truth, &shown, 95)
}

/// Whether so many percent of the first frames are found, and no exact one is another.
fn judge(truth: &[Vec<u64>], shown: &[Vec<Shown>], percent: usize) -> Result<(), Failed> {
    if truth.len() != shown.len() || truth.len() < 400 {
        let counts = format!("{} and {} events", truth.len(), shown.len());
        return Err(counts.into());
    }
    let (mut found, mut wanted) = (0, 0);
    for (event, (truth, shown)) in truth.iter().zip(shown).enumerate() {
        let is_same = |(shown, truth): &(&Shown, &u64)| shown.return_address == **truth;
        let same = shown.iter().zip(truth).take_while(is_same).count();
        if shown[same..].iter().any(|frame| frame.is_exact) {
            return Err(format!("event {event}: an exact frame is not GDB's: {truth:x?}").into());
        }
        wanted += truth.len().min(FIRST);
        found += same.min(FIRST);
    }
    let said = format!(
        "of the first {FIRST} frames of {} stacks, {found} of {wanted} are found",
        truth.len()
    );
    if found * 100 < wanted * percent {
        return Err(said.into());
    }
    eprintln!("{said}");
    Ok(())
}

/// What GDB finds at each event, while the program writes its recording into `folder`.
fn backtraces(run: &Command, elf: &Path, folder: &Path) -> Result<Vec<Vec<u64>>, Failed> {
    let words = run.get_args().map(|word| word.to_string_lossy());
    let emulator = [run.get_program().to_string_lossy()].into_iter();
    let emulator: Vec<_> = emulator.chain(words).collect();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/firmware/backtraces.py");
    let output = Command::new("timeout")
        .args(["600", "gdb-multiarch", "-batch", "-nx", "-ex"])
        .arg(format!(
            "target remote | {} -gdb stdio -S",
            emulator.join(" ")
        ))
        .arg("-x")
        .arg(script)
        .arg(elf)
        .current_dir(folder)
        .output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("GDB failed: {errors}").into());
    }
    let stack = |line: &str| {
        let addresses = line.split(' ');
        let addresses = addresses.map(|address| u64::from_str_radix(address, 16));
        // Where a task's function returns to is nowhere.
        let is_code = |address: &u64| *address != 0;
        let addresses = addresses.collect::<Result<Vec<_>, _>>();
        addresses.map(|all| all.into_iter().take_while(is_code).collect())
    };
    let lines = printed
        .lines()
        .filter_map(|line| line.strip_prefix("stack "));
    Ok(lines.map(stack).collect::<Result<_, _>>()?)
}

/// The call stack of each allocation and free of a recording.
fn call_stacks(elf: &Path, folder: &Path) -> Result<Vec<Vec<Shown>>, Failed> {
    let output = Command::new(env!("CARGO_BIN_EXE_leakscope"))
        .args(["events", "--format", "json", "--elf"])
        .args([elf, &folder.join("trace.svdat")])
        .output()?;
    let mut stacks = Vec::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let event: Value = serde_json::from_str(line)?;
        let Some(callers) = event["parameters"]["callers"].as_array() else {
            continue;
        };
        let mut frames = Vec::new();
        // Functions that were inlined have no frame of their own.
        for frame in callers.iter().filter(|frame| frame["inlined"] == false) {
            let address = frame["address"].as_str().unwrap_or_default();
            frames.push(Shown {
                return_address: u64::from_str_radix(address.trim_start_matches("0x"), 16)?,
                is_exact: frame.get("certainty").is_none(),
            });
        }
        stacks.push(frames);
    }
    Ok(stacks)
}
