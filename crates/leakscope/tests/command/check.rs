//! `check`, as builds run it: exit codes, files, and what it reads from its folder.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use leakscope_testing::filtered::{self, Filter};
use leakscope_testing::{needs, project};
use serde_json::Value;

use crate::folder::{Folder, leaking, run_in, sound};
use crate::run::{Ran, leakscope};

/// Runs `check` with these words, which must end with this code.
#[track_caller]
fn check(folder: &Folder, words: &str, code: i32) -> Ran {
    folder.run(&format!("check {words}"), code)
}

#[test]
fn exit_codes() {
    let folder = Folder::of_recordings();
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
        check(&folder, arguments, code);
    }
}

/// What a device was told to leave out does not pass, unless that is what was asked for; and other blocks are not compared.
#[test]
fn what_a_device_leaves_out_is_said() {
    let folder = Folder::empty();
    let one_in_three = Filter::NONE.one_in(3);
    for (name, filter, leaks) in [
        ("all", Filter::NONE, 15),
        ("sample", one_in_three, 15),
        ("sound", one_in_three, 0),
    ] {
        folder.write(&format!("{name}.svdat"), filtered::recording(filter, leaks));
    }
    let what = "all but one in 3 addresses";
    let ran = check(&folder, "sound.svdat", 3);
    assert!(ran.stdout.contains(what), "{}", ran.stdout);
    let ran = check(&folder, "sound.svdat --allow-filtered", 0);
    assert!(ran.stdout.contains(what), "{}", ran.stdout);
    check(&folder, "sample.svdat --allow-filtered", 1);
    let known = "--baseline known";
    check(&folder, &format!("all.svdat {known} --write-baseline"), 1);
    check(
        &folder,
        &format!("sample.svdat {known} --allow-filtered"),
        3,
    );
    check(
        &folder,
        &format!("sample.svdat {known} --write-baseline"),
        3,
    );
    check(
        &folder,
        &format!("sample.svdat {known} --allow-filtered"),
        0,
    );
    folder.write("leakscope.toml", "[check]\nallow-filtered = true\n");
    check(&folder, "sound.svdat", 0);
    let ran = folder.run("diff all.svdat sample.svdat --fail-on worse", 3);
    assert!(ran.stdout.contains("leave blocks out"), "{}", ran.stdout);
    let ran = folder.run("diff sound.svdat sample.svdat --fail-on worse", 1);
    assert!(ran.stdout.contains("both sides lack"), "{}", ran.stdout);
}

#[test]
fn a_folder_says_what_is_asked() {
    let folder = Folder::of_recordings();
    let write = |text: &str| folder.write("leakscope.toml", text);
    write("[check]\nmin-length = '1min'\n");
    check(&folder, "sound.svdat", 3);
    // What is typed counts more.
    check(&folder, "sound.svdat --min-length 1ms", 0);
    write("[check]\nstrict = true\n[[suppress]]\nid = 'a'\nreason = 'b'\ntask = 'main'\n");
    check(&folder, "leak.svdat", 0);
    check(&folder, "sound.svdat", 1);
    for (setting, why) in [
        ("min-confidence = 'sure'", "`sure` is none of"),
        ("min-length = 'soon'", "`soon`"),
        ("max-loss = '101%'", "`101%`"),
        ("max-growth = '1TB/s'", "`1TB/s`"),
        ("max-peak = 'much'", "`much`"),
    ] {
        write(&format!("[check]\nstrict = true\n{setting}\n"));
        let ran = check(&folder, "sound.svdat", 2);
        let name = setting.split(' ').next().expect("a name");
        let said = format!("error: leakscope.toml:3: {name}: ");
        let is_said = ran.stderr.starts_with(&said) && ran.stderr.contains(why);
        assert!(is_said, "{}", ran.stderr);
    }
    write("[[suppress]]\nid = 'a'\nreason = 'b'\nverdict = 'leak-steady'\n");
    let ran = check(&folder, "leak.svdat", 0);
    assert!(
        ran.stderr.contains("`leakscope.toml` in this folder"),
        "{}",
        ran.stderr
    );
    write("[suppress]\n");
    let ran = check(&folder, "sound.svdat", 2);
    assert!(ran.stderr.contains("leakscope.toml:1"), "{}", ran.stderr);
}

#[test]
fn a_baseline_is_written_held_and_pruned() {
    let folder = Folder::of_recordings();
    let ran = check(&folder, "leak.svdat --baseline known --write-baseline", 1);
    let said = "`known` now knows 1 leak; before, it knew 0. This answer was given without it: the next one lets them pass\n";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("1 leak is in `known` by addresses, without names"),
        "{}",
        ran.stderr
    );
    let again = check(&folder, "leak.svdat --baseline known --write-baseline", 0);
    assert!(!again.stderr.contains("without it"), "{}", again.stderr);
    check(&folder, "leak.svdat --baseline known", 0);
    let ran = check(&folder, "sound.svdat --baseline known", 0);
    let said = "did not show any more";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    // Not while a recording shows it, or cannot tell.
    for (inputs, code) in [
        ("sound.svdat leak.svdat", 0),
        ("sound.svdat empty.svdat", 3),
    ] {
        check(&folder, &format!("{inputs} --baseline known --prune"), code);
        check(&folder, "leak.svdat --baseline known", 0);
    }
    check(&folder, "sound.svdat --baseline known --prune", 0);
    check(&folder, "leak.svdat --baseline known", 1);
    folder.write("known", "{}");
    check(&folder, "leak.svdat --baseline known", 2);
}

/// Without the ELF file, nothing tells whether what is known by names shows.
#[test]
fn a_baseline_of_names_outlives_a_run_without_them() {
    let folder = Folder::of_firmware(&["growing-table"]);
    let named = "growing-table.svdat --baseline known --elf program.elf";
    check(&folder, &format!("{named} --write-baseline"), 1);
    let known = folder.read("known");
    let unnamed = "growing-table.svdat --baseline known";
    let ran = check(&folder, &format!("{unnamed} --prune"), 1);
    assert_eq!(folder.read("known"), known);
    assert!(!ran.stdout.contains("did not show"), "{}", ran.stdout);
    let said = "1 known leak by names of functions";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    check(&folder, &format!("{unnamed} --write-baseline"), 1);
    check(&folder, unnamed, 0);
    check(&folder, named, 0);
}

#[test]
fn a_dump_is_judged_by_what_it_may_hold() {
    let log = project().join("testdata/firmware/recorder-2026-11-22/bounded-cache.log");
    let log = log.display().to_string();
    let folder = Folder::of_recordings();
    check(&folder, &log, 3);
    check(&folder, &format!("{log} --max-outstanding 1MiB"), 0);
    check(&folder, &format!("{log} --max-outstanding 1B"), 1);
    check(
        &folder,
        &format!("{log} --baseline held --write-baseline"),
        1,
    );
    check(&folder, &format!("{log} --baseline held"), 0);
    let nothing =
        "{\"schema\":\"leakscope.baseline\",\"version\":1,\"leakscope\":\"0\",\"sites\":[]}";
    folder.write("held", nothing);
    let ran = check(&folder, &format!("{log} --baseline held"), 1);
    let said = "the baseline does not know it";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
}

/// A lost line makes a freed block seem to live: no limit is exceeded for sure by that.
#[test]
fn a_dump_that_may_lack_frees_exceeds_no_limit_for_sure() {
    let folder = Folder::empty();
    let dump = |freed: &str| {
        format!(
            "====== Heap Trace: 2 records (8 capacity) ======\n\
             100 bytes (@ 0x3fc9f6b4, Internal) allocated CPU 0 ccount 0x1a320698 caller 0x40376321:0x40376379\n\
             {freed}\
             200 bytes (@ 0x3fc9f800, Internal) allocated CPU 0 ccount 0x1a320798 caller 0x40376351:0x40376379\n\
             ====== Heap Trace Summary ======\n\
             Mode: Heap Trace All\n\
             200 bytes alive in trace (1/2 allocations)\n\
             total allocations: 2\n\
             total frees: 1\n\
             ================================\n"
        )
    };
    folder.write("whole.log", dump("freed by 0x40377777:0x00000000\n"));
    folder.write("torn.log", dump(""));
    check(&folder, "whole.log --max-outstanding 250B", 0);
    check(&folder, "whole.log --max-outstanding 150B", 1);
    let ran = check(&folder, "torn.log --max-outstanding 250B", 3);
    let said =
        "300 B are outstanding, and --max-outstanding allows 250 B; but part of it may be freed";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
}

/// What is advised is about what is wrong.
#[test]
fn hints_are_for_the_reason_at_hand() {
    let log = project().join("testdata/firmware/recorder-2026-11-22/bounded-cache.log");
    let log = log.display().to_string();
    let folder = Folder::of_recordings();
    for (words, code, hint) in [
        (
            log.clone(),
            3,
            "say what the dump may hold, with --max-outstanding SIZE or --baseline FILE",
        ),
        (
            format!("{log} --max-outstanding 1B"),
            1,
            "free memory, or raise the limit\n",
        ),
        (
            format!("{log} --max-outstanding 1MB --max-peak 1MB"),
            3,
            "--max-outstanding is a limit for dumps",
        ),
        (
            "sound.svdat --max-peak 16B".to_owned(),
            1,
            "free memory, or raise the limit\n",
        ),
        (
            "leak.svdat".to_owned(),
            1,
            "mend what leaks: --elf FILE says which functions these are",
        ),
        (
            "sound.svdat --min-length 1min".to_owned(),
            3,
            "record again, longer\n",
        ),
        (
            "empty.svdat".to_owned(),
            3,
            "a gate that saw nothing is no success",
        ),
    ] {
        let ran = check(&folder, &words, code);
        assert!(
            ran.stderr.starts_with(&format!("hint: {hint}")),
            "{words}: {}",
            ran.stderr
        );
        assert_eq!(
            ran.stderr.matches("hint: ").count(),
            1,
            "{words}: {}",
            ran.stderr
        );
    }
    // What it was held to comes first.
    let ran = check(&folder, &format!("{log} --max-outstanding 1MB"), 0);
    let (_, headline) = ran.stdout.split_once(": passed: ").expect("it passed");
    let (first, _) = headline.split_once('\n').expect("a line");
    assert!(
        first.ends_with(" outstanding, and --max-outstanding allows 1,000,000 B"),
        "{first}"
    );
}

#[test]
fn files_for_others() {
    let folder = Folder::of_firmware(&["error-path"]);
    let words = "check --github --junit heap.xml --sarif heap.sarif --gitlab quality.json --markdown heap.md \
                 error-path.svdat --elf program.elf";
    let summary = folder.file("summary.md").display().to_string();
    let ran = leakscope(words.split_whitespace())
        .with("GITHUB_STEP_SUMMARY", &summary)
        .in_folder(folder.path())
        .end();
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let annotation = "::error file=src/fault/error_path.rs,line=";
    assert!(ran.stdout.contains(annotation), "{}", ran.stdout);
    assert!(folder.read("heap.xml").contains("leak-survivors"));
    assert_eq!(folder.read("summary.md"), folder.read("heap.md"));
    for name in ["heap.sarif", "quality.json"] {
        let _: Value = serde_json::from_str(&folder.read(name)).expect("JSON");
    }
}

/// What cannot tell is an error, unless it is let pass.
#[test]
fn others_are_told_what_cannot_be_claimed() {
    let folder = Folder::of_recordings();
    for (more, code, annotation, case) in [
        ("", 3, "::error title=nothing can be claimed::", "<error "),
        (
            "--inconclusive pass",
            0,
            "::warning title=nothing can be claimed::",
            "<skipped ",
        ),
    ] {
        let words = format!("empty.svdat --github --junit heap.xml {more}");
        let ran = check(&folder, &words, code);
        assert!(ran.stdout.contains(annotation), "{}", ran.stdout);
        assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
        assert!(folder.read("heap.xml").contains(case));
    }
}

#[test]
fn json_alone() {
    let folder = Folder::of_recordings();
    let ran = check(&folder, "leak.svdat --format json", 1);
    let document: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(document["answer"], "failed");
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_rule_is_suggested() {
    let folder = Folder::of_firmware(&["error-path"]);
    let ran = check(&folder, "--suggest --elf program.elf error-path.svdat", 1);
    let rule = ran.stdout.split_once("[[suppress]]").expect("a rule").1;
    let rule = rule.replace("reason = \"\"", "reason = \"a test\"");
    folder.write("leakscope.toml", format!("[[suppress]]{rule}"));
    check(&folder, "--elf program.elf error-path.svdat", 0);
}

/// Microsoft's validator, with GitHub's rules, and a reader of JUnit.
#[test]
fn others_read_what_is_written() {
    let readers = project().join("target/readers");
    let validator = readers.join("node/node_modules/.bin/sarif-multitool");
    if !validator.exists() {
        return needs::skip("target/readers/node (`bash .ci/run readers`)");
    }
    let folder = Folder::of_firmware(&[
        "error-path",
        "growing-table",
        "double-free",
        "out-of-memory",
    ]);
    let recordings = "error-path.svdat growing-table.svdat double-free.svdat out-of-memory.svdat";
    let words = format!("--sarif heap.sarif --junit heap.xml --elf program.elf {recordings}");
    check(&folder, &words, 1);
    let validated = Command::new(validator)
        .args("validate heap.sarif --rule-kind Ghas --output found.sarif".split(' '))
        .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1")
        .current_dir(folder.path())
        .output()
        .expect("a validator");
    // It ends well with findings, too: what it found is in its own file.
    let found: Value = serde_json::from_str(&folder.read("found.sarif")).expect("JSON");
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
    let folder = Folder::of_recordings();
    let record = |recording: &[u8], options: &str, code: i32| {
        let words = format!("record --stdin --force -o made.svdat {options}");
        let run = leakscope(words.split_whitespace()).in_folder(folder.path());
        let ran = run.reading(recording).end();
        assert_eq!(ran.code, code, "{options}: {}{}", ran.stdout, ran.stderr);
        ran
    };
    record(&leaking(), "", 0);
    let ran = record(&leaking(), "--check", 1);
    assert!(ran.stdout.contains("made.svdat: FAILED"), "{}", ran.stdout);
    record(&sound(), "--check --no-report", 0);
    record(&sound(), "--check --min-length 1h", 3);
    let ran = record(&leaking(), "--check --format json", 1);
    let document: Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!(document["schema"], "leakscope.check");
    // Options of a check that nobody asked for are a mistake.
    for option in ["--min-length 1h", "--strict", "--junit=heap.xml"] {
        let ran = record(&leaking(), option, 2);
        let name = option.split([' ', '=']).next().expect("a name");
        let said = format!("error: {name} is of a check, and nothing is checked\nhint: --check");
        assert!(ran.stderr.starts_with(&said), "{}", ran.stderr);
    }
}

#[test]
fn a_reader_that_goes_away_changes_no_answer() {
    let folder = Folder::of_recordings();
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
    let folder = Folder::of_recordings();
    let report = folder.run("report sound.svdat --task main --format json", 0);
    folder.write("part.json", report.stdout);
    fs::create_dir_all(folder.file("other/leakscope.toml")).expect("a folder");
    folder.write("both.svdat", [sound(), leaking()].concat());
    for (arguments, code) in [
        // The second one would be taken for damage of the first.
        ("both.svdat", 2),
        // No log message begins a cycle.
        ("sound.svdat --cycle nothing", 3),
        ("part.json", 3),
        ("sound.svdat --format json --github", 2),
        ("sound.svdat --format json --suggest", 2),
    ] {
        check(&folder, arguments, code);
    }
    // A leakscope.toml that cannot be read is not as good as none.
    run_in(&folder.file("other"), "check ../sound.svdat", 2);
}

#[test]
fn parts_are_one_recording_or_none() {
    let folder = Folder::of_recordings();
    let record = |name: &str, options: &str, recording: Vec<u8>, code: i32| {
        let words = format!("record --stdin -o {name} {options}");
        let run = leakscope(words.split_whitespace()).in_folder(folder.path());
        let ran = run.reading(&recording).end();
        assert_eq!(ran.code, code, "{}", ran.stderr);
        ran
    };
    record("made.svdat", "--rotate 2k", leaking(), 0);
    check(&folder, "made.0001.svdat", 1);
    record("other.svdat", "--rotate 2k", sound(), 0);
    let copy = |from: &str, to: &str| {
        fs::copy(folder.file(from), folder.file(to)).expect("a copy");
    };
    // One is missing, is damaged, or is another recording's.
    copy("made.0002.svdat", "kept");
    for other in ["other.0002.svdat", "empty.svdat"] {
        copy(other, "made.0002.svdat");
        let ran = check(&folder, "made.0001.svdat", 2);
        assert!(ran.stderr.contains("part 2"), "{other}: {}", ran.stderr);
    }
    fs::remove_file(folder.file("made.0002.svdat")).expect("a file");
    check(&folder, "made.0001.svdat", 2);
    copy("other.0001.svdat", "made.0001.svdat");
    copy("kept", "made.0002.svdat");
    let ran = check(&folder, "made.*.svdat", 2);
    assert!(ran.stderr.contains("another recording"), "{}", ran.stderr);
    // Nothing is added to one of several.
    let ran = record("kept", "--append", leaking(), 2);
    let said = "one of several parts";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}

#[test]
fn a_link_that_is_gone_for_good_proves_nothing() {
    let folder = Folder::of_recordings();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let device = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody who records");
        // The port is gone, too: nobody can come back.
        drop(listener);
        stream.write_all(&sound()).expect("somebody who reads");
    });
    let ran = folder.run(
        &format!("record --tcp {address} -o made.svdat --duration 2 --check"),
        3,
    );
    device.join().expect("a device");
    assert!(ran.stdout.contains("did not come back"), "{}", ran.stdout);
}
