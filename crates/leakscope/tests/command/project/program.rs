//! Which program is taken for a recording.

use std::fs;

use super::*;
use crate::elf::{Program, leak};

/// A project whose program is this one, and a recording in it.
fn project(program: &Program, stack: &[u32], system: Option<&str>) -> EspIdf {
    let project = EspIdf::new("esp32", "v5.3", "");
    fs::copy(&program.elf, project.path("build/demo.elf")).expect("a file");
    let trace = leak(stack, system).openocd();
    fs::write(project.path("heap.svdat"), trace).expect("a folder with room");
    project
}

const NOTE: &str = "note: the program is `build/demo.elf`, of the ESP-IDF project in `.`\n";

/// Every command that names functions takes it; it is said once.
#[test]
fn the_projects_own() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let project = project(&program, &program.stack(), None);
    for command in [
        &["report"][..],
        &["report", "--html", "-"],
        &["check", "--inconclusive", "pass"],
        &["events", "--heap"],
        &["export", "--as", "folded"],
        &["diff", "--at", "0.01", "--at", "0.04"],
    ] {
        let arguments = [command, &["heap.svdat"]].concat();
        let ran = project.run(&arguments).end();
        assert!(ran.code <= 1, "{command:?}: {}", ran.stderr);
        assert_eq!(ran.stderr.matches(NOTE).count(), 1, "{}", ran.stderr);
        assert!(
            ran.stdout.contains("new_message"),
            "{command:?}: {}",
            ran.stdout
        );
    }
    let log = project.run(&["log", "heap.svdat"]).end();
    assert!(log.stderr.starts_with(NOTE), "{}", log.stderr);
    // What is named is what is taken, without a word.
    let elf = program.elf.display().to_string();
    let ran = project.run(&["report", "heap.svdat", "--elf", &elf]).end();
    assert_eq!(ran.stderr, "");
    let both = ["report", "heap.svdat", "--elf", &elf, "--project", "."];
    assert_eq!(project.run(&both).end().stderr, "");
}

/// Another build's program names nothing: by its checksum, or by what stands before return addresses.
#[test]
fn another_builds() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let sha = program.symbols.file_sha256()[..16].to_owned();
    let elsewhere: Vec<u32> = program.stack().iter().map(|address| address - 1).collect();
    let other = "note: `build/demo.elf`, of the ESP-IDF project in `.`, is not the program that was recorded";
    for (stack, system, is_taken) in [
        (program.stack(), Some(format!("ELF_SHA256={sha}")), true),
        (
            program.stack(),
            Some("ELF_SHA256=0123456789abcdef".to_owned()),
            false,
        ),
        (elsewhere, None, false),
    ] {
        let project = project(&program, &stack, system.as_deref());
        let ran = project.run(&["report", "heap.svdat"]).end();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(ran.stderr.starts_with(NOTE), is_taken, "{}", ran.stderr);
        assert_eq!(ran.stderr.starts_with(other), !is_taken, "{}", ran.stderr);
        assert_eq!(ran.stdout.contains("app_main"), is_taken, "{}", ran.stdout);
    }
    // All of it is outside: nothing of the recording is in this program.
    let outside = [0x400D_1234, 0x400D_2345];
    let ran = self::project(&program, &outside, None)
        .run(&["report", "heap.svdat"])
        .end();
    assert!(ran.stderr.starts_with(other), "{}", ran.stderr);
    // Who names the project means its program, and is told what speaks against it.
    let project = project(
        &program,
        &program.stack(),
        Some("ELF_SHA256=0123456789abcdef"),
    );
    let ran = project
        .run(&["report", "heap.svdat", "--project", "."])
        .end();
    assert_eq!(ran.stderr, "note: the program is `build/demo.elf`\n");
    assert!(ran.stdout.contains("app_main"), "{}", ran.stdout);
}

/// The log of a device holds what it has told when it started, and a dump.
#[test]
fn a_log_tells_it() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let digits = program.symbols.file_sha256()[..9].to_owned();
    let callers: Vec<String> = program
        .stack()
        .iter()
        .map(|pc| format!("{pc:#x}"))
        .collect();
    let project = project(&program, &program.stack(), None);
    for (told, is_taken) in [(digits.as_str(), true), ("0badbeef0", false)] {
        let log = format!(
            "I (36) app_init: ELF file SHA256:  {told}...\n\
             16 bytes (@ 0x3fc9f6b4, Internal) allocated CPU 0 ccount 0x1a320698 caller {}\n",
            callers.join(":")
        );
        project.write("console.log", &log);
        let ran = project.run(&["report", "console.log"]).end();
        assert_eq!(ran.stderr.starts_with(NOTE), is_taken, "{}", ran.stderr);
        assert_eq!(ran.stdout.contains("app_main"), is_taken, "{}", ran.stdout);
        let named = project
            .run(&["report", "console.log", "--elf", "build/demo.elf"])
            .end();
        assert_eq!(
            named.stdout.contains("SHA-256 differs"),
            !is_taken,
            "{}",
            named.stdout
        );
    }
}

/// A recording that tells nothing of its program is not given one; and no project is no reason not to report.
#[test]
fn nothing_is_known() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let project = project(&program, &[], None);
    let ran = project.run(&["report", "heap.svdat"]).end();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    project.write("build/project_description.json", "{");
    let ran = project.run(&["report", "heap.svdat"]).end();
    assert_eq!(ran.code, 0);
    assert!(
        ran.stderr.starts_with(
            "note: the project around is not used: `build/project_description.json`: "
        ),
        "{}",
        ran.stderr
    );
    let refused = project
        .run(&["report", "heap.svdat", "--project", "."])
        .end();
    assert_eq!(refused.code, 2);
}

/// Of several programs of Cargo's, the one that ran; by name, there must be one alone.
#[test]
fn cargo_and_zephyr() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let put = |place: &str, content: &[u8]| {
        let path = folder.path().join(place);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder with room");
        fs::write(path, content).expect("a folder with room");
    };
    let elf = fs::read(&program.elf).expect("a file");
    put("Cargo.lock", b"");
    put("heap.svdat", &leak(&program.stack(), None).openocd());
    let report = || within(folder.path(), &["report", "heap.svdat"]).end();
    assert_eq!(report().stderr, "", "nothing is built");
    put("target/riscv32imc-unknown-none-elf/release/app.d", b"text");
    put("target/riscv32imc-unknown-none-elf/release/app", &elf);
    // A program for a system, as a build script is: it is loaded anywhere.
    let mut host = elf.clone();
    host[16] = 3;
    put("target/x86_64-unknown-linux-gnu/release/tool", &host);
    let note = "note: the program is `target/riscv32imc-unknown-none-elf/release/app`, of the Cargo project in `.`\n";
    assert_eq!(report().stderr, note);
    let named = ["report", "heap.svdat", "--project", "."];
    assert_eq!(within(folder.path(), &named).end().code, 0);
    put(
        "target/riscv32imc-unknown-none-elf/debug/app",
        b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0",
    );
    assert_eq!(report().stderr, note, "the other one is no program");
    let several = within(folder.path(), &named).end();
    assert_eq!(several.code, 2);
    assert!(
        several.stderr.starts_with(
            "error: the Cargo project in `.` has several programs: \
             `target/riscv32imc-unknown-none-elf/debug/app`, `target/riscv32imc-unknown-none-elf/release/app`\n"
        ),
        "{}",
        several.stderr
    );
    let record = ["record", "--stdin", "-o", "heap.svdat"];
    let recorded = within(folder.path(), &record).end();
    assert!(
        recorded
            .stderr
            .starts_with("note: the Cargo project in `.` has several programs: `target/"),
        "{}",
        recorded.stderr
    );
    put("build/app/zephyr/zephyr.elf", &elf);
    put("build/mcuboot/zephyr/zephyr.elf", b"\x7fELF");
    let app = "note: the program is `build/app/zephyr/zephyr.elf`, of the Zephyr project in `.`\n";
    assert_eq!(report().stderr, app);
    let several = within(folder.path(), &named).end();
    assert!(
        several
            .stderr
            .contains("`build/app/zephyr/zephyr.elf`, `build/mcuboot/zephyr/zephyr.elf`\n"),
        "{}",
        several.stderr
    );
    fs::remove_dir_all(folder.path().join("build")).expect("a folder");
    put("build/zephyr/zephyr.elf", &elf);
    let zephyr = "note: the program is `build/zephyr/zephyr.elf`, of the Zephyr project in `.`\n";
    assert_eq!(report().stderr, zephyr);
}
