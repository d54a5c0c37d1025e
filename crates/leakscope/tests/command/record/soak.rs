//! Long recordings: in parts, and in several sessions.

use leakscope_systemview::{Header, sync};

use super::*;

/// A recording in parts says what one file would have said; and each part says something alone.
#[test]
fn in_parts() {
    let trace = Board::trace(2000);
    let (whole, folder) = (super::folder(), super::folder());
    let ran = record(&["--stdin"], &whole).reading(&trace).end();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let ran = record(&["--stdin", "--rotate", "8k"], &folder)
        .reading(&trace)
        .end();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("into heap.0001.svdat\n"),
        "{}",
        ran.stderr
    );
    let json = |names: &[&str], folder: &TempDir| {
        let report = leakscope(["report", "--format", "json"]).on(names);
        let mut report = report.in_folder(folder.path()).json();
        // They are called otherwise.
        report["trace"]["inputs"] = Value::Null;
        report
    };
    let expected = json(&[FILE], &whole);
    let first = json(&["heap.0001.svdat"], &folder);
    for (key, value) in expected.as_object().expect("a document") {
        assert_eq!(&first[key], value, "{key}");
    }
    assert_eq!(json(&["heap.*.svdat"], &folder), first);
    let (text, saved) = ran.stdout.split_once("\nSaved ").expect("an end");
    let report = leakscope(["report", "heap.0001.svdat"]).in_folder(folder.path());
    assert_eq!(text, report.stdout());
    assert!(saved.contains("report heap.0001.svdat"), "{saved}");
    let mut parts = 0;
    while folder
        .path()
        .join(format!("heap.{:04}.svdat", parts + 2))
        .exists()
    {
        parts += 1;
        let alone = json(&[&format!("heap.{:04}.svdat", parts + 1)], &folder);
        assert!(
            alone["totals"]["heap_events"].as_u64() > Some(100),
            "{alone}"
        );
        assert_eq!(alone["totals"]["skipped_bytes"], 0, "{alone}");
        // The call stack was told of in the first part only.
        let frames = &alone["call_sites"][0]["frames"];
        assert!(!frames.as_array().expect("frames").is_empty(), "{alone}");
    }
    assert!(parts > 2, "{parts}");
}

/// Another session in the same file is judged by itself.
#[test]
fn in_sessions() {
    let folder = folder();
    for sessions in 1..=3 {
        let ran = record(&["--stdin", "--append"], &folder)
            .reading(&Board::trace(500))
            .end();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let told = format!("{sessions} sessions");
        let text = report(&folder, &[]);
        assert!(ran.stdout.starts_with(&text));
        assert_eq!(text.contains(&told), sessions > 1, "{text}");
    }
    let before = std::fs::read(folder.path().join(FILE)).expect("the file");
    let ran = record(&["--stdin", "--append"], &folder).end();
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("error: nothing was recorded"),
        "{}",
        ran.stderr
    );
    assert!(std::fs::read(folder.path().join(FILE)).expect("the file") == before);
}

#[test]
fn what_does_not_go_together() {
    let folder = folder();
    for (arguments, expected) in [
        (&["--append", "--force"][..], "cannot be used with"),
        (&["--append", "--rotate", "1M"], "cannot be used with"),
        (
            &["--rotate", "10"],
            "`10` has no unit: 100M is a size, 24h a time",
        ),
        (
            &["--alarm", "100"],
            "`100` is no rate of growth; write one such as 100B/min",
        ),
    ] {
        let ran = record(&["--stdin"], &folder).on(arguments).end();
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    }
    std::fs::write(folder.path().join(FILE), "a log\n").expect("a folder with room");
    let ran = record(&["--stdin", "--append"], &folder).end();
    assert_eq!(
        ran.stderr,
        "error: nothing can be added to `heap.svdat`: it does not begin as a recording does\n\
         hint: --append is for recordings of one core, as they were recorded\n"
    );
}

/// A start, and then tasks and interrupts on two cores, which only a bit in each id tells apart.
fn two_cores() -> Vec<u8> {
    let mut bytes = [&sync::SYNC[..], &[10, 0]].concat();
    for core in [0x40, 0].repeat(300) {
        bytes.extend([4 | core, 0xF0, 0x90, 0x01, 3, 2 | core, 5, 3, 3 | core, 4]);
    }
    bytes
}

/// Nothing is added that would be refused alone, and a recording of one core takes no other.
#[test]
fn what_is_not_added() {
    let folder = folder();
    let path = folder.path().join(FILE);
    let whole = Board::trace(200);
    std::fs::write(&path, &whole).expect("a folder with room");
    let console = "I (1234) app: hello from the console\n".repeat(400);
    let cores = two_cores();
    for (added, why) in [
        (console.as_bytes(), "this is not SystemView data"),
        (&cores[..], "the device sends several cores"),
    ] {
        let ran = record(&["--stdin", "--append"], &folder)
            .reading(added)
            .end();
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
        assert!(std::fs::read(&path).expect("the file") == whole, "{why}");
    }
    // Nor is anything added to several cores, whether a header says so or not.
    std::fs::write(&path, &cores).expect("a folder with room");
    let ran = record(&["--stdin", "--append"], &folder)
        .reading(&whole)
        .end();
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("it has several cores"),
        "{}",
        ran.stderr
    );
}

/// Parts that exist are seen before anything is connected.
#[test]
fn later_parts_that_exist() {
    let folder = folder();
    std::fs::write(folder.path().join("heap.0002.svdat"), "precious").expect("a folder");
    let ran = record(&["--tcp", "nowhere.invalid", "--rotate", "8k"], &folder).end();
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.stderr,
        "error: `heap.0002.svdat` exists already\nhint: --force overwrites it\n"
    );
}

/// Cores that only the packets show: what is recorded is read as what came.
#[test]
fn core_bits_without_a_header() {
    let folder = folder();
    let cores = two_cores();
    std::fs::write(folder.path().join("raw"), &cores).expect("a folder with room");
    let ran = record(&["--stdin"], &folder).reading(&cores).end();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let json = |name| {
        let report = leakscope(["report", "--format", "json", name]);
        report.in_folder(folder.path()).json()
    };
    let [raw, recorded] = [json("raw"), json(FILE)];
    assert_eq!(raw["trace"]["cores"].to_string(), "[0,1]");
    assert_eq!(recorded["trace"]["cores"], raw["trace"]["cores"]);
    // The start is in both cores' parts.
    let own = |report: &Value| {
        let count = |what: &str| report["totals"][what].as_u64().expect("a number");
        (count("events") - count("copies"), count("skipped_bytes"))
    };
    assert_eq!(own(&recorded), own(&raw));
    assert_eq!(own(&raw), (1801, 0));
    let file = std::fs::read(folder.path().join(FILE)).expect("the file");
    let header = Header::parse(&file);
    assert_eq!(
        header.core_offsets().count(),
        2,
        "SEGGER's application reads it"
    );
}
