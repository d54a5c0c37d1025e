//! What is typed, what goes where, and how it ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use leakscope_testing::needs::say_skipped;
use leakscope_testing::project;
use leakscope_testing::scenario::{MAIN, Scenario, WORKER};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run::{Ran, leakscope};

const SITES: [&[u32]; 2] = [&[0x400D_1234, 0x400D_2345], &[0x400D_5678]];

/// A folder with files in it.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// A folder with one recording in it.
    fn with_trace() -> (Self, PathBuf) {
        let files = Self::new();
        let trace = files.write("trace.svdat", &recording(20).openocd());
        (files, trace)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("a file");
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// Two leaks, tasks on two cores, logs and interrupts.
fn recording(blocks: u32) -> Scenario {
    let mut recording = Scenario::begun();
    recording.on(1).run(WORKER).on(0);
    for number in 0..blocks {
        let address = 0x3FFB_0000 + 128 * number;
        recording
            .after(2_000)
            .run(MAIN)
            .allocate(address, 16, SITES[0]);
        recording.allocate(address + 64, 8, SITES[1]);
        recording.on(1).print(&format!("block {number}\n")).on(0);
        recording.enter(5).after(10).exit();
        recording.after(100).event(34, &[10]);
    }
    recording
}

/// Ended with code 2: nothing on standard output, this on standard error.
#[track_caller]
fn refused(ran: &Ran, expected: &str) {
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
}

const COMMANDS: [&str; 3] = ["report", "events", "log"];

#[test]
fn a_report_is_success_whatever_it_says() {
    let (files, leak) = Files::with_trace();
    let mut harmless = Scenario::begun();
    harmless.after(1_000).allocate(0x3FFB_0000, 16, SITES[0]);
    let harmless = files.write("harmless.svdat", &harmless.openocd());
    let mut damaged = recording(20).openocd();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 9].fill(0xFF);
    let damaged = files.write("damaged.svdat", &damaged);
    for trace in [leak, harmless, damaged] {
        for command in COMMANDS {
            let ran = leakscope([command]).on(&[&trace]).end();
            let said = match command {
                "log" if ran.stdout.is_empty() => "note: no log messages in this recording\n",
                _ => "",
            };
            assert_eq!((ran.code, ran.stderr.as_str()), (0, said));
            assert!(!ran.stdout.is_empty() || command == "log");
        }
    }
}

#[test]
fn wrong_usage_is_refused() {
    let (_files, trace) = Files::with_trace();
    for (arguments, expected) in [
        (&["report"][..], "<TRACE>..."),
        (&["evnts"], "similar subcommand exists: 'events'"),
        (
            &["report", "--formt", "json"],
            "similar argument exists: '--format'",
        ),
        (
            &["report", "--top", "many"],
            "invalid value 'many' for '--top <N>'",
        ),
        (
            &["report", "--format", "xml"],
            "possible values: text, json",
        ),
        (
            &["report", "--print", "--format", "json"],
            "cannot be used with",
        ),
        (&["report", "--source-root", "nowhere"], "--source-root"),
        (&["events", "--grep", "("], "--grep"),
        (&["events", "--core", "300"], "--core"),
        (&["events", "--from", "soon"], "--from"),
        (&["log", "--format", "csv"], "possible values: text, json"),
        (&["log", "--heap"], "unexpected argument '--heap'"),
    ] {
        let run = leakscope(arguments);
        let run = if arguments.len() > 1 {
            run.on(&[&trace])
        } else {
            run
        };
        refused(&run.end(), expected);
    }
    let nothing = leakscope([""; 0]).end();
    assert_eq!((nothing.code, nothing.stdout.as_str()), (2, ""));
    assert!(
        nothing.stderr.contains("Usage: leakscope <COMMAND>"),
        "{}",
        nothing.stderr
    );
}

#[test]
fn help_is_data() {
    for arguments in [
        &["--help"][..],
        &["help"],
        &["report", "--help"],
        &["help", "events"],
        &["--version"],
    ] {
        let ran = leakscope(arguments).end();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
        assert!(ran.stdout.contains("leakscope") && !ran.stdout.contains('\u{1b}'));
        let widest = ran.stdout.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{}", ran.stdout);
    }
}

/// What is no recording is said, with what is there instead and what to do.
#[test]
fn other_files_are_refused() {
    let files = Files::new();
    let program = fs::read(env!("CARGO_BIN_EXE_leakscope")).expect("this program");
    // What editors and terminals make of a recording.
    let recording: Vec<u8> = (0..=255).chain(0..=255).collect();
    let saved_as_text: String = recording.iter().map(|&byte| char::from(byte)).collect();
    let line_feeds = b"\0\0\0\0\0\0\0\0\0\0\r\n\0\x90\x91\x92\x93\x94".to_vec();
    let trace = self::recording(20).plain();
    let text_mode = trace.iter().flat_map(|&byte| match byte {
        b'\n' => vec![b'\r', b'\n'],
        byte => vec![byte],
    });
    let text_mode: Vec<u8> = text_mode.collect();
    let spaces = b"          \n \x90\x91\x92\x93\x94\x95".to_vec();
    let header = b";\n; Version     SEGGER SystemViewer V3.60\n; Author      Espressif Inc\n;\n";
    for (name, contents, expected) in [
        ("empty.svdat", &[][..], "is empty"),
        (
            "header.svdat",
            header,
            "holds a header and no data behind it",
        ),
        (
            "picture.png",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\x01\0\x08\x06\0\0\0",
            "is a PNG picture, and no recording",
        ),
        (
            "app.elf",
            &program,
            "is a program (an ELF file), and no recording",
        ),
        (
            "other.bin",
            b"\x8a\x01\xff\x03\xc4\xc4\xc4\xc4\xc4\xff\xff\xff",
            "is no SystemView recording: at byte 0 stands 8a 01 ff 03",
        ),
        ("zeros.svdat", &[0; 300], "holds nothing but zero bytes"),
        (
            "utf-8.svdat",
            saved_as_text.as_bytes(),
            "was saved as text (UTF-8)",
        ),
        (
            "crlf.svdat",
            &line_feeds,
            "its line feeds have become two bytes",
        ),
        (
            "text-mode.svdat",
            &text_mode,
            "its line feeds have become two bytes",
        ),
        ("spaces.svdat", &spaces, "its zero bytes have become spaces"),
        (
            "dump.hex",
            b"00000000: 0000 0000 0000 0000 0000 0a00 180e 80f4  ................\n\
              00000010: 8d50 80f4 8d50 8080 8080 0200 000e 1c4e  .P...P.........N\n",
            "is a hex dump",
        ),
        (
            "hexdump.hex",
            b"00000000  00 00 00 00 00 00 00 00  00 00 0a 00 18 0e 80 f4  |................|\n\
              00000010  8d 50 80 f4 8d 50 80 80  80 80 02 00 00 0e 1c 4e  |.P...P.........N|\n",
            "is a hex dump",
        ),
        (
            "od.hex",
            b"000000 00 00 00 00 00 00 00 00 00 00 0a 00 18 0e 80 f4  >................<\n",
            "is a hex dump",
        ),
        (
            "document.pdf",
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
            "is a PDF document",
        ),
        (
            "notes.txt",
            b"These are notes, and nothing else.\n",
            "is text, and no heap dump is in it",
        ),
    ] {
        let path = files.write(name, contents);
        for command in COMMANDS {
            for format in ["text", "json"] {
                let ran = leakscope([command, "--format", format]).on(&[&path]).end();
                refused(&ran, expected);
                assert!(ran.stderr.contains(name), "{}", ran.stderr);
                assert!(ran.stderr.contains("\nhint: "), "{}", ran.stderr);
            }
        }
    }
    refused(
        &leakscope(["report", "-"]).end(),
        "`standard input` is empty",
    );
}

#[test]
fn files_that_cannot_be_read_are_refused() {
    let (files, trace) = Files::with_trace();
    let missing = files.path("missing.svdat");
    for command in COMMANDS {
        refused(
            &leakscope([command]).on(&[&missing]).end(),
            "there is no file `",
        );
        let ran = leakscope([command]).on(&[files.0.path()]).end();
        refused(&ran, "is a folder, not a trace");
        assert!(ran.stderr.contains("\nhint: "), "{}", ran.stderr);
        // One good input does not make up for a bad one.
        refused(
            &leakscope([command]).on(&[&trace, &missing]).end(),
            "there is no file `",
        );
    }
    let ran = leakscope(["events", "--description"])
        .on(&[&missing, &trace])
        .end();
    refused(&ran, "missing.svdat` cannot be read");
}

#[cfg(unix)]
#[test]
fn files_that_may_not_be_read_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let (_files, trace) = Files::with_trace();
    fs::set_permissions(&trace, fs::Permissions::from_mode(0o0)).expect("our own file");
    if fs::read(&trace).is_ok() {
        say_skipped("this user may read everything");
        return;
    }
    refused(
        &leakscope(["report"]).on(&[&trace]).end(),
        "cannot be read: ",
    );
}

/// One core's file given twice cannot be two cores, by whatever path; of a copy, that is seen in what it holds.
#[test]
fn the_same_file_twice_is_refused_and_its_copy_a_problem() {
    let (files, trace) = Files::with_trace();
    let mut paths = vec![trace.clone(), files.path("./trace.svdat")];
    #[cfg(unix)]
    {
        let (soft, hard) = (files.path("soft.svdat"), files.path("hard.svdat"));
        std::os::unix::fs::symlink(&trace, &soft).expect("a link");
        fs::hard_link(&trace, &hard).expect("a link");
        paths.extend([soft, hard]);
    }
    for again in paths {
        for command in COMMANDS {
            let ran = leakscope([command]).on(&[&trace, &again]).end();
            refused(&ran, "are one file\nhint: ");
        }
    }
    refused(&leakscope(["report", "-", "-"]).end(), "are one file");
    let copy = files.path("copy.svdat");
    fs::copy(&trace, &copy).expect("a file");
    let report = leakscope(["report", "--format", "json"])
        .on(&[&trace, &copy])
        .json();
    let codes: Vec<&Value> = report["problems"]
        .as_array()
        .expect("problems")
        .iter()
        .map(|problem| &problem["code"])
        .collect();
    assert!(codes.contains(&&json!("same-core-twice")), "{codes:?}");
}

/// OpenOCD joins its files only when it is told to stop: until then the joined one is empty.
#[test]
fn the_cores_files_stand_in_for_an_empty_joined_one() {
    let files = Files::new();
    let cores = recording(20).openocd_by_core();
    let expected = leakscope(["report", "--format", "json"])
        .on(&[files.write("whole", &recording(20).joined())])
        .json();
    for [empty, first, second] in [
        ["heap.svdat", "heap.svdat_core0", "heap.svdat_core1"],
        ["trace.svdat", "trace_core0.svdat", "trace_core1.svdat"],
    ] {
        let empty = files.write(empty, &[]);
        files.write(first, &cores[0]);
        files.write(second, &cores[1]);
        let ran = leakscope(["report", "--format", "json"])
            .on(&[&empty])
            .end();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let report: Value = serde_json::from_str(&ran.stdout).expect("JSON alone");
        assert_eq!(report["totals"], expected["totals"]);
        assert_eq!(report["call_sites"], expected["call_sites"]);
        let notes: Vec<&str> = ran.stderr.lines().collect();
        assert_eq!(notes.len(), 2, "{notes:?}");
        for (note, core) in notes.iter().zip([first, second]) {
            assert!(note.starts_with("note: ") && note.contains(core), "{note}");
            assert!(note.contains("which is empty"), "{note}");
        }
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).expect("room");
    packer.finish().expect("room")
}

/// Every command that reads recordings can be told how much may come out of a packed one.
#[test]
fn a_packed_file_may_be_limited() {
    let files = Files::new();
    let trace = recording(20).openocd();
    let path = files.write("whole.gz", &packed(&trace));
    let limit = |bytes: usize| format!("--max-unpacked={bytes}");
    let commands: [&[&str]; 8] = [
        &["report"],
        &["events"],
        &["log"],
        &["view", "--no-open"],
        &["check", "--max-growth=1G/s", "--min-confidence=high"],
        &["export", "--as=pprof", "--output=out.pb"],
        &["diff", "--at=0s", "--at=1s"],
        &["diff", "--against", "whole.gz", "--"],
    ];
    for command in commands {
        let too_much = limit(trace.len() - 1);
        let (name, others) = command.split_first().expect("a name");
        let arguments = [&[*name, &too_much], others].concat();
        let ran = leakscope(arguments).on(&[&path]).in_folder(files.0.path());
        refused(&ran.end(), "--max-unpacked");
        if *name != "view" {
            let enough = limit(trace.len());
            let arguments = [&[*name, &enough], others].concat();
            let ran = leakscope(arguments).on(&[&path]).in_folder(files.0.path());
            let ran = ran.end();
            assert!(!ran.stderr.contains("--max-unpacked"), "{}", ran.stderr);
        }
    }
}

/// What was done to read a file is said on standard error; standard output is the answer alone.
#[test]
fn notes_do_not_disturb_the_answer() {
    let files = Files::new();
    let packed = packed(&recording(20).openocd());
    let whole = files.write("whole.gz", &packed);
    let ran = leakscope(["report", "--format", "json"]).on(&[whole]).end();
    assert!(serde_json::from_str::<Value>(&ran.stdout).is_ok());
    assert!(ran.stderr.starts_with("note: ") && ran.stderr.ends_with("unpacked (gzip)\n"));
    // Of a packed file that was cut off, what can be unpacked is read.
    let cut = files.write("cut.gz", &packed[..packed.len() / 2]);
    let ran = leakscope(["report", "--format", "json"]).on(&[cut]).end();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(serde_json::from_str::<Value>(&ran.stdout).is_ok());
    assert!(
        ran.stderr.contains("unpacking it stopped after"),
        "{}",
        ran.stderr
    );
}

#[test]
fn colours_are_for_terminals() {
    let (_files, trace) = Files::with_trace();
    let coloured = |settings: &[(&str, &str)]| {
        let run = leakscope(["report"]).on(&[&trace]);
        let run = settings
            .iter()
            .fold(run, |run, (name, value)| run.with(name, value));
        run.stdout().contains('\u{1b}')
    };
    assert!(!coloured(&[]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

/// `leakscope events … | head -1`
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let files = Files::new();
    // More than a pipe holds.
    let trace = files.write("long.svdat", &recording(3_000).openocd());
    for arguments in [
        &["events"][..],
        &["events", "--format", "json"],
        &["report", "--print"],
    ] {
        let mut child = leakscope(arguments).on(&[&trace]).begin();
        let mut first = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::with_capacity(64, stdout)
            .read_line(&mut first)
            .expect("a line");
        // The reader is dropped here, and with it the pipe.
        let output = child.wait_with_output().expect("an end");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}

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
    assert_eq!(events(&["--grep", "block 1[0-9]$"]).len(), 10);
    assert_eq!(events(&["--grep", "^vTaskDelay$", "--apis"]).len(), 20);
}

#[test]
fn no_event_that_matches_is_an_empty_list() {
    let (_files, trace) = Files::with_trace();
    let nowhere = ["--task", "nobody"];
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
    let ran = leakscope(["report", "--task", "nobody"])
        .on(&[&trace])
        .end();
    let note = "note: no call site matches: no task is called `nobody`; there are main, worker\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (0, note));
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
    assert!(line(&["--heap", "256KiB"]).contains("the heap of 262,144 B is used up in "));
    let report = leakscope(["report", "--format", "json", "--heap", "100k"])
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
    let page = leakscope(["report", "--html", "-", "--heap", "256KiB"]).on(&[&trace]);
    assert!(
        page.stdout()
            .contains("the heap of 262,144 B is used up in ")
    );
    let output = files.path("recorded.svdat");
    let recorded = leakscope(["record", "--stdin", "--heap", "256KiB", "-o"]).on(&[&output]);
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
    let again = leakscope(["report", "--heap", "256KiB"])
        .on(&[&saved])
        .stdout();
    assert!(
        again.contains("the heap of 262,144 B is used up in "),
        "{again}"
    );
}

#[test]
fn a_file_alone_is_reported_on() {
    let (files, trace) = Files::with_trace();
    let report = leakscope(["report"]).on(&[&trace]).stdout();
    assert_eq!(leakscope([&trace]).stdout(), report);
    let missing = files.path("missing.svdat");
    refused(&leakscope([&missing]).end(), "there is no file `");
    refused(
        &leakscope(["rport"]).end(),
        "unrecognized subcommand 'rport'",
    );
    // A file that is called like a command is not meant.
    let run = leakscope(["report", "trace.svdat"]).in_folder(files.0.path());
    files.write("report", b"");
    assert_eq!(run.stdout(), report);
}

#[test]
fn the_page_can_go_to_standard_output() {
    let (files, trace) = Files::with_trace();
    let page = files.path("page.html");
    let written = leakscope(["report", "--html"]).on(&[&page, &trace]).end();
    assert_eq!(written.code, 0, "{}", written.stderr);
    let ran = leakscope(["report", "--html", "-"])
        .on(&[&trace])
        .in_folder(files.0.path())
        .end();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.stdout, fs::read_to_string(page).expect("a page"));
    assert!(!files.path("-").exists());
}

#[test]
fn columns_are_respected_where_there_is_no_terminal() {
    let (_files, trace) = Files::with_trace();
    let widest = |columns: &str| {
        let text = leakscope(["report"])
            .on(&[&trace])
            .with("COLUMNS", columns)
            .stdout();
        text.lines()
            .map(|line| line.chars().count())
            .max()
            .expect("lines")
    };
    assert!(widest("60") <= 60);
    assert!(widest("60") < widest("100"));
    for nonsense in ["", "0", "-5", "wide", "3"] {
        assert_eq!(widest(nonsense), widest("100"), "{nonsense}");
    }
}

/// A dump is one moment: what has no meaning for it is said, with what does.
#[test]
fn dumps_are_told_from_recordings() {
    let (files, trace) = Files::with_trace();
    let log = project().join("testdata/firmware/recorder-2026-11-22/bounded-cache.log");
    let whole = fs::read(log).expect("a log");
    let log = files.write("console.log", &whole[..4_000]);
    for command in ["events", "log"] {
        let ran = leakscope([command]).on(&[&log]).end();
        refused(
            &ran,
            "is a console's log with a heap dump: it has blocks and call stacks, but no events",
        );
        assert!(
            ran.stderr
                .contains("hint: `leakscope report` says what the dump holds"),
            "{}",
            ran.stderr
        );
    }
    let later = files.path("later.log");
    fs::copy(&log, &later).expect("a file");
    for other in [&later, &trace] {
        for command in [
            &["report"][..],
            &["events"],
            &["log"],
            &["view", "--no-open"],
        ] {
            let ran = leakscope(command).on(&[&log, other]).end();
            refused(
                &ran,
                "which is the heap at one moment: it cannot be read together with other files",
            );
            assert!(
                ran.stderr.contains("two moments of one device"),
                "{}",
                ran.stderr
            );
        }
    }
    let ran = leakscope(["report", "--from", "1s"]).on(&[&log]).end();
    assert_eq!(ran.code, 0);
    assert!(
        ran.stderr
            .starts_with("note: a dump has no events to print, no cycles, no times"),
        "{}",
        ran.stderr
    );
}

/// What the system says is said once, however many errors it went through.
#[test]
fn causes_are_said_once() {
    let (_files, trace) = Files::with_trace();
    // No system has names as long as this.
    let name = "a".repeat(300);
    for arguments in [
        vec!["report", &name],
        vec!["report", "--elf", &name],
        vec!["report", "--html", &name],
        vec!["events", "--description", &name],
        vec!["record", "--file", &name, "-o", "/dev/null/x"],
    ] {
        let ran = leakscope(&arguments).on(&[&trace]).end();
        assert_eq!(ran.code, 2);
        assert!(
            ran.stderr.matches("(os error").count() <= 1,
            "{}",
            ran.stderr
        );
    }
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
