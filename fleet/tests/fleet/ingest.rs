//! From files to tables.

use std::fs;
use std::path::Path;
use std::process::Command;

use leakscope_fleet::answer::Answer;
use leakscope_fleet::engine::Engine;
use leakscope_fleet::ingest::elf_store::ElfStore;
use leakscope_fleet::ingest::names::resymbolize;
use leakscope_fleet::ingest::{Options, Summary, ingest, source};
use leakscope_fleet::store::Folder;
use leakscope_symbols::Symbols;
use leakscope_testing::needs;
use leakscope_testing::scenario::{IDF_HEAP, Scenario};

use crate::made::{file, recording};

fn run(from: &Path, into: &Path, options: &Options) -> (Summary, Vec<String>) {
    let named = from.display().to_string();
    let recordings = source::find(&[named], &mut &b""[..]).expect("a folder");
    let mut bad = Vec::new();
    let mut tell = |told: leakscope_fleet::ingest::Told<'_>| {
        if let leakscope_fleet::ingest::Told::Bad(_, error) = told {
            bad.push(error.to_string());
        }
    };
    let summary = ingest(
        &recordings,
        &Folder::new(into),
        &ElfStore::default(),
        options,
        &mut tell,
    );
    (summary.expect("a folder to write"), bad)
}

fn options() -> Options {
    Options {
        jobs: 2,
        now: 1_795_867_200_000_000,
        ..Options::default()
    }
}

fn sql(into: &Path, statement: &str) -> Answer {
    let engine = Engine::open(&Folder::new(into)).expect("a fleet");
    engine.run(statement).expect("an answer")
}

#[test]
fn metadata_is_beside_or_in_the_name_or_inside() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, into) = (folder.path().join("from"), folder.path().join("into"));
    let beside = r#"{"device": "a", "hardware": "rev-b", "recorded_at": "2026-11-01T10:00:00Z", "labels": {"site": "Ulm"}}"#;
    file(&from, "x/1.4.2/1.svdat", &recording(10, 1), beside);
    file(&from, "y/1.4.3/2.svdat", &recording(0, 2), "");
    let options = Options {
        pattern: Some("{device}/{firmware}/{}.svdat".parse().expect("a pattern")),
        ..options()
    };
    let (summary, _) = run(&from, &into, &options);
    assert_eq!(
        (summary.added, summary.bad, summary.without_device),
        (2, 0, 0)
    );
    let rows = sql(
        &into,
        "SELECT device, firmware, hardware, conclusion, recorded_at FROM recordings ORDER BY device",
    );
    let text = |row: usize, column| rows.text(&rows.rows[row], column).to_owned();
    assert_eq!(
        [text(0, "device"), text(0, "firmware"), text(0, "hardware")],
        ["a", "1.4.2", "rev-b"]
    );
    assert_eq!(
        [text(1, "device"), text(1, "firmware"), text(1, "hardware")],
        ["y", "1.4.3", "esp32"]
    );
    assert_eq!(
        [text(0, "conclusion"), text(1, "conclusion")],
        ["leak", "no-leak-seen"]
    );
    assert_eq!(text(0, "recorded_at"), "2026-11-01T10:00:00");
    let labels = sql(&into, "SELECT label, content FROM labels");
    assert_eq!(labels.text(&labels.rows[0], "content"), "Ulm");
    // What the judge has judged by is there; a call site at which all was freed is no row.
    let sites = sql(
        &into,
        "SELECT site, standing, outstanding_blocks, frees FROM sites ORDER BY recording, site",
    );
    let leaks: Vec<u64> = sites
        .rows
        .iter()
        .filter(|row| sites.text(row, "standing") == "leak")
        .map(|row| sites.count(row, "outstanding_blocks"))
        .collect();
    assert_eq!(leaks, [60]);
    assert_eq!(sites.rows.len(), 1);
    let windows = sql(
        &into,
        "SELECT SUM(bytes) AS bytes, COUNT(*) AS windows FROM windows WHERE measure = 'left'",
    );
    assert!(
        windows.count(&windows.rows[0], "windows") >= 16,
        "{windows:?}"
    );
    assert_eq!(
        windows.count(&windows.rows[0], "bytes"),
        sql(&into, "SELECT SUM(left_bytes) AS bytes FROM sites").count(
            &sql(&into, "SELECT SUM(left_bytes) AS bytes FROM sites").rows[0],
            "bytes"
        )
    );
    let stacks = sql(&into, "SELECT DISTINCT stack FROM stacks");
    assert_eq!(stacks.rows.len(), 1);
}

/// A folder is an object store, too: from others, only the way is longer.
#[test]
fn what_lies_in_an_object_store_is_copied_with_what_lies_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, into) = (folder.path().join("from"), folder.path().join("into"));
    let beside = r#"{"device": "a"}"#;
    file(&from, "up/x/1.4.2/1.svdat", &recording(10, 1), beside);
    file(&from, "up/x/1.4.2/app.elf", b"beside it", "");
    file(&from, "up/y/1.4.3/2.svdat", &recording(0, 2), "");
    file(&from, "other/3.svdat", &recording(0, 3), "");
    let url = format!("file://{}/up", from.display());
    let ingested = Command::new(env!("CARGO_BIN_EXE_leakscope-fleet"))
        .args([
            "ingest",
            &url,
            "--meta",
            "{device}/{firmware}/{}.svdat",
            "--into",
        ])
        .arg(&into)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&ingested.stderr);
    assert!(ingested.status.success(), "{said}");
    assert!(
        said.starts_with("2 added, 0 known already, 0 bad"),
        "{said}"
    );
    let rows = sql(
        &into,
        "SELECT device, firmware, source FROM recordings ORDER BY device",
    );
    let row = |row: usize| ["device", "firmware"].map(|column| rows.text(&rows.rows[row], column));
    assert_eq!([row(0), row(1)], [["a", "1.4.2"], ["y", "1.4.3"]]);
    let source = rows.text(&rows.rows[0], "source");
    assert_eq!(source, format!("{url}/x/1.4.2/1.svdat"));
}

#[test]
fn a_bad_file_stops_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, into) = (folder.path().join("from"), folder.path().join("into"));
    file(&from, "good.svdat", &recording(10, 1), r#"{"device": "a"}"#);
    file(&from, "empty.svdat", b"", "");
    file(
        &from,
        "picture.png",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10",
        "",
    );
    file(&from, "words.txt", b"nothing about heaps\n", "");
    file(
        &from,
        "other.svdat",
        &recording(10, 2),
        r#"{"devise": "b"}"#,
    );
    let mut cut = recording(10, 3);
    cut.truncate(cut.len() / 2 + 1);
    file(&from, "cut.svdat", &cut, r#"{"device": "c"}"#);
    let (summary, bad) = run(&from, &into, &options());
    assert_eq!((summary.added, summary.bad), (2, 4), "{bad:?}");
    assert!(bad.iter().any(|why| why.contains("devise")), "{bad:?}");
    let devices = sql(&into, "SELECT device FROM recordings ORDER BY device");
    assert_eq!(devices.rows.len(), 2);
}

#[test]
fn each_content_is_read_once_whatever_it_is_called() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, into) = (folder.path().join("from"), folder.path().join("into"));
    file(&from, "1.svdat", &recording(10, 1), "");
    file(&from, "2.svdat", &recording(10, 1), "");
    let (summary, _) = run(&from, &into, &options());
    assert_eq!(
        (summary.added, summary.known, summary.without_device),
        (1, 1, 1)
    );
    file(&from, "3.svdat", &recording(10, 3), "");
    let (summary, _) = run(&from, &into, &options());
    assert_eq!((summary.added, summary.known), (1, 2));
    let rows = sql(
        &into,
        "SELECT COUNT(*) AS rows, COUNT(DISTINCT recording) AS recordings FROM recordings",
    );
    assert_eq!(
        (
            rows.count(&rows.rows[0], "rows"),
            rows.count(&rows.rows[0], "recordings")
        ),
        (2, 2)
    );
}

#[test]
fn the_parts_of_a_recording_are_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, into) = (folder.path().join("from"), folder.path().join("into"));
    let whole = recording(10, 1);
    let mut rest = &whole[..];
    for number in 1..=3 {
        let (piece, behind) = rest.split_at(rest.len() / (4 - number));
        let head = format!(";\n; Recording a1\n; Part {number}\n; Repeated 0\n;\n");
        let part = [head.as_bytes(), piece].concat();
        file(&from, &format!("heap.000{number}.svdat"), &part, "");
        rest = behind;
    }
    // A name alone makes no part.
    file(&from, "heap.0004.svdat", &recording(0, 2), "");
    let (summary, bad) = run(&from, &into, &options());
    assert_eq!((summary.added, summary.bad), (2, 0), "{bad:?}");
    let sums = "SELECT MAX(outstanding_bytes) AS bytes, SUM(leaks) AS leaks FROM recordings";
    let sums = sql(&into, sums);
    let count = |column| sums.count(&sums.rows[0], column);
    assert_eq!((count("bytes"), count("leaks")), (60 * 40, 1));
    // Without one in between, nothing is claimed of the rest.
    fs::remove_file(from.join("heap.0002.svdat")).expect("a part");
    let (summary, bad) = run(&from, &into, &options());
    assert_eq!((summary.added, summary.known, summary.bad), (0, 1, 1));
    assert!(bad[0].contains("part 2"), "{bad:?}");
}

/// What lived before a reset is not held at the end, and all resets are counted, however many sessions are listed.
#[test]
fn at_the_end_lives_what_came_since_the_last_reset() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, into) = (folder.path().join("from"), folder.path().join("into"));
    let mut device = Scenario::empty();
    for boot in 0..300_u32 {
        device
            .start()
            .systime_us(50_000_000 - 100_000 * u64::from(boot));
        device.module(512, IDF_HEAP);
        for block in 0..3 {
            let address = 0x3FFB_0000 + 64 * block;
            device
                .after(1_000)
                .allocate(address, 10 + boot, &[0x400D_1234]);
        }
    }
    file(&from, "1.svdat", &device.plain(), "");
    let (_, bad) = run(&from, &into, &options());
    assert!(bad.is_empty(), "{bad:?}");
    let rows = sql(
        &into,
        "SELECT sessions, resets, outstanding_bytes AS bytes FROM recordings",
    );
    let count = |column| rows.count(&rows.rows[0], column);
    assert_eq!((count("sessions"), count("resets")), (300, 299));
    assert_eq!(count("bytes"), 3 * 309);
}

#[test]
fn shards_share_without_talk_and_parts_are_the_same_each_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let from = folder.path().join("from");
    for number in 0..12 {
        file(
            &from,
            &format!("{number}.svdat"),
            &recording(10, number),
            "",
        );
    }
    let shards = folder.path().join("shards");
    let mut added = 0;
    for number in 0..3 {
        let options = Options {
            shard: Some((number, 3)),
            ..options()
        };
        let (summary, _) = run(&from, &shards, &options);
        assert_eq!(summary.added + summary.others, 12);
        added += summary.added;
    }
    assert_eq!(added, 12);
    let names = |into: &Path, jobs| {
        let options = Options {
            jobs,
            part_recordings: 5,
            ..options()
        };
        run(&from, into, &options);
        let parts = Folder::new(into).parts().expect("parts");
        let bytes = parts
            .iter()
            .map(|part| fs::read(part.join("sites.parquet")).expect("a table"));
        let names = parts
            .iter()
            .map(|part| part.file_name().expect("a name").to_owned());
        (names.collect::<Vec<_>>(), bytes.collect::<Vec<_>>())
    };
    let one = names(&folder.path().join("one"), 1);
    assert_eq!(one.0.len(), 3);
    assert!(one == names(&folder.path().join("four"), 4));
}

#[test]
fn names_of_devices_can_be_hidden() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, into) = (folder.path().join("from"), folder.path().join("into"));
    file(
        &from,
        "1.svdat",
        &recording(10, 1),
        r#"{"device": "what do ya want for nothing?"}"#,
    );
    let options = Options {
        device_key: Some(b"Jefe".to_vec()),
        ..options()
    };
    run(&from, &into, &options);
    let rows = sql(&into, "SELECT device FROM recordings");
    // RFC 4231, test case 2.
    assert_eq!(rows.text(&rows.rows[0], "device"), "5bdcc146bf60754e");
}

/// A second free proves nothing if memory that seemed to live was used again since the first one: an event is missing.
#[test]
fn frees_that_may_be_right_are_marked() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, into) = (folder.path().join("from"), folder.path().join("into"));
    let [a, b, c] = [0x3FFB_1000, 0x3FFB_2000, 0x3FFB_3000];
    let site = &[0x4008_1001, 0x4008_2001];
    let mut scenario = Scenario::begun();
    scenario.allocate(a, 16, site).free(a, site);
    scenario.allocate(b, 16, site).free(a, site);
    scenario.after(10).allocate(b, 24, site).after(100);
    scenario.allocate(c, 16, site).free(c, site).free(c, site);
    scenario.after(10).allocate(0, 4096, site);
    file(&from, "1.svdat", &scenario.plain(), "");
    run(&from, &into, &options());
    let rows = sql(
        &into,
        "SELECT kind, is_doubtful, bytes FROM events_bad ORDER BY t_s",
    );
    let events: Vec<_> = (rows.rows.iter())
        .map(|row| {
            let doubtful = rows.number(row, "is_doubtful").expect("0 or 1");
            (rows.text(row, "kind"), doubtful, rows.number(row, "bytes"))
        })
        .collect();
    let expected = [
        ("double-free", 1.0, None),
        ("double-free", 0.0, None),
        ("failed-allocation", 0.0, Some(4096.0)),
    ];
    assert_eq!(events, expected);
}

#[test]
fn metrics_become_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, into) = (folder.path().join("from"), folder.path().join("into"));
    let lines = "{\"time\": \"2026-11-01T10:00:00Z\", \"key\": \"heap_free_bytes\", \"value\": 81920}\n\
                 {\"key\": \"heap_min_free_bytes\", \"value\": 4096}\n";
    file(
        &from,
        "a.metrics.jsonl",
        lines.as_bytes(),
        r#"{"device": "a", "firmware": "1.0"}"#,
    );
    file(&from, "b.metrics.jsonl", b"{\"key\": 7}", "");
    let (summary, bad) = run(&from, &into, &options());
    assert_eq!((summary.added, summary.bad), (1, 1));
    assert!(bad[0].starts_with("line 1:"), "{bad:?}");
    let rows = sql(
        &into,
        "SELECT device, metric, measured, measured_at FROM metrics ORDER BY metric",
    );
    assert_eq!(rows.number(&rows.rows[0], "measured"), Some(81_920.0));
    assert_eq!(
        rows.text(&rows.rows[0], "measured_at"),
        "2026-11-01T10:00:00"
    );
    assert_eq!(rows.text(&rows.rows[1], "measured_at"), "");
}

#[test]
fn call_stacks_are_named_when_their_program_comes() {
    if !needs::has_tool("cc") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let [from, into, elves] = ["from", "into", "elves"].map(|name| folder.path().join(name));
    file(
        &elves,
        "app.c",
        b"int leaks_here(void) { return 1; }\nint main(void) { return leaks_here(); }\n",
        "",
    );
    let elf = elves.join("app");
    let compiled = Command::new("cc")
        .args(["-g", "-O0", "-no-pie", "-o"])
        .arg(&elf)
        .arg(elves.join("app.c"))
        .status();
    assert!(compiled.expect("a compiler").success());
    let symbols = Symbols::open(&elf).expect("an ELF file");
    let inside = symbols.symbol("leaks_here").expect("a function").address as u32 + 4;
    let mut scenario = Scenario::begun();
    for block in 0..60 {
        scenario
            .after(100_000)
            .allocate(0x3FFB_0000 + 64 * block, 40, &[inside]);
    }
    let sha = symbols.file_sha256().to_owned();
    file(
        &from,
        "1.svdat",
        &scenario.plain(),
        &format!("{{\"device\": \"a\", \"elf_sha256\": \"{}\"}}", &sha[..12]),
    );
    let (summary, _) = run(&from, &into, &options());
    assert_eq!((summary.added, summary.without_names), (1, 1));
    let name = |sql_of: &str| {
        let top: leakscope_fleet::ask::Question = sql_of.parse().expect("a question");
        let engine = Engine::open(&Folder::new(&into)).expect("a fleet");
        let answer = top
            .ask(&engine, &leakscope_fleet::ask::Asked::default())
            .expect("an answer");
        assert_eq!(answer.rows.len(), 1);
        (
            answer.text(&answer.rows[0], "site")[..4].to_owned(),
            answer.text(&answer.rows[0], "function").to_owned(),
        )
    };
    assert_eq!(name("top"), ("addr".to_owned(), String::new()));
    fs::rename(&elf, elves.join(format!("{sha}.elf"))).expect("the same folder");
    let mut store = ElfStore::open(&elves).expect("a folder");
    let folder = Folder::new(&into);
    assert_eq!(resymbolize(&folder, &mut store, 0).expect("rows"), 1);
    assert_eq!(name("top"), ("ls1:".to_owned(), "leaks_here".to_owned()));
    // Once is enough.
    assert_eq!(resymbolize(&folder, &mut store, 0).expect("rows"), 0);
    assert_eq!(name("top"), ("ls1:".to_owned(), "leaks_here".to_owned()));
    // What is read with its program is called the same at once.
    let other = Folder::new(folder.path().with_file_name("other"));
    let recordings = source::find(&[from.display().to_string()], &mut &b""[..]).expect("a folder");
    ingest(&recordings, &other, &store, &options(), &mut |_| {}).expect("rows");
    let sites = |folder: &Folder, column: &str, table: &str| {
        let rows = sql(folder.path(), &format!("SELECT {column} FROM {table}"));
        rows.text(&rows.rows[0], column).to_owned()
    };
    assert_eq!(
        sites(&other, "site", "sites"),
        sites(&folder, "site", "names")
    );
}
