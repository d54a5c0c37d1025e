//! Some of a recording: filters, and what the user says of it.

use std::fs;

use leakscope_testing::project;
use leakscope_testing::scenario::{IDF_HEAP, MAIN, Scenario};
use serde_json::{Value, json};

use super::{Files, SITES, recording};
use crate::run::leakscope;

#[test]
fn lists_are_as_long_as_asked() {
    let files = Files::new();
    let mut recording = Scenario::begun();
    for number in 0..15 {
        let site = 0x400D_0000 + 0x10 * number;
        recording.allocate(0x3FFB_0000 + 64 * number, 8 + number, &[site]);
    }
    recording.after(100_000).idle();
    let trace = files.write("trace.svdat", &recording.openocd());
    let rows = |arguments: &[&str]| {
        let text = leakscope(["report"]).on(arguments).on(&[&trace]).stdout();
        let sections = text.split("\n\n");
        let mut lists = sections.filter(|list| list.starts_with("Outstanding, but no leak"));
        let list = lists.next().expect("a list");
        list.lines().filter(|line| line.contains("0x400d")).count()
    };
    assert_eq!(rows(&[]), 10);
    assert_eq!(rows(&["--top", "3"]), 3);
    let all = leakscope(["report", "--all"]).on(&[&trace]).stdout();
    let sites: Vec<String> = (0..15)
        .map(|site| format!("0x{:08x}", 0x400D_0000 + 0x10 * site))
        .collect();
    assert!(sites.iter().all(|site| all.contains(site)), "{all}");
    // The limit is one of the text: programs get everything.
    let json = leakscope(["report", "--format", "json", "--top", "3"])
        .on(&[&trace])
        .json();
    assert_eq!(json["call_sites"].as_array().map(Vec::len), Some(15));
}

#[test]
fn events_can_be_filtered() {
    let (files, _) = Files::with_trace();
    let trace = files.write("two.svdat", &recording(20).joined());
    let events = |filters: &[&str]| {
        leakscope(["events", "--format", "json"])
            .on(filters)
            .on(&[&trace])
            .json_lines()
    };
    let all = events(&[]);
    let matching = |matches: &dyn Fn(&Value) -> bool| -> Vec<Value> {
        all.iter().filter(|event| matches(event)).cloned().collect()
    };
    let id = |event: &Value| event["id"].as_u64().expect("an id");
    let heap = |event: &Value| id(event) >= 512;
    let logs = |event: &Value| id(event) == 26;
    assert_eq!(events(&["--heap"]), matching(&heap));
    assert_eq!(events(&["--heap"]).len(), 40);
    assert_eq!(events(&["--logs"]), matching(&logs));
    assert_eq!(
        events(&["--heap", "--logs"]),
        matching(&|event| heap(event) || logs(event))
    );
    assert_eq!(events(&["--apis"]), matching(&|event| id(event) == 34));
    assert_eq!(
        events(&["--isr"]),
        matching(&|event| matches!(id(event), 2 | 3 | 18))
    );
    assert_eq!(
        events(&["--core", "1"]),
        matching(&|event| event["core"] == 1)
    );
    assert_eq!(
        events(&["--task", "worker"]),
        matching(&|event| event["context"] == "worker")
    );
    assert!(!events(&["--task", "worker"]).is_empty());
    let later = |event: &Value| {
        event["time_s"]
            .as_f64()
            .is_some_and(|time| (0.01..=0.02).contains(&time))
    };
    assert_eq!(
        events(&["--from", "0.01", "--to", "0.02"]),
        matching(&later)
    );
    assert_eq!(events(&["--heap", "--core", "1"]), [Value::Null; 0]);
    let ran = leakscope(["events", "--core", "9"]).on(&[&trace]).end();
    let said = "error: there is no core 9: the recording has cores 0 to 1\n";
    assert_eq!((ran.code, &*ran.stderr), (2, said));
    assert_eq!(events(&["--grep", "block 1[0-9]$"]).len(), 10);
    assert_eq!(events(&["--grep", "^vTaskDelay$", "--apis"]).len(), 20);
}

#[test]
fn no_event_that_matches_is_an_empty_list() {
    let (_files, trace) = Files::with_trace();
    let nowhere = ["--from", "1h"];
    let text = leakscope(["events"]).on(&nowhere).on(&[&trace]).stdout();
    assert_eq!(text.lines().count(), 1, "the heading: {text}");
    let csv = leakscope(["events", "--format", "csv"])
        .on(&nowhere)
        .on(&[&trace])
        .stdout();
    assert_eq!(
        csv,
        "index,time_s,ticks,core,context,id,name,parameters,input,offset\r\n"
    );
    let json = leakscope(["events", "--format", "json"])
        .on(&nowhere)
        .on(&[&trace])
        .stdout();
    assert_eq!(json, "");
}

/// Why nothing is there is said: an empty report is no sound one.
#[test]
fn a_part_behind_the_end_is_said() {
    let (_files, trace) = Files::with_trace();
    let mut runs: Vec<_> = ["report", "events", "log"]
        .map(|command| leakscope([command]))
        .into();
    runs.push(leakscope(["export", "--as", "csv"]));
    for run in runs {
        let ran = run.on(&["--from", "1h"]).on(&[&trace]).end();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let said = "note: nothing: --from 1 h 0 min is behind the end of the recording, at ";
        assert!(ran.stderr.starts_with(said), "{}", ran.stderr);
    }
    let before = leakscope(["report", "--from", "1ms"]).on(&[&trace]).end();
    assert!(
        !before.stderr.contains("behind the end"),
        "{}",
        before.stderr
    );
}

/// Of a part of the time, the report is that of a recording that began and ended then.
#[test]
fn a_report_can_be_of_a_part() {
    let files = Files::new();
    let trace = files.write("trace.svdat", &recording(20).joined());
    let report = |part: &[&str]| {
        let run = leakscope(["report", "--format", "json"]).on(part);
        run.on(&[&trace]).json()
    };
    let blocks = |part: &[&str]| report(part)["totals"]["outstanding_blocks"].clone();
    // Two blocks every 2 ms, from 2 ms on; all by the task `main`.
    let events = |part: &[&str]| {
        let run = leakscope(["events", "--heap", "--format", "json"]).on(part);
        run.on(&[&trace]).json_lines().len()
    };
    for part in [
        &[][..],
        &["--from", "10ms"],
        &["--to", "0.02"],
        &["--from", "0.01s", "--to", "20ms"],
        &["--from", "1h"],
    ] {
        assert_eq!(blocks(part), events(part), "{part:?}");
        assert_eq!(
            report(part)["totals"]["heap_events"],
            events(part),
            "{part:?}"
        );
    }
    let whole = report(&[]);
    assert_eq!(whole["part"], Value::Null);
    let part = report(&["--from", "10ms", "--to", "20ms", "--task", "main"]);
    assert_eq!(part["part"], "only from 10.0 ms up to 20.0 ms of `main`");
    // A choice among call sites leaves each as it is, and what it is called.
    let first = &whole["call_sites"][0];
    let function = first["frames"][0]["address"].as_str().expect("an address");
    assert_eq!(
        report(&["--task", "main"])["call_sites"],
        whole["call_sites"]
    );
    assert_eq!(report(&["--task", "worker"])["call_sites"], json!([]));
    assert_eq!(report(&["--grep", "main.c"])["totals"]["leaks"], 0);
    assert!(function.starts_with("0x"));
    for command in ["report", "events", "log"] {
        let ran = leakscope([command, "--task", "nobody"]).on(&[&trace]).end();
        let said = "error: no task is called `nobody`; there are main, worker\n";
        assert_eq!((ran.code, ran.stderr.as_str()), (2, said), "{command}");
    }
    // What is no task has a name in the tables, if it ran.
    for command in ["report", "events", "log", "export"] {
        let run = |name| {
            let folded: &[&str] = if command == "export" {
                &["--as", "folded"]
            } else {
                &[]
            };
            let run = leakscope([command, "--task", name]).on(folded);
            run.on(&[&trace]).end()
        };
        let ran = run("irq 5");
        assert_eq!(ran.code, 0, "{command}: {}", ran.stderr);
        for name in ["irq 999", "idle", "scheduler"] {
            let said = format!("error: no task is called `{name}`; there are main, worker\n");
            let ran = run(name);
            assert_eq!((ran.code, ran.stderr), (2, said), "{command}");
        }
    }
    // What is printed before the report is of the same part.
    let printed = leakscope([
        "report",
        "--print",
        "--from",
        "10ms",
        "--grep",
        "HEAP_ALLOC",
    ])
    .on(&[&trace])
    .stdout();
    let lines = printed.lines().filter(|line| line.contains("HEAP_ALLOC "));
    assert_eq!(lines.count(), events(&["--from", "10ms"]));
    assert!(!printed.contains("PRINT_FORMATTED"));
}

/// What is said of a part is said of its time, and not of all that was before it.
#[test]
fn a_part_says_how_much_it_covers() {
    let files = Files::new();
    let mut recording = Scenario::begun();
    for number in 0..30 {
        let address = 0x3FFB_0000 + 64 * number;
        recording.after(100_000).allocate(address, 16, SITES[0]);
        recording.after(300_000).free(address, SITES[0]);
    }
    let trace = files.write("trace.svdat", &recording.openocd());
    let report = |part: [&str; 4]| leakscope(["report"]).on(&part).on(&[&trace]).stdout();
    let later = report(["--from", "10s", "--to", "12s"]);
    assert!(
        later.contains("\nRecorded    2.00 s, 10 events, "),
        "{later}"
    );
    assert!(later.contains("\n- it covers 2.00 s: "), "{later}");
    let silent = report(["--from", "10.15s", "--to", "10.2s"]);
    let said = "Nothing can be said about leaks: this part has no heap events (only from ";
    assert!(silent.starts_with(said), "{silent}");
    for from in ["0s", "10.098s"] {
        let to = if from == "0s" { "101ms" } else { "10.101s" };
        let short = report(["--from", from, "--to", to]);
        assert_eq!(short.contains("[too-short]"), from != "0s", "{short}");
    }
}

/// Without the clock's rate, times cannot be looked up; a recording that tells it late is read by it from its beginning.
#[test]
fn parts_need_a_clock() {
    let files = Files::new();
    let mut recording = Scenario::empty();
    recording
        .sync()
        .module(512, IDF_HEAP)
        .task(MAIN, "main")
        .run(MAIN);
    for number in 0..20 {
        recording
            .after(1_000)
            .allocate(0x3FFB_0000 + 64 * number, 16, SITES[0]);
    }
    let unknown = files.write("unknown.svdat", &recording.plain());
    recording.after(1_000).start().after(1_000).print("x\n");
    let late = files.write("late.svdat", &recording.plain());
    for command in ["report", "events", "log"] {
        for option in ["--from", "--to"] {
            let run = || leakscope([command, option, "10ms"]);
            let said = format!(
                "error: the recording does not say how fast its clock is: {option} cannot be looked up\n"
            );
            let ran = run().on(&[&unknown]).end();
            assert_eq!((ran.code, ran.stdout, ran.stderr), (2, String::new(), said));
            assert_eq!(run().on(&[&late]).end().code, 0);
        }
        let ran = leakscope([command, "--from", "0"]).on(&[&unknown]).end();
        assert_eq!(ran.code, 0, "{command}: {}", ran.stderr);
    }
    let events = |part: &[&str]| {
        let run = leakscope(["events", "--heap", "--format", "json"]).on(part);
        run.on(&[&late]).json_lines().len()
    };
    let early = events(&["--to", "10ms"]);
    assert!((1..20).contains(&early));
    assert_eq!(early + events(&["--from", "10.001ms"]), 20);
}

#[test]
fn log_messages_can_be_filtered() {
    let files = Files::new();
    let trace = files.write("trace.svdat", &recording(20).joined());
    let count = |part: &[&str]| {
        let run = leakscope(["log", "--format", "json"]).on(part);
        run.on(&[&trace]).json_lines().len()
    };
    assert_eq!(count(&[]), 20);
    assert_eq!(count(&["--grep", "block 1[0-9]"]), 10);
    assert_eq!(count(&["--task", "worker"]), 20);
    assert_eq!(count(&["--task", "main"]), 0);
    let events = |part: &[&str]| {
        let run = leakscope(["events", "--logs", "--format", "json"]).on(part);
        run.on(&[&trace]).json_lines().len()
    };
    let half = ["--from", "10ms", "--to", "30ms"];
    assert!((1..20).contains(&count(&half)));
    assert_eq!(count(&half), events(&half));
    let ran = leakscope(["log", "--task", "main"]).on(&[&trace]).end();
    assert_eq!(ran.stderr, "note: no log message matches\n");
}

/// How long a heap lasts is said of one whose size somebody knows; else what leaks take.
/// Of two boots, only what the second one left is in the heap. A size that cannot be is said to be none.
#[test]
fn a_reset_has_freed_what_lived_before() {
    let restarted = [project().join("testdata/restart/input.svdat")];
    let report = |size| {
        leakscope(["report", "--format", "json", "--heap-size", size])
            .on(&restarted)
            .json()
    };
    let whole = report("4000");
    assert_eq!(whole["totals"]["outstanding_bytes"], 3360);
    let last = whole["sessions"][1]["outstanding_bytes"].as_u64();
    let left = whole["exhaustion"]["left_bytes"].as_u64();
    assert_eq!(left, last.map(|last| 4000 - last));
    let small = report("1000");
    assert!(small["exhaustion"].is_null());
    let outlook = small["outlook"].as_str().expect("a sentence");
    assert!(
        outlook.starts_with("The heap is larger than 1,000 B"),
        "{outlook}"
    );
}

#[test]
fn the_heaps_size_can_be_said() {
    let (files, trace) = Files::with_trace();
    let line = |arguments: &[&str]| {
        let text = leakscope(["report"]).on(arguments).on(&[&trace]).stdout();
        let line = text.lines().find(|line| line.starts_with("At this rate"));
        line.expect("a leak").to_owned()
    };
    assert!(line(&[]).starts_with("At this rate leaks take "));
    assert!(line(&[]).ends_with(" a day."));
    assert!(line(&["--heap-size", "256KiB"]).contains("the heap of 262,144 B is used up in "));
    let report = leakscope(["report", "--format", "json", "--heap-size", "100k"])
        .on(&[&trace])
        .json();
    let left = 100_000
        - report["totals"]["outstanding_bytes"]
            .as_u64()
            .expect("bytes");
    assert_eq!(report["exhaustion"]["left_bytes"], left);
    let rate = report["totals"]["leak_bytes_per_second"]
        .as_f64()
        .expect("a rate");
    let lasts = report["exhaustion"]["after_end_s"]
        .as_f64()
        .expect("a time");
    assert!((lasts * rate / left as f64 - 1.0).abs() < 1e-9);
    let page = leakscope(["report", "--html", "-", "--heap-size", "256KiB"]).on(&[&trace]);
    assert!(
        page.stdout()
            .contains("the heap of 262,144 B is used up in ")
    );
    let output = files.path("recorded.svdat");
    let recorded = leakscope(["record", "--stdin", "--heap-size", "256KiB", "-o"]).on(&[&output]);
    let recorded = recorded
        .reading(&fs::read(&trace).expect("a trace"))
        .stdout();
    assert!(
        recorded.contains("the heap of 262,144 B is used up in "),
        "{recorded}"
    );
    // Of a report that was saved, too.
    let saved = leakscope(["report", "--format", "json"])
        .on(&[&trace])
        .stdout();
    let saved = files.write("saved.json", saved.as_bytes());
    let again = leakscope(["report", "--heap-size", "256KiB"])
        .on(&[&saved])
        .stdout();
    assert!(
        again.contains("the heap of 262,144 B is used up in "),
        "{again}"
    );
}

#[test]
fn descriptions_name_events() {
    let files = Files::new();
    let mut recording = Scenario::begun();
    recording.after(10).event(480, &[7, 300]);
    let trace = files.write("trace.svdat", &recording.openocd());
    let description = files.write("SYSVIEW_Own.txt", b"480 Blink led=%u times=%u\n");
    let plain = leakscope(["events", "--format", "json"])
        .on(&[&trace])
        .json_lines();
    assert_eq!(
        plain.last().map(|event| &event["name"]),
        Some(&json!("event 480"))
    );
    let named = leakscope(["events", "--format", "json", "--description"])
        .on(&[&description, &trace])
        .json_lines();
    let last = named.last().expect("an event");
    assert_eq!(last["name"], "Blink");
    assert_eq!(last["parameters"], json!({"led": 7, "times": 300}));
    // What cannot be read of a description is said, and the rest is used.
    let half = files.write(
        "SYSVIEW_Half.txt",
        b"this is no line of it\n480 Blink led=%u\n",
    );
    let ran = leakscope(["events", "--description"])
        .on(&[&half, &trace])
        .end();
    assert_eq!(ran.code, 0);
    assert!(
        ran.stderr.starts_with("note: ") && ran.stderr.contains("SYSVIEW_Half.txt"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.contains("Blink"));
}

#[test]
fn a_log_message_can_begin_a_cycle() {
    let files = Files::new();
    let mut recording = Scenario::begun();
    for cycle in 0..12 {
        recording.after(10_000).print(&format!("connect {cycle}\n"));
        recording
            .after(1_000)
            .allocate(0x3FFB_0000 + 64 * cycle, 40, SITES[0]);
    }
    let trace = files.write("trace.svdat", &recording.openocd());
    let verdict = |cycle: &[&str]| {
        let run = leakscope(["report", "--format", "json"])
            .on(cycle)
            .on(&[&trace]);
        run.json()["call_sites"][0]["verdict"].clone()
    };
    assert_eq!(verdict(&[]), "leak-steady");
    assert_eq!(verdict(&["--cycle", "connect"]), "leak-per-cycle");
    assert_eq!(verdict(&["--cycle", "no such message"]), "leak-steady");
    let ran = leakscope(["report", "--cycle", "conect"])
        .on(&[&trace])
        .end();
    assert_eq!(
        ran.stderr,
        "note: no log message contains `conect`: there are no cycles\n"
    );
}

/// Before the report, the events; in it, nothing else than without them.
#[test]
fn printing_events_does_not_change_the_report() {
    let (_files, trace) = Files::with_trace();
    let report = leakscope(["report"]).on(&[&trace]).stdout();
    let printed = leakscope(["report", "--print"]).on(&[&trace]).stdout();
    let events = printed
        .strip_suffix(report.as_str())
        .expect("the report at the end");
    let lines = events
        .lines()
        .filter(|line| line.contains("HEAP_ALLOC") || line.contains("PRINT_FORMATTED"));
    assert_eq!(lines.count(), 60);
}
