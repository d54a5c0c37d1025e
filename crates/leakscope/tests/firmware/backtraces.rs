//! Call stacks of code without frame pointers, against GDB's own: a program with calls of all sorts runs under GDB, which
//! stops at each event of the heap and says how it got there, while the program records. What the command makes of the
//! recording must be that.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::str::FromStr;
use std::sync::{Arc, PoisonError};

use leakscope_testing::needs::has_tool;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;
use xtask::firmware::{Build, Firmware};

use crate::case::Built;
use crate::emulator::Emulator;

/// What GCC builds, and how; and what is asked of its recording.
struct Way {
    name: &'static str,
    firmware: &'static str,
    build: &'static str,
    variant: &'static str,
    arguments: &'static [&'static str],
    asked: Asked,
}

/// Of the first frames, so many percent must be found: of those that begin within so many words.
#[derive(Clone, Copy)]
struct Asked {
    percent: usize,
    words: i64,
}

impl Asked {
    const fn of_all(percent: usize) -> Self {
        Self {
            percent,
            words: i64::MAX,
        }
    }

    /// Of an interpreter's stacks: many of its first frames lie further out than 128 words.
    const fn within(words: i64) -> Self {
        Self { percent: 99, words }
    }
}

/// `firmware/freertos` and `firmware/lua`.
const WAYS: [Way; 8] = [
    mixed_calls("Os", &["LEVEL=-Os"]),
    mixed_calls("O2", &["LEVEL=-O2"]),
    mixed_calls("lto", &["LEVEL=-Os", "LTO=1"]),
    lua("Os", "mps2-an385", &["LEVEL=-Os"], Asked::within(128)),
    lua("O2", "mps2-an385", &["LEVEL=-O2"], Asked::within(128)),
    lua(
        "deep",
        "mps2-an385",
        &["LEVEL=-Os", "WORDS=256", "DEPTH=24"],
        Asked::of_all(99),
    ),
    lua(
        "Os",
        "virt",
        &["LEVEL=-Os", "MACHINE=riscv"],
        Asked::within(128),
    ),
    lua(
        "deep",
        "virt",
        &["LEVEL=-Os", "MACHINE=riscv", "WORDS=256", "DEPTH=24"],
        Asked::of_all(95),
    ),
];

const fn mixed_calls(name: &'static str, arguments: &'static [&'static str]) -> Way {
    Way {
        name,
        firmware: "freertos",
        build: "mps2-an385-gcc",
        variant: "mixed-calls",
        arguments,
        asked: Asked::of_all(99),
    }
}

const fn lua(
    name: &'static str,
    build: &'static str,
    arguments: &'static [&'static str],
    asked: Asked,
) -> Way {
    Way {
        name,
        firmware: "lua",
        build,
        variant: "script",
        arguments,
        asked,
    }
}

/// Frames of a stack that must be found; what lies further out may be beyond what the device looks at.
const FIRST: usize = 10;

/// Of the builds without frame pointers, if GDB is there.
pub(crate) fn trials(firmware: &Arc<Firmware>, built: &Arc<Built>) -> Vec<Trial> {
    if !has_tool("gdb-multiarch") {
        return Vec::new();
    }
    let is_whole = |build: &&Build| build.missing().is_empty();
    let builds = firmware.builds.iter().filter(is_whole);
    let trials = builds.flat_map(|build| {
        let name = format!("{}::{}::backtraces", firmware.name, build.name);
        let is_of_build = |way: &&Way| way.firmware == firmware.name && way.build == build.name;
        let of_c = WAYS.iter().filter(is_of_build).map(|way| {
            let (firmware, build, built) = (Arc::clone(firmware), build.clone(), Arc::clone(built));
            Trial::test(format!("{name}::{}", way.name), move || {
                compare_c(&firmware, &build, &built, way)
            })
        });
        let of_rust = (build.name == "virt-scan").then(|| {
            let (firmware, build, built) = (Arc::clone(firmware), build.clone(), Arc::clone(built));
            Trial::test(name.clone(), move || {
                compare_rust(&firmware, &build, &built)
            })
        });
        of_c.chain(of_rust).collect::<Vec<_>>()
    });
    trials.collect()
}

/// A frame that the command shows.
struct Shown {
    return_address: u64,
    is_exact: bool,
}

fn compare_c(firmware: &Firmware, build: &Build, built: &Built, way: &Way) -> Result<(), Failed> {
    let folder = TempDir::new()?;
    let lock = built.lock().unwrap_or_else(PoisonError::into_inner);
    let mut all = vec![format!("out={}", folder.path().display())];
    all.extend(way.arguments.iter().map(|argument| (*argument).to_owned()));
    firmware.make(build, way.variant, &all)?;
    drop(lock);
    let elf = folder.path().join("example.elf");
    let run = firmware.run(build, &elf, way.variant, folder.path());
    let truth = backtraces(&run, &elf, folder.path())?;
    let shown = call_stacks(&elf, folder.path())?;
    judge(&truth, &shown, way.asked)
}

/// The recorder is a part of the allocator's wrapper: where it looks for its caller is the first frame of a recording.
fn compare_rust(firmware: &Firmware, build: &Build, built: &Built) -> Result<(), Failed> {
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
    judge(&truth, &shown, Asked::of_all(95))
}

/// Whether as many of the first frames are found as is asked, and no exact one is another.
fn judge(truth: &[Vec<Frame>], shown: &[Vec<Shown>], asked: Asked) -> Result<(), Failed> {
    if truth.len() != shown.len() || truth.len() < 400 {
        let counts = format!("{} and {} events", truth.len(), shown.len());
        return Err(counts.into());
    }
    let (mut found, mut within, mut wanted) = (0, 0, 0);
    for (event, (truth, shown)) in truth.iter().zip(shown).enumerate() {
        let is_same =
            |(shown, truth): &(&Shown, &Frame)| shown.return_address == truth.return_address;
        let same = shown.iter().zip(truth).take_while(is_same).count();
        if shown[same..].iter().any(|frame| frame.is_exact) {
            return Err(format!("event {event}: an exact frame is not GDB's: {truth:x?}").into());
        }
        let first = &truth[..truth.len().min(FIRST)];
        let is_near = |frame: &&Frame| frame.words <= asked.words;
        wanted += first.len();
        within += first.iter().take_while(is_near).count();
        found += same.min(FIRST);
    }
    let said = format!(
        "of the first {FIRST} frames of {} stacks, {found} of {wanted} are found; {within} are looked at",
        truth.len()
    );
    if found * 100 < within * asked.percent {
        return Err(said.into());
    }
    eprintln!("{said}");
    Ok(())
}

/// A frame of GDB's.
#[derive(Debug)]
struct Frame {
    return_address: u64,
    /// How many words above the first one's stack pointer it begins: below that stands its return address.
    words: i64,
}

impl FromStr for Frame {
    type Err = Failed;

    fn from_str(text: &str) -> Result<Self, Failed> {
        let (address, words) = text.split_once(':').ok_or("a frame without a place")?;
        Ok(Self {
            return_address: u64::from_str_radix(address, 16)?,
            words: words.parse()?,
        })
    }
}

/// What GDB finds at each event, while the program writes its recording into `folder`.
fn backtraces(run: &Command, elf: &Path, folder: &Path) -> Result<Vec<Vec<Frame>>, Failed> {
    let words = run.get_args().map(|word| word.to_string_lossy());
    let emulator = [run.get_program().to_string_lossy()].into_iter();
    let emulator: Vec<_> = emulator.chain(words).collect();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/firmware/backtraces.py");
    let output = Command::new("timeout")
        .args(["600", "gdb-multiarch", "-batch", "-nx"])
        .args(["-ex", "set remotetimeout 60", "-ex"])
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
    // Where a task's function returns to is nowhere.
    let is_code = |frame: &Frame| frame.return_address != 0;
    let stack = |line: &str| {
        let frames = line
            .split(' ')
            .map(Frame::from_str)
            .collect::<Result<Vec<_>, _>>();
        frames.map(|all| all.into_iter().take_while(is_code).collect())
    };
    let lines = printed
        .lines()
        .filter_map(|line| line.strip_prefix("stack "));
    lines.map(stack).collect()
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
