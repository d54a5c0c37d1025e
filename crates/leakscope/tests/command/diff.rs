//! `diff`, as people type it: sides, moments, dumps, exit codes, files.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use leakscope_testing::needs::{has_tool, has_tool_that_knows, say_skipped};
use leakscope_testing::project;
use leakscope_testing::scenario::{IDF_HEAP, MAIN, Scenario};
use serde_json::Value;

use crate::folder::{Folder, run_in};
use crate::run::Ran;

/// Runs `diff` with these words, which must end with this code.
#[track_caller]
fn diff(folder: &Folder, words: &str, code: i32) -> Ran {
    folder.run(&format!("diff {words}"), code)
}

#[test]
fn exit_codes() {
    let folder = Folder::of_recordings();
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
        ("leak.svdat --at 0.5 --at 1h", 0),
        ("leak.svdat --at 0.5 --at 1h --fail-on worse", 2),
        ("leak.svdat --at 1h --at 2h", 2),
    ] {
        diff(&folder, arguments, code);
    }
}

/// What is advised is about what is wrong, and not how `diff` is typed.
#[test]
fn hints_are_for_the_reason_at_hand() {
    let folder = Folder::of_recordings();
    let ran = diff(&folder, "leak.svdat worse.svdat --per cycle", 2);
    assert!(
        ran.stderr.contains("\nhint: a cycle begins with"),
        "{}",
        ran.stderr
    );
    let ran = folder.run("report leak.svdat --before sound.svdat", 2);
    let said = "error: --before is for the page, with --html\nhint: `leakscope diff";
    assert!(ran.stderr.starts_with(said), "{}", ran.stderr);
}

/// Two recordings are more evidence than one.
#[test]
fn no_recording_counts_twice() {
    let folder = Folder::of_recordings();
    for words in [
        "leak.svdat ./leak.svdat --against worse.svdat",
        "leak.svdat --against worse.svdat sound.svdat worse.svdat",
    ] {
        let ran = diff(&folder, words, 2);
        let said = "are one file\nhint: name each recording once\n";
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
}

/// The statuses of all call sites, as JSON has them.
fn statuses(folder: &Folder, arguments: &str) -> Vec<String> {
    let document = folder.json(&format!("diff {arguments} --format json"), 0);
    let sites = document["sites"].as_array().expect("call sites");
    let status = |site: &Value| site["status"].as_str().expect("a status").to_owned();
    sites.iter().map(status).collect()
}

#[test]
fn a_saved_report_is_as_good_as_its_recording() {
    let folder = Folder::of_recordings();
    for name in ["leak", "worse"] {
        let ran = folder.run(&format!("report {name}.svdat --format json"), 0);
        folder.write(&format!("{name}.json"), ran.stdout);
    }
    let of_recordings = statuses(&folder, "leak.svdat worse.svdat");
    assert_eq!(of_recordings, ["worse", "same"]);
    for arguments in [
        "leak.json worse.json",
        "leak.svdat worse.json",
        "leak.json worse.svdat",
    ] {
        assert_eq!(statuses(&folder, arguments), of_recordings, "{arguments}");
    }
    let several = "leak.json leak.svdat --against worse.svdat worse.json";
    assert_eq!(statuses(&folder, several), of_recordings);
}

/// A part is no whole; what is asked of both sides alike can be compared.
#[test]
fn parts_are_compared_with_the_same_parts_alone() {
    let folder = Folder::of_recordings();
    for (name, part) in [
        ("grep", "--grep zzz"),
        ("task", "--task main"),
        ("late", "--from 0.5"),
    ] {
        let saved = folder.run(&format!("report leak.svdat {part} --format json"), 0);
        folder.write(&format!("{name}.json"), saved.stdout);
        for sides in [
            format!("leak.svdat {name}.json"),
            format!("{name}.json leak.svdat"),
        ] {
            let ran = diff(&folder, &format!("{sides} --fail-on worse"), 3);
            let said = "it is a report on a part of a recording";
            assert!(
                ran.stdout.replace("\n  ", " ").contains(said),
                "{}",
                ran.stdout
            );
            assert!(!ran.stdout.contains("FIXED"), "{}", ran.stdout);
            assert!(ran.stderr.contains("the whole recording"), "{}", ran.stderr);
        }
        let alike = format!("{name}.json {name}.json --fail-on worse");
        let ran = diff(&folder, &alike, 0);
        assert!(ran.stdout.contains("reports on a part"), "{}", ran.stdout);
    }
    diff(&folder, "grep.json task.json --fail-on worse", 3);
}

/// Of dumps nobody knows what leaks: new is what was not there, worse what is more.
#[test]
fn exit_codes_of_dumps() {
    let folder = Folder::empty();
    let line = "    24 bytes (@ 0x3ffb0000, Internal) allocated CPU 0 ccount 0x1d30ab04 caller 0x400d1000\n";
    let more = |number: usize, caller: &str| {
        let lines: String = (0..number)
            .map(|block| {
                let address = format!("0x3ffb0{:03x}", 32 * block);
                line.replace("0x3ffb0000", &address)
                    .replace("0x400d1000", caller)
            })
            .collect();
        DUMP.replace(line, &lines)
            .replace("Trace: 1 records", &format!("Trace: {number} records"))
            .replace(
                "24 bytes 'leaked' in trace (1",
                &format!("{} bytes 'leaked' in trace ({number}", 24 * number),
            )
            .replace(
                "records: 1 (100 capacity, 1",
                &format!("records: {number} (100 capacity, {number}"),
            )
            .replace("allocations: 1", &format!("allocations: {number}"))
    };
    folder.write("one.log", DUMP);
    folder.write("more.log", more(5, "0x400d1000"));
    folder.write("other.log", more(1, "0x400d2000"));
    folder.write("torn.log", &DUMP[..DUMP.len() - 120]);
    for (arguments, code) in [
        ("one.log more.log --fail-on worse", 1),
        ("one.log more.log --fail-on new", 0),
        ("more.log one.log --fail-on worse", 0),
        ("one.log other.log --fail-on new", 1),
        ("one.log torn.log --fail-on worse", 3),
    ] {
        let ran = diff(&folder, arguments, code);
        assert!(!ran.stderr.contains("record longer"), "{}", ran.stderr);
    }
}

/// What is outstanding at moments is exact, block by block.
#[test]
fn moments_of_a_recording() {
    let folder = Folder::of_recordings();
    // Not in order of time.
    diff(&folder, "worse.svdat --at 505ms --at 1005ms --at 1s", 2);
    // From a moment to the same one nothing is more, so that nothing would be worse.
    diff(&folder, "worse.svdat --at 505ms --at 1005ms --at 1005ms", 2);
    let moments = "worse.svdat --at 505ms --at 1005ms --at 60s --format json";
    let ran = diff(&folder, moments, 0);
    assert!(ran.stderr.contains("ends before"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("at 1 min"), "{}", ran.stdout);
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

/// A recording in four pieces, from 0, 110, 220 and 330 ms on, each 100 ms long: every 10 ms a block is allocated, and `lives` says
/// for how many such steps it lives. `sees_all` if no such step lies in a pause.
fn in_pieces(lives: u32, sees_all: bool) -> Vec<u8> {
    let mut recording = Scenario::begun();
    let address = |step: u32| 0x3FFB_0000 + 64 * step;
    let piece = if sees_all { 10 } else { 8 };
    for step in 0..40 {
        recording.after(10_000);
        let is_seen = step % 10 < piece;
        if is_seen {
            recording.allocate(address(step), 24, &[0x400D_1000]);
        }
        if is_seen && step >= lives {
            recording.free(address(step - lives), &[0x400D_2000]);
        }
        if step % 10 == 9 {
            let microseconds = recording.time() + 10_000;
            recording.stop().after(10_000).start();
            recording.systime_us(microseconds).module(512, IDF_HEAP);
            recording.task(MAIN, "main").run(MAIN);
        }
    }
    recording.after(1000).print("the end");
    recording.plain()
}

/// What lives at a moment behind a pause: what was allocated and not freed, whether the free is seen before the pause or behind it.
/// What may have been freed in the pause makes nothing worse for sure.
#[test]
fn moments_behind_pauses() {
    let folder = Folder::empty();
    let moments = "--at 85ms --at 195ms --at 305ms --at 415ms --format json";
    let compared = |name: &str, trace: Vec<u8>, code: i32| {
        folder.write(name, trace);
        let ran = diff(&folder, &format!("{name} {moments} --fail-on worse"), code);
        let document: Value = serde_json::from_str(&ran.stdout).expect("a JSON document");
        let site = document["sites"][0].clone();
        let blocks = [&site["before"], &site["after"]].map(|side| &side["outstanding_blocks"]);
        (
            format!("{},{}", blocks[0], blocks[1]),
            site["status"].clone(),
        )
    };
    // Each block is freed, some behind a pause.
    let healthy = compared("healthy.svdat", in_pieces(3, true), 0);
    assert_eq!(healthy, ("[3],[3,3,3]".to_owned(), "same".into()));
    // The last two of each piece may have been freed in the pause.
    let unseen = compared("unseen.svdat", in_pieces(3, false), 3);
    assert_eq!(unseen, ("[3],[5,7,9]".to_owned(), "cannot-tell".into()));
    // Between moments of one session nothing is freed unseen.
    folder.write("leak.svdat", in_pieces(100, true));
    let ran = diff(
        &folder,
        "leak.svdat --at 225ms --at 285ms --fail-on worse",
        1,
    );
    assert!(ran.stdout.starts_with("1 worse"), "{}", ran.stdout);
}

/// A target's reset begins a new heap: what was outstanding before it is no more at a moment behind it. And where a dump, which is of
/// one boot, meets a recording of several, nothing is told of a difference.
#[test]
fn moments_and_dumps_of_several_boots() {
    let mut recording = Scenario::empty();
    for (clock, blocks) in [(5_000_000, 50), (1000, 5)] {
        recording.start().systime_us(clock).module(512, IDF_HEAP);
        recording.task(MAIN, "main").run(MAIN);
        for block in 0..blocks {
            let address = 0x3FFB_0000 + 64 * block;
            recording
                .after(10_000)
                .allocate(address, 24, &[0x400D_1000]);
        }
    }
    recording.after(1000).print("the end");
    let folder = Folder::empty();
    folder.write("boots.svdat", recording.plain());
    let moments = "boots.svdat --at 405ms --at 555ms --format json";
    let ran = diff(&folder, moments, 0);
    assert!(ran.stderr.contains("was reset 1 time"), "{}", ran.stderr);
    let document: Value = serde_json::from_str(&ran.stdout).expect("a JSON document");
    let blocks = |side: &str| document["sites"][0][side]["outstanding_blocks"].clone();
    assert_eq!(blocks("before"), serde_json::json!([40]));
    assert_eq!(blocks("after"), serde_json::json!([5]));

    folder.write("dump.log", DUMP);
    for sides in ["dump.log boots.svdat", "boots.svdat dump.log"] {
        let document = folder.json(&format!("diff {sides} --format json"), 0);
        for site in document["sites"].as_array().expect("call sites") {
            assert_eq!(site["status"], "cannot-tell", "{sides}");
        }
        let doubts = [&document["before"]["doubts"], &document["after"]["doubts"]];
        let doubts = serde_json::to_string(&doubts).expect("JSON");
        assert!(doubts.contains("0.500 s"), "{doubts}");
    }
}

/// A dump as ESP-IDF prints it.
const DUMP: &str = "\
====== Heap Trace: 1 records (100 capacity) ======
    24 bytes (@ 0x3ffb0000, Internal) allocated CPU 0 ccount 0x1d30ab04 caller 0x400d1000
====== Heap Trace Summary ======
Mode: Heap Trace Leaks
24 bytes 'leaked' in trace (1 allocations)
records: 1 (100 capacity, 1 high water mark)
total allocations: 1
total frees: 0
================================
";

#[test]
fn the_page_is_written_once() {
    let folder = Folder::of_recordings();
    let arguments = "leak.svdat worse.svdat --html diff.html";
    diff(&folder, arguments, 0);
    let page = folder.read("diff.html");
    assert_eq!(page.matches("<svg").count(), 2);
    assert!(!page.contains("<script"));
    // It exists.
    diff(&folder, arguments, 2);
    diff(&folder, &format!("{arguments} --force"), 0);
    let printed = diff(&folder, "leak.svdat worse.svdat --html -", 0);
    assert_eq!(printed.stdout, page);
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
        let text = run_in(&consoles, &format!("diff {arguments}"), 0).stdout;
        assert!(text.starts_with("1 worse; 4 the same.\n"), "{text}");
        let levels = "368 B in 2 blocks → 2,576 B in 14 blocks";
        assert!(text.contains(levels), "{text}");
    }
    run_in(&consoles, "diff 10-n0.txt 10-n1.txt --fail-on worse", 1);
    run_in(&consoles, "diff 10-n1.txt 10-n0.txt --fail-on worse", 0);
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
    let folder = Folder::of_firmware(&["error-path", "growing-table"]);
    let words = "diff error-path.svdat growing-table.svdat --elf program.elf --format json";
    let expected = differences(&folder.json(words, 0));
    assert!(expected.values().any(|sums| sums.0 < 0) && expected.values().any(|sums| sums.0 > 0));
    for format in ["heaptrack", "pprof"] {
        for (side, name) in [("error-path", "before"), ("growing-table", "after")] {
            let options = format!("--elf program.elf --as {format} -o {name}.{format}");
            folder.run(&format!("export {side}.svdat {options}"), 0);
        }
    }
    let run = |program: &str, words: &str| {
        let mut command = Command::new(program);
        let output = command
            .args(words.split(' '))
            .current_dir(folder.path())
            .output();
        String::from_utf8(output.expect("the program").stdout).expect("UTF-8")
    };
    if has_tool("heaptrack_print") {
        let options = "-d before.heaptrack after.heaptrack -l1 -p0 -a0 -T0";
        let text = run("heaptrack_print", options);
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
            let options = "-top -lines -unit=B -nodefraction=0 -nodecount=100000";
            let sides = "-diff_base before.pprof after.pprof";
            let text = run(
                "go",
                &format!("tool pprof {options} -sample_index={sample} {sides}"),
            );
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
    let folder = Folder::of_firmware(&["error-path", "growing-table"]);
    for name in ["error-path", "growing-table"] {
        let options = format!("--elf program.elf --as pprof -o {name}.pb.gz");
        folder.run(&format!("export {name}.svdat {options}"), 0);
    }
    let text = diff(&folder, "error-path.pb.gz growing-table.pb.gz", 0).stdout;
    let sums = "7,200 B in 22 blocks   22,224 B in 62 blocks";
    assert!(text.contains(sums), "{text}");
    // A file is not named twice.
    fs::copy(folder.file("error-path.pb.gz"), folder.file("again.pb.gz")).expect("a copy");
    let text = diff(&folder, "error-path.pb.gz again.pb.gz", 0).stdout;
    let said = "No difference was found at 1 call site.";
    assert!(text.starts_with(said), "{text}");
}

/// Two builds without names have no call stack in common: that is said first, and nothing is claimed of it.
#[test]
fn strangers_are_not_compared() {
    let folder = Folder::of_recordings();
    let mut other = Scenario::begun();
    for round in 0..200 {
        let block = 0x3FC9_0000 + 0x100 * round;
        other
            .after(9000)
            .allocate(block, 24, &[0x4201_1002, 0x4201_3002]);
        other.after(1000);
    }
    folder.write("other.svdat", other.openocd());
    for words in ["leak.svdat other.svdat", "other.svdat leak.svdat"] {
        let ran = diff(&folder, words, 0);
        let first = "Nothing is common to both sides, and nothing can be told of a change.\n";
        assert!(ran.stdout.starts_with(first), "{}", ran.stdout);
        assert!(
            !ran.stdout.contains("FIXED") && !ran.stdout.contains("NEW"),
            "{}",
            ran.stdout
        );
        diff(&folder, &format!("{words} --fail-on new"), 3);
    }
    // One call stack is enough.
    let ran = diff(&folder, "sound.svdat leak.svdat", 0);
    assert!(ran.stdout.contains("new leak"), "{}", ran.stdout);
}
