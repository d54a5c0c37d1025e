//! `check`, as builds run it: exit codes, files, and what it reads from its folder.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use leakscope_testing::scenario::Scenario;
use leakscope_testing::{needs, project};
use serde_json::Value;

use crate::run::{Ran, leakscope};

/// A leak of 24 bytes every 10 ms, or none.
fn recording(leaks: bool) -> Vec<u8> {
    let mut recording = Scenario::begun();
    for round in 0..100 {
        let block = 0x3FC9_0000 + 0x100 * round;
        recording.after(5000).allocate(block, 32, &[0x4200_2000]);
        recording.after(4000).free(block, &[0x4200_2000]);
        if leaks {
            recording
                .after(500)
                .allocate(block + 0x80, 24, &[0x4200_1000, 0x4200_3000]);
        }
    }
    recording.openocd()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("leak.svdat"), recording(true)).expect("a file");
    fs::write(folder.path().join("sound.svdat"), recording(false)).expect("a file");
    fs::write(
        folder.path().join("empty.svdat"),
        Scenario::begun().openocd(),
    )
    .expect("a file");
    folder
}

fn check(folder: &Path, arguments: &str) -> Ran {
    let words = arguments.split_whitespace();
    leakscope(["check"].into_iter().chain(words))
        .in_folder(folder)
        .end()
}

#[test]
fn exit_codes() {
    let folder = folder();
    for (arguments, code) in [
        ("sound.svdat", 0),
        ("leak.svdat", 1),
        ("empty.svdat", 3),
        ("empty.svdat --inconclusive pass", 0),
        ("sound.svdat empty.svdat", 3),
        ("empty.svdat leak.svdat sound.svdat", 1),
        ("sound.svdat --min-length 1min", 3),
        ("sound.svdat --max-outstanding 0", 0),
        ("sound.svdat --max-peak 16B", 1),
        ("leak.svdat --max-growth 1TB/s", 2),
        ("nothing.svdat", 2),
        ("sound.svdat --config nothing.toml", 2),
        ("sound.svdat --max-loss 101%", 2),
        ("", 2),
    ] {
        let ran = check(folder.path(), arguments);
        assert_eq!(ran.code, code, "{arguments}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn a_folder_says_what_is_asked() {
    let folder = folder();
    let write = |text: &str| fs::write(folder.path().join("leakscope.toml"), text).expect("a file");
    write("[check]\nmin-length = '1min'\n");
    assert_eq!(check(folder.path(), "sound.svdat").code, 3);
    // What is typed counts more.
    assert_eq!(check(folder.path(), "sound.svdat --min-length 1ms").code, 0);
    write("[check]\nstrict = true\n[[suppress]]\nid = 'a'\nreason = 'b'\ntask = 'main'\n");
    assert_eq!(check(folder.path(), "leak.svdat").code, 0);
    assert_eq!(check(folder.path(), "sound.svdat").code, 1);
    write("[check]\nmin-confidence = 'sure'\n");
    let ran = check(folder.path(), "sound.svdat");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("min-confidence"), "{}", ran.stderr);
    write("[suppress]\n");
    let ran = check(folder.path(), "sound.svdat");
    assert!(
        ran.code == 2 && ran.stderr.contains("leakscope.toml:1"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_baseline_is_written_held_and_pruned() {
    let folder = folder();
    let ran = check(
        folder.path(),
        "leak.svdat --baseline known --write-baseline",
    );
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("`known` now knows 1 leak;"),
        "{}",
        ran.stderr
    );
    assert_eq!(check(folder.path(), "leak.svdat --baseline known").code, 0);
    let ran = check(folder.path(), "sound.svdat --baseline known");
    assert!(
        ran.code == 0 && ran.stdout.contains("did not show any more"),
        "{}",
        ran.stdout
    );
    // Not while a recording shows it, or cannot tell.
    for inputs in ["sound.svdat leak.svdat", "sound.svdat empty.svdat"] {
        check(folder.path(), &format!("{inputs} --baseline known --prune"));
        assert_eq!(
            check(folder.path(), "leak.svdat --baseline known").code,
            0,
            "{inputs}"
        );
    }
    check(folder.path(), "sound.svdat --baseline known --prune");
    assert_eq!(check(folder.path(), "leak.svdat --baseline known").code, 1);
    fs::write(folder.path().join("known"), "{}").expect("a file");
    assert_eq!(check(folder.path(), "leak.svdat --baseline known").code, 2);
}

#[test]
fn a_dump_is_judged_by_what_it_may_hold() {
    let log = project().join("testdata/firmware/recorder-2026-11-22/bounded-cache.log");
    let log = log.display().to_string();
    let folder = folder();
    assert_eq!(check(folder.path(), &log).code, 3);
    assert_eq!(
        check(folder.path(), &format!("{log} --max-outstanding 1MiB")).code,
        0
    );
    assert_eq!(
        check(folder.path(), &format!("{log} --max-outstanding 1B")).code,
        1
    );
    check(
        folder.path(),
        &format!("{log} --baseline held --write-baseline"),
    );
    let ran = check(folder.path(), &format!("{log} --baseline held"));
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    fs::write(
        folder.path().join("held"),
        "{\"schema\":\"leakscope.baseline\",\"version\":1,\"leakscope\":\"0\",\"sites\":[]}",
    )
    .expect("a file");
    let ran = check(folder.path(), &format!("{log} --baseline held"));
    assert!(
        ran.code == 1 && ran.stdout.contains("the baseline does not know it"),
        "{}",
        ran.stdout
    );
}

#[test]
fn files_for_others() {
    let folder = folder();
    let summary = folder.path().join("summary.md");
    let program = project().join("testdata/firmware/embassy-virt");
    let ran = leakscope([
        "check",
        "--github",
        "--junit",
        "heap.xml",
        "--sarif",
        "heap.sarif",
    ])
    .on(&["--gitlab", "quality.json", "--markdown", "heap.md", "--elf"])
    .on(&[
        program.join("program.elf"),
        program.join("error-path.svdat"),
    ])
    .with("GITHUB_STEP_SUMMARY", &summary.display().to_string())
    .in_folder(folder.path())
    .end();
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stdout
            .contains("::error file=src/fault/error_path.rs,line="),
        "{}",
        ran.stdout
    );
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect(name);
    assert!(read("heap.xml").contains("leak-survivors"));
    assert_eq!(read("summary.md"), read("heap.md"));
    for name in ["heap.sarif", "quality.json"] {
        let _: Value = serde_json::from_str(&read(name)).expect("JSON");
    }
}

#[test]
fn json_alone() {
    let folder = folder();
    let ran = check(folder.path(), "leak.svdat --format json");
    let document: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((ran.code, document["answer"].as_str()), (1, Some("failed")));
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_rule_is_suggested() {
    let folder = folder();
    let program = project().join("testdata/firmware/embassy-virt");
    let ran = leakscope(["check", "--suggest", "--elf"])
        .on(&[
            program.join("program.elf"),
            program.join("error-path.svdat"),
        ])
        .in_folder(folder.path())
        .end();
    let rule = ran.stdout.split_once("[[suppress]]").expect("a rule").1;
    let rule = format!(
        "[[suppress]]{}",
        rule.replace("reason = \"\"", "reason = \"a test\"")
    );
    fs::write(folder.path().join("leakscope.toml"), rule).expect("a file");
    let ran = leakscope(["check", "--elf"])
        .on(&[
            program.join("program.elf"),
            program.join("error-path.svdat"),
        ])
        .in_folder(folder.path())
        .end();
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

/// Microsoft's validator, with GitHub's rules, and a reader of JUnit.
#[test]
fn others_read_what_is_written() {
    let readers = project().join("target/readers");
    let validator = readers.join("node/node_modules/.bin/sarif-multitool");
    if !validator.exists() {
        return needs::skip("target/readers/node (`bash .ci/run readers`)");
    }
    let folder = folder();
    let program = project().join("testdata/firmware/embassy-virt");
    let recordings = [
        "error-path",
        "growing-table",
        "double-free",
        "out-of-memory",
    ];
    let ran = leakscope([
        "check",
        "--sarif",
        "heap.sarif",
        "--junit",
        "heap.xml",
        "--elf",
    ])
    .on(&[program.join("program.elf")])
    .on(&recordings.map(|name| program.join(format!("{name}.svdat"))))
    .in_folder(folder.path())
    .end();
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let validated = Command::new(validator)
        .args([
            "validate",
            "heap.sarif",
            "--rule-kind",
            "Ghas",
            "--output",
            "found.sarif",
        ])
        .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1")
        .current_dir(folder.path())
        .output()
        .expect("a validator");
    // It ends well with findings, too: what it found is in its own file.
    let found = fs::read_to_string(folder.path().join("found.sarif"));
    let found: Value = serde_json::from_str(&found.expect("a file")).expect("JSON");
    let results = found["runs"][0]["results"].as_array().expect("a list");
    assert!(
        validated.status.success() && results.is_empty(),
        "{results:?}"
    );
    let script = "import sys, junitparser; x = junitparser.JUnitXml.fromfile(sys.argv[1]); \
                  print(x.tests, x.failures, x.errors, len({(c.classname, c.name) for s in x for c in s}))";
    let read = Command::new(readers.join("bin/python"))
        .args(["-c", script, "heap.xml"])
        .current_dir(folder.path())
        .output()
        .expect("a reader");
    let read = String::from_utf8_lossy(&read.stdout).into_owned();
    let numbers: Vec<u64> = read
        .split_whitespace()
        .map(|number| number.parse().expect("a number"))
        .collect();
    assert!(
        matches!(numbers[..], [tests, 4, 0, cases] if tests == cases),
        "{read}"
    );
}

#[test]
fn what_was_just_recorded_is_checked() {
    let folder = folder();
    let record = |recording: &[u8], options: &str| {
        let words = ["record", "--stdin", "--force", "-o", "made.svdat"];
        leakscope(words.into_iter().chain(options.split_whitespace()))
            .in_folder(folder.path())
            .reading(recording)
            .end()
    };
    assert_eq!(record(&recording(true), "").code, 0);
    let ran = record(&recording(true), "--check");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("made.svdat: FAILED"), "{}", ran.stdout);
    assert_eq!(record(&recording(false), "--check --no-report").code, 0);
    assert_eq!(record(&recording(false), "--check --min-length 1h").code, 3);
    let ran = record(&recording(true), "--check --format json");
    let document: Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!(document["schema"], "leakscope.check");
    // Options of a check that nobody asked for are a mistake.
    assert_eq!(record(&recording(true), "--min-length 1h").code, 2);
}

#[test]
fn a_reader_that_goes_away_changes_no_answer() {
    let folder = folder();
    let mut child = Command::new(env!("CARGO_BIN_EXE_leakscope"))
        .args(["check", "leak.svdat"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("an end").code(), Some(1));
}

#[test]
fn what_was_asked_and_cannot_be_answered_does_not_pass() {
    let folder = folder();
    let report = leakscope([
        "report",
        "sound.svdat",
        "--task",
        "main",
        "--format",
        "json",
    ]);
    let report = report.in_folder(folder.path()).end();
    fs::write(folder.path().join("part.json"), report.stdout).expect("a file");
    fs::create_dir(folder.path().join("other")).expect("a folder");
    fs::create_dir(folder.path().join("other/leakscope.toml")).expect("a folder");
    for (arguments, code) in [
        // No log message begins a cycle.
        ("sound.svdat --cycle nothing", 3),
        ("part.json", 3),
        ("sound.svdat --format json --github", 2),
        ("sound.svdat --format json --suggest", 2),
        ("sound.svdat --junit sound.svdat", 2),
        ("sound.svdat --junit a.xml --sarif a.xml", 2),
    ] {
        let ran = check(folder.path(), arguments);
        assert_eq!(ran.code, code, "{arguments}: {}{}", ran.stdout, ran.stderr);
    }
    assert!(
        fs::read(folder.path().join("sound.svdat"))
            .expect("a file")
            .starts_with(b";")
    );
    // A leakscope.toml that cannot be read is not as good as none.
    assert_eq!(
        check(&folder.path().join("other"), "../sound.svdat").code,
        2
    );
}

#[test]
fn parts_are_one_recording_or_none() {
    let folder = folder();
    let ran = leakscope(["record", "--stdin", "-o", "made.svdat", "--rotate", "2k"])
        .in_folder(folder.path())
        .reading(&recording(true))
        .end();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(check(folder.path(), "made.0001.svdat").code, 1);
    let other = leakscope(["record", "--stdin", "-o", "other.svdat", "--rotate", "2k"])
        .in_folder(folder.path())
        .reading(&recording(false))
        .end();
    assert_eq!(other.code, 0, "{}", other.stderr);
    let copy = |from: &str, to: &str| {
        fs::copy(folder.path().join(from), folder.path().join(to)).expect("a copy");
    };
    // One is missing, is damaged, or is another recording's.
    copy("made.0002.svdat", "kept");
    for other in ["other.0002.svdat", "empty.svdat"] {
        copy(other, "made.0002.svdat");
        let ran = check(folder.path(), "made.0001.svdat");
        assert!(
            ran.code == 2 && ran.stderr.contains("part 2"),
            "{other}: {}",
            ran.stderr
        );
    }
    fs::remove_file(folder.path().join("made.0002.svdat")).expect("a file");
    assert_eq!(check(folder.path(), "made.0001.svdat").code, 2);
    copy("other.0001.svdat", "made.0001.svdat");
    copy("kept", "made.0002.svdat");
    let ran = check(folder.path(), "made.*.svdat");
    assert!(
        ran.code == 2 && ran.stderr.contains("another recording"),
        "{}",
        ran.stderr
    );
    // Nothing is added to one of several.
    let ran = leakscope(["record", "--stdin", "-o", "kept", "--append"])
        .in_folder(folder.path())
        .reading(&recording(true))
        .end();
    assert!(
        ran.code == 2 && ran.stderr.contains("one of several parts"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_link_that_is_gone_for_good_proves_nothing() {
    let folder = folder();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let device = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody who records");
        // The port is gone, too: nobody can come back.
        drop(listener);
        stream
            .write_all(&recording(false))
            .expect("somebody who reads");
    });
    let ran = leakscope([
        "record",
        "--tcp",
        &address,
        "-o",
        "made.svdat",
        "--duration",
        "2",
        "--check",
    ])
    .in_folder(folder.path())
    .end();
    device.join().expect("a device");
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("did not come back"), "{}", ran.stdout);
}
