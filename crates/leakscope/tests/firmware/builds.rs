//! One program in two builds: `leakscope diff` finds the call sites of one in the other, whatever lines were added and
//! however the compiler optimised.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, PoisonError};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;
use xtask::firmware::{Build, Firmware};

use crate::case::Built;
use crate::emulator::Emulator;

/// Faults with many call sites.
const VARIANTS: [&str; 3] = ["error-path", "growing-table", "deep-calls"];

/// Lines that are added above each function.
const LINES: usize = 40;

/// Of the firmware in C, whose compiler is told how to optimise.
pub(crate) fn trials(firmware: &Arc<Firmware>, built: &Arc<Built>) -> Vec<Trial> {
    let build = firmware
        .builds
        .first()
        .filter(|_| firmware.name == "freertos");
    let Some(build) = build.filter(|build| build.missing().is_empty()) else {
        return Vec::new();
    };
    let (firmware, build, built) = (Arc::clone(firmware), build.clone(), Arc::clone(built));
    let name = format!("{}::{}::two_builds", firmware.name, build.name);
    vec![Trial::test(name, move || {
        compare(&firmware, &build, &built)
    })]
}

fn compare(firmware: &Firmware, build: &Build, built: &Built) -> Result<(), Failed> {
    let folder = TempDir::new()?;
    let moved = folder.path().join("moved");
    move_lines(&firmware.folder().join("src"), &moved)?;
    let (mut of_moved, mut of_fast) = ([0; 2], [0; 2]);
    for variant in VARIANTS {
        let recorded = |name: &str, arguments: &[String]| {
            let place = folder.path().join(format!("{variant}-{name}"));
            fs::create_dir(&place)?;
            let out = format!("out={}", place.display());
            let lock = built.lock().unwrap_or_else(PoisonError::into_inner);
            firmware.make(build, variant, &[&[out], arguments].concat())?;
            drop(lock);
            let elf = place.join("example.elf");
            let run = firmware.run(build, &elf, variant, &place);
            Emulator::start(&run, &place)?.end(0)?;
            Ok::<_, Failed>(place)
        };
        let before = recorded("before", &[])?;
        let sources = format!("SOURCES={}", moved.display());
        add(
            &mut of_moved,
            matched(&before, &recorded("moved", &[sources])?)?,
        );
        add(
            &mut of_fast,
            matched(&before, &recorded("fast", &["LEVEL=-O2".to_owned()])?)?,
        );
    }
    let ([found_moved, all_moved], [found_fast, all_fast]) = (of_moved, of_fast);
    let said = format!(
        "of moved lines, {found_moved} of {all_moved} call sites are found again; of -O2, {found_fast} of {all_fast}"
    );
    if found_moved == all_moved && found_fast * 100 >= all_fast * 95 && all_moved >= 10 {
        eprintln!("{said}");
        Ok(())
    } else {
        Err(said.into())
    }
}

fn add(sums: &mut [usize; 2], more: [usize; 2]) {
    sums.iter_mut()
        .zip(more)
        .for_each(|(sum, more)| *sum += more);
}

/// Copies a folder of sources, with comments above all that begins at the margin behind an empty line: each function, and
/// whatever stands between them.
fn move_lines(from: &Path, to: &Path) -> Result<(), Failed> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let copy = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            move_lines(&path, &copy)?;
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let comments = "/* a line */\n".repeat(LINES);
        let mut moved = String::new();
        let mut is_behind_empty = false;
        for line in text.lines() {
            if is_behind_empty && !line.starts_with(char::is_whitespace) {
                moved += &comments;
            }
            is_behind_empty = line.is_empty();
            moved.extend([line, "\n"]);
        }
        fs::write(copy, moved)?;
    }
    Ok(())
}

/// How many call sites are recognised, and how many there are, in recordings of two builds.
fn matched(before: &Path, after: &Path) -> Result<[usize; 2], Failed> {
    let place = |folder: &Path, name: &str| -> PathBuf { folder.join(name) };
    let output = Command::new(env!("CARGO_BIN_EXE_leakscope"))
        .args(["diff", "--format", "json"])
        .args([place(before, "trace.svdat"), place(after, "trace.svdat")])
        .arg("--before-elf")
        .arg(place(before, "example.elf"))
        .arg("--elf")
        .arg(place(after, "example.elf"))
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let diff: Value = serde_json::from_slice(&output.stdout)?;
    let sites = diff["sites"].as_array().map_or(&[][..], Vec::as_slice);
    let found = sites.iter().filter(|site| site["match"] != "unmatched");
    Ok([found.count(), sites.len()])
}
