//! `diff`, as people type it: sides, moments, dumps, exit codes, files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use leakscope_testing::needs::{has_tool, has_tool_that_knows, say_skipped};
use leakscope_testing::project;
use leakscope_testing::scenario::Scenario;
use serde_json::Value;

use crate::run::{Ran, leakscope};

/// Rounds of 10 ms; in each, a block comes and goes, and where `leaks` says so, 24 bytes stay.
fn recording(rounds: u32, leaks: impl Fn(u32) -> bool) -> Vec<u8> {
    let mut recording = Scenario::begun();
    for round in 0..rounds {
        let block = 0x3FC9_0000 + 0x100 * round;
        recording.after(5000).allocate(block, 32, &[0x4200_2000]);
        recording.after(4000).free(block, &[0x4200_2000]);
        recording.after(1000);
        if leaks(round) {
            recording.allocate(block + 0x80, 24, &[0x4200_1000, 0x4200_3000]);
        }
    }
    recording.openocd()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in [
        ("sound.svdat", recording(200, |_| false)),
        ("leak.svdat", recording(200, |round| round % 4 == 0)),
        ("longer.svdat", recording(400, |round| round % 4 == 0)),
        ("worse.svdat", recording(200, |_| true)),
        ("few.svdat", recording(200, |round| round % 50 == 20)),
        ("empty.svdat", Scenario::begun().openocd()),
    ] {
        fs::write(folder.path().join(name), bytes).expect("a file");
    }
    folder
}

fn diff(folder: &Path, arguments: &str) -> Ran {
    let words = arguments.split_whitespace();
    leakscope(["diff"].into_iter().chain(words))
        .in_folder(folder)
        .end()
}

#[test]
fn exit_codes() {
    let folder = folder();
    for (arguments, code) in [
        ("leak.svdat worse.svdat", 0),
        ("leak.svdat worse.svdat --fail-on worse", 1),
        ("leak.svdat worse.svdat --fail-on new", 0),
        ("sound.svdat leak.svdat --fail-on new", 1),
        ("leak.svdat sound.svdat --fail-on worse", 0),
        ("leak.svdat longer.svdat --fail-on worse", 0),
        ("leak.svdat longer.svdat --fail-on worse --per run", 1),
        ("leak.svdat leak.svdat --fail-on worse", 0),
        ("sound.svdat few.svdat --fail-on new", 3),
        ("leak.svdat empty.svdat --fail-on worse", 3),
        ("leak.svdat", 2),
        ("leak.svdat leak.svdat leak.svdat", 2),
        ("leak.svdat nothing.svdat", 2),
        ("leak.svdat leak.svdat --per cycle", 2),
        ("leak.svdat worse.svdat --at 1 --at 2", 2),
        ("leak.svdat --at 1", 2),
        ("leak.svdat --at 2 --at 1", 2),
        ("leak.svdat --at 0.5 --at 1 --fail-on worse", 1),
    ] {
        let ran = diff(folder.path(), arguments);
        assert_eq!(ran.code, code, "{arguments}: {}{}", ran.stdout, ran.stderr);
    }
}

/// The statuses of all call sites, as JSON has them.
fn statuses(folder: &Path, arguments: &str) -> Vec<String> {
    let ran = diff(folder, &format!("{arguments} --format json"));
    let document: Value = serde_json::from_str(&ran.stdout).expect("a JSON document");
    let sites = document["sites"].as_array().expect("call sites");
    let status = |site: &Value| site["status"].as_str().expect("a status").to_owned();
    sites.iter().map(status).collect()
}

#[test]
fn a_saved_report_is_as_good_as_its_recording() {
    let folder = folder();
    for name in ["leak", "worse"] {
        let ran = leakscope(["report", &format!("{name}.svdat"), "--format", "json"])
            .in_folder(folder.path())
            .end();
        fs::write(folder.path().join(format!("{name}.json")), ran.stdout).expect("a file");
    }
    let of_recordings = statuses(folder.path(), "leak.svdat worse.svdat");
    assert_eq!(of_recordings, ["worse", "same"]);
    for arguments in [
        "leak.json worse.json",
        "leak.svdat worse.json",
        "leak.json worse.svdat",
    ] {
        assert_eq!(
            statuses(folder.path(), arguments),
            of_recordings,
            "{arguments}"
        );
    }
    let several = "leak.json leak.svdat --against worse.svdat worse.json";
    assert_eq!(statuses(folder.path(), several), of_recordings);
}

/// What is outstanding at moments is exact, block by block.
#[test]
fn moments_of_a_recording() {
    let folder = folder();
    let ran = diff(
        folder.path(),
        "worse.svdat --at 505ms --at 1005ms --at 1s --format json",
    );
    assert_eq!(ran.code, 2, "not in order of time");
    let ran = diff(
        folder.path(),
        "worse.svdat --at 505ms --at 1005ms --at 60s --format json",
    );
    assert!(ran.stderr.contains("ends before"), "{}", ran.stderr);
    let document: Value = serde_json::from_str(&ran.stdout).expect("a JSON document");
    let site = &document["sites"][0];
    assert_eq!(site["status"], "worse");
    assert_eq!(
        site["before"]["outstanding_blocks"],
        serde_json::json!([50])
    );
    assert_eq!(
        site["after"]["outstanding_blocks"],
        serde_json::json!([100, 200])
    );
}

#[test]
fn the_page_is_written_once() {
    let folder = folder();
    let arguments = "leak.svdat worse.svdat --html diff.html";
    assert_eq!(diff(folder.path(), arguments).code, 0);
    let page = fs::read_to_string(folder.path().join("diff.html")).expect("the page");
    assert_eq!(page.matches("<svg").count(), 2);
    assert!(!page.contains("<script"));
    assert_eq!(diff(folder.path(), arguments).code, 2, "it exists");
    assert_eq!(diff(folder.path(), &format!("{arguments} --force")).code, 0);
}

/// Two dumps of one device, in two logs and in one: what people compare by hand.
#[test]
fn dumps_of_a_device() {
    let consoles = project().join("../shared/cases/consoles");
    if !consoles.exists() {
        say_skipped("there are no logs of consoles");
        return;
    }
    for arguments in ["10-n0.txt 10-n1.txt", "10-both.txt"] {
        let ran = diff(&consoles, arguments);
        assert!(
            ran.stdout.starts_with("1 worse; 4 the same.\n"),
            "{}",
            ran.stdout
        );
        assert!(
            ran.stdout
                .contains("368 B in 2 blocks → 2,576 B in 14 blocks"),
            "{}",
            ran.stdout
        );
    }
    assert_eq!(
        diff(&consoles, "10-n0.txt 10-n1.txt --fail-on worse").code,
        1
    );
    assert_eq!(
        diff(&consoles, "10-n1.txt 10-n0.txt --fail-on worse").code,
        0
    );
}

/// What differs of each line that allocates: bytes outstanding and blocks allocated, by `file:line`.
type Differences = BTreeMap<String, (i64, i64)>;

fn differences(document: &Value) -> Differences {
    let mut lines = Differences::new();
    for site in document["sites"].as_array().expect("call sites") {
        let frame = &site["frames"][0];
        let file = frame["file"].as_str().expect("a file");
        let difference = |number: &dyn Fn(&Value) -> Option<i64>| {
            number(&site["after"]).expect("a number") - number(&site["before"]).expect("a number")
        };
        let sums = lines
            .entry(format!(
                "{}:{}",
                file.trim_start_matches("./"),
                frame["line"]
            ))
            .or_default();
        sums.0 += difference(&|side| side["outstanding_bytes"][0].as_i64());
        sums.1 += difference(&|side| side["allocations"].as_i64());
    }
    lines
}

/// `heaptrack_print -d` and `pprof -diff_base` see the same differences in what `export` writes of both sides.
#[test]
fn other_tools_see_the_same_differences() {
    let recorded = project().join("testdata/firmware/embassy-virt");
    let folder = tempfile::tempdir().expect("a folder");
    let elf = recorded.join("program.elf");
    let elf = elf.to_str().expect("a name");
    let of = |name: &str| recorded.join(name).to_str().expect("a name").to_owned();
    let sides = ["error-path", "growing-table"].map(|name| of(&format!("{name}.svdat")));
    let ran = diff(
        folder.path(),
        &format!("{} {} --elf {elf} --format json", sides[0], sides[1]),
    );
    let expected = differences(&serde_json::from_str(&ran.stdout).expect("a JSON document"));
    assert!(expected.values().any(|sums| sums.0 < 0) && expected.values().any(|sums| sums.0 > 0));
    for format in ["heaptrack", "pprof"] {
        for (side, name) in sides.iter().zip(["before", "after"]) {
            let file = format!("{name}.{format}");
            let words = ["export", side, "--elf", elf, "--as", format, "-o", &file];
            let ran = leakscope(words).in_folder(folder.path()).end();
            assert_eq!(ran.code, 0, "{}", ran.stderr);
        }
    }
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(folder.path())
            .output();
        String::from_utf8(output.expect("the program").stdout).expect("UTF-8")
    };
    if has_tool("heaptrack_print") {
        let text = run(
            "heaptrack_print",
            &[
                "-d",
                "before.heaptrack",
                "after.heaptrack",
                "-l1",
                "-p0",
                "-a0",
                "-T0",
            ],
        );
        let lines: Vec<&str> = text.lines().collect();
        let mut found = BTreeMap::new();
        for rows in lines.windows(3) {
            if let Some((bytes, calls)) = rows[0].split_once(" leaked over ")
                && let Some(calls) = calls.strip_suffix(" calls from")
            {
                let place = rows[2].trim_start().trim_start_matches("at ./");
                found.insert(
                    place.to_owned(),
                    (bytes.to_owned(), calls.parse().expect("a number")),
                );
            }
        }
        let shown = |bytes: i64| match bytes.abs() {
            ..1000 => format!("{bytes}B"),
            _ => format!("{:.2}K", bytes as f64 / 1000.0),
        };
        let leaked = expected.iter().filter(|(_, sums)| sums.0 != 0);
        let leaked: BTreeMap<String, (String, i64)> = leaked
            .map(|(place, sums)| (place.clone(), (shown(sums.0), sums.1)))
            .collect();
        assert_eq!(found, leaked, "{text}");
    }
    if has_tool_that_knows("go", "version") {
        for (sample, number) in [("inuse_space", 0), ("alloc_objects", 1)] {
            let sample = format!("-sample_index={sample}");
            let base = ["-diff_base", "before.pprof", "after.pprof"];
            let options = [
                "tool",
                "pprof",
                "-top",
                "-lines",
                "-unit=B",
                "-nodefraction=0",
                "-nodecount=100000",
                &sample,
            ];
            let text = run("go", &[&options[..], &base].concat());
            let rows = text
                .lines()
                .skip_while(|row| !row.trim_start().starts_with("flat "))
                .skip(1);
            let mut found = BTreeMap::new();
            for row in rows {
                let words: Vec<&str> = row.split_whitespace().collect();
                let flat: i64 = words[0].trim_end_matches('B').parse().expect("a number");
                let place = words.iter().find(|word| word.contains(".rs:"));
                if let Some(place) = place.filter(|_| flat != 0) {
                    *found
                        .entry(place.trim_start_matches("./").to_owned())
                        .or_insert(0) += flat;
                }
            }
            let values = expected
                .iter()
                .map(|(place, sums)| (place.clone(), [sums.0, sums.1][number]));
            let values: BTreeMap<String, i64> = values.filter(|(_, value)| *value != 0).collect();
            assert_eq!(found, values, "{text}");
        }
    }
}

/// A profile of pprof's is one moment, and holds what the report says.
#[test]
fn profiles_are_a_side() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = project().join("testdata/firmware/embassy-virt");
    for name in ["error-path", "growing-table"] {
        let ran = leakscope(["export", "--as", "pprof", "-o"])
            .on(&[folder.path().join(format!("{name}.pb.gz"))])
            .on(&["--elf"])
            .on(&[
                program.join("program.elf"),
                program.join(format!("{name}.svdat")),
            ])
            .end();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let diff = |sides: [&str; 2]| {
        let ran = leakscope(["diff"])
            .on(&sides)
            .in_folder(folder.path())
            .end();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    };
    let text = diff(["error-path.pb.gz", "growing-table.pb.gz"]);
    assert!(
        text.contains("7,200 B in 22 blocks   22,224 B in 62 blocks"),
        "{text}"
    );
    // A file is not named twice.
    std::fs::copy(
        folder.path().join("error-path.pb.gz"),
        folder.path().join("again.pb.gz"),
    )
    .expect("a copy");
    let text = diff(["error-path.pb.gz", "again.pb.gz"]);
    assert!(
        text.starts_with("No difference was found at 1 call site."),
        "{text}"
    );
}
