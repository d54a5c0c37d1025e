//! A program of a host, which its system loads elsewhere in each run: one is built here with the recorder, run, and
//! reported on, and functions are compared with what binutils say of the true place.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use leakscope_symbols::Symbols;
use leakscope_testing::needs::{has_tool, say_skipped};
use leakscope_testing::project;
use serde_json::Value;

use crate::run::leakscope;

/// Whether programs here are ELF files, and there is an oracle for them.
fn is_possible() -> bool {
    if !cfg!(target_os = "linux") {
        say_skipped("programs here are no ELF files");
        return false;
    }
    has_tool("addr2line")
}

/// The program, built once for all tests: nobody reads what another is just writing.
fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build)
}

/// Builds the program, as a user would who wants call stacks: with frame pointers.
fn build() -> PathBuf {
    let folder = project().join("target/host-program");
    let sources = folder.join("src");
    std::fs::create_dir_all(&sources).expect("a folder");
    let recorder = project().join("crates/leakscope-recorder");
    let recorder = recorder.display();
    let manifest = format!(
        "[package]\nname = \"host\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         leakscope-recorder = {{ path = '{recorder}', features = [\"std\"] }}\n"
    );
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("a file");
    std::fs::copy(project().join("Cargo.lock"), folder.join("Cargo.lock")).expect("a file");
    let source = include_str!("programs/host.rs");
    std::fs::write(sources.join("main.rs"), source).expect("a file");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--offline", "--target-dir", "."])
        .env("RUSTFLAGS", "-C force-frame-pointers=yes")
        .env_remove("CARGO_BUILD_TARGET")
        .current_dir(&folder)
        .output()
        .expect("cargo");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    folder.join("debug/host")
}

/// Runs it; how far above its file's addresses it was loaded.
fn recorded(elf: &Path, symbols: &Symbols, trace: &Path) -> u64 {
    let output = Command::new(elf).arg(trace).output().expect("a run");
    let printed = String::from_utf8(output.stdout).expect("a number");
    let digits = printed.trim().trim_start_matches("0x");
    let address = u64::from_str_radix(digits, 16).expect("an address");
    address - symbols.symbol("remember").expect("a function").address
}

fn frames(report: &Value) -> impl Iterator<Item = &Value> {
    let sites = report["call_sites"].as_array().expect("call sites");
    sites.iter().flat_map(|site| {
        ["allocator_frames", "frames"]
            .into_iter()
            .flat_map(|list| site[list].as_array().expect("frames"))
    })
}

/// The lines of the frames at each address, from addr2line.
fn lines_at(elf: &Path, addresses: &[u64]) -> Vec<Vec<Option<u64>>> {
    let output = Command::new("addr2line")
        .args(["-a", "-i", "-e"])
        .arg(elf)
        .args(addresses.iter().map(|address| format!("{address:#x}")))
        .output()
        .expect("addr2line");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut answers: Vec<Vec<Option<u64>>> = Vec::new();
    for line in text.lines() {
        if line.starts_with("0x") {
            answers.push(Vec::new());
            continue;
        }
        let number = line
            .rsplit(':')
            .next()
            .and_then(|end| end.split(' ').next());
        let number = number
            .and_then(|digits| digits.parse().ok())
            .filter(|&line| line != 0);
        answers.last_mut().expect("an address first").push(number);
    }
    answers
}

#[test]
fn functions_are_right_wherever_the_program_was_loaded() {
    if !is_possible() {
        return;
    }
    let elf = built();
    let symbols = Symbols::open(elf).expect("an ELF file");
    let folder = tempfile::tempdir().expect("a folder");
    for run in ["first", "second"] {
        let trace = folder.path().join(run);
        let offset = recorded(elf, &symbols, &trace);
        let ran = leakscope(["report", "--format", "json", "--elf"])
            .on(&[elf, &trace])
            .end();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let said = format!("note: the program was loaded {offset:#x} above the addresses");
        assert!(ran.stderr.starts_with(&said), "{offset:#x}: {}", ran.stderr);
        let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let codes: Vec<_> = (report["problems"].as_array().expect("problems").iter())
            .map(|problem| problem["code"].as_str().unwrap_or_default())
            .collect();
        for wrong in ["addresses-outside-elf", "not-behind-calls", "elf-differs"] {
            assert!(!codes.contains(&wrong), "{codes:?}");
        }
        // Through `format!`, `vec!` and a hash map: the first frame of each is the program's.
        let sites = report["call_sites"].as_array().expect("call sites").iter();
        let held = sites.filter(|site| site["outstanding_blocks"] == 200);
        let first: Vec<_> = held.map(|site| &site["frames"][0]["function"]).collect();
        assert_eq!(first, ["remember", "remember"]);
        let all: Vec<&Value> = frames(&report).collect();
        let stacks: Vec<&[&Value]> = all
            .chunk_by(|one, next| one["address"] == next["address"])
            .collect();
        let addresses = stacks.iter().map(|stack| {
            let text = stack[0]["address"].as_str().expect("an address");
            let address = u64::from_str_radix(text.trim_start_matches("0x"), 16);
            // Of the call, and where the file has it.
            (address.expect("digits") - 1).wrapping_sub(offset)
        });
        let oracle = lines_at(elf, &addresses.collect::<Vec<u64>>());
        assert!(oracle.len() > 20 && oracle.len() == stacks.len());
        for (stack, oracle) in stacks.iter().zip(oracle) {
            let said: Vec<_> = stack.iter().map(|frame| frame["line"].as_u64()).collect();
            // Two call sites may meet at one address, one list behind the other.
            assert_eq!(said[..oracle.len()], oracle, "{stack:#?}");
        }
    }
}

/// While it is recorded, addresses are addresses; the report at the end has functions.
#[test]
fn a_program_that_is_recorded_is_found_too() {
    if !is_possible() {
        return;
    }
    let elf = built();
    let symbols = Symbols::open(elf).expect("an ELF file");
    let folder = tempfile::tempdir().expect("a folder");
    let trace = folder.path().join("trace.svdat");
    recorded(elf, &symbols, &trace);
    let output = folder.path().join("recorded.svdat");
    let report = leakscope(["record", "--stdin", "--format", "json", "--elf"])
        .on(&[elf])
        .on(&["-o"])
        .on(&[&output])
        .reading(&std::fs::read(&trace).expect("a trace"))
        .json();
    assert!(frames(&report).any(|frame| frame["function"] == "remember"));
}

#[test]
fn another_program_is_told() {
    if !is_possible() {
        return;
    }
    let elf = built();
    let symbols = Symbols::open(elf).expect("an ELF file");
    let folder = tempfile::tempdir().expect("a folder");
    let trace = folder.path().join("trace.svdat");
    recorded(elf, &symbols, &trace);
    let other = env!("CARGO_BIN_EXE_leakscope");
    let report = leakscope(["report", "--format", "json", "--elf", other])
        .on(&[&trace])
        .json();
    let codes = report["problems"].as_array().expect("problems").iter();
    let mut codes = codes.map(|problem| &problem["code"]);
    assert!(
        codes.any(|code| code == "addresses-outside-elf"),
        "{report:#}"
    );
    assert!(frames(&report).all(|frame| frame["function"].is_null()));
}
