//! The demo says what is wrong with its own program, and which line of it is at fault.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::run::leakscope;

/// The demo with this fault, and what `report` says of the file that it saved.
struct Shown {
    stdout: String,
    report: Value,
    folder: TempDir,
}

fn show(arguments: &[&str], file: &str) -> Shown {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = leakscope([&["demo"], arguments].concat()).in_folder(folder.path());
    let stdout = demo.stdout();
    let elf = env!("CARGO_BIN_EXE_leakscope");
    let report = ["report", file, "--elf", elf, "--format", "json"];
    let report = leakscope(report).in_folder(folder.path());
    let report = if cfg!(target_os = "linux") {
        report.json()
    } else {
        leakscope_testing::needs::say_skipped(
            "functions are not checked: this program is no ELF file",
        );
        Value::Null
    };
    Shown {
        stdout,
        report,
        folder,
    }
}

fn show_fault(fault: &str) -> Shown {
    show(&["--fault", fault], "leakscope-demo.svdat")
}

impl Shown {
    /// The worst call site: its verdict, and whether its innermost frame is this line of this function.
    #[track_caller]
    fn check_worst(&self, verdict: &str, function: &str, file: &str, text: &str) {
        if self.report.is_null() {
            return;
        }
        let site = &self.report["call_sites"][0];
        assert_eq!(site["verdict"], verdict, "{}", self.stdout);
        check_frame(&site["frames"][0], function, file, text);
        assert!(self.stdout.contains(function), "{}", self.stdout);
    }

    fn codes(&self) -> Vec<&str> {
        let problems = self.report["problems"].as_array();
        let codes = problems.into_iter().flatten();
        codes
            .filter_map(|problem| problem["code"].as_str())
            .collect()
    }
}

#[track_caller]
fn check_frame(frame: &Value, function: &str, file: &str, text: &str) {
    let function = format!("leakscope::demo::{function}");
    assert_eq!(frame["function"], function, "{frame}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/demo")
        .join(file);
    let source = std::fs::read_to_string(&path).expect("the demo's own source");
    let line = 1 + source
        .lines()
        .position(|line| line.contains(text))
        .expect("the line");
    assert_eq!(frame["line"], line, "{frame}");
    assert!(
        frame["file"]
            .as_str()
            .is_some_and(|named| named.ends_with(file)),
        "{frame}"
    );
}

const STEADY: &str = "faults/steady.rs";
const FAULTS: &str = "faults/mod.rs";

#[test]
fn steady() {
    let shown = show(&[], "leakscope-demo.svdat");
    let forgotten = "let forgotten";
    shown.check_worst(
        "leak-steady",
        "faults::steady::allocate_two",
        STEADY,
        forgotten,
    );
    assert_eq!(shown.codes(), [""; 0]);
    let sites = shown.report["call_sites"].as_array();
    let leaks = sites.into_iter().flatten().filter(|site| {
        let verdict = site["verdict"].as_str();
        verdict.is_some_and(|verdict| verdict.starts_with("leak"))
    });
    assert!(leaks.count() <= 1);
}

/// It runs on a clock of its own, on one task at a time.
#[test]
fn is_the_same_each_time() {
    assert_eq!(
        show(&[], "leakscope-demo.svdat").stdout,
        show(&[], "leakscope-demo.svdat").stdout
    );
}

/// The command that it prints shows the same report.
#[test]
fn can_be_looked_at_again() {
    for (arguments, file) in [
        (&["--mode", "streamed"][..], "leakscope-demo.svdat"),
        (&["--mode", "standalone"], "leakscope-demo.log"),
    ] {
        let shown = show(arguments, file);
        let again = shown
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix("Look again    "));
        let words: Vec<&str> = again.expect("the line").split(' ').collect();
        assert_eq!(words[0], env!("CARGO_BIN_EXE_leakscope"));
        let report = leakscope(&words[1..])
            .in_folder(shown.folder.path())
            .stdout();
        assert!(shown.stdout.contains(&report), "{report}\n{}", shown.stdout);
        let saved = format!("Saved         {file}\n");
        assert!(shown.stdout.contains(&saved), "{}", shown.stdout);
        let again = words[1..].join(" ");
        let page = again.replacen("report", "view", 1);
        assert!(shown.stdout.contains(&page), "{}", shown.stdout);
    }
}

#[test]
fn error_path() {
    let shown = show_fault("error-path");
    shown.check_worst(
        "leak-survivors",
        "faults::send_messages",
        FAULTS,
        "heap::allocate(",
    );
}

#[test]
fn growing_table() {
    let shown = show_fault("growing-table");
    shown.check_worst(
        "leak-growing",
        "faults::send_messages",
        FAULTS,
        "heap::allocate(",
    );
}

#[test]
fn bounded_cache() {
    let shown = show_fault("bounded-cache");
    assert!(shown.stdout.contains("No leak seen"), "{}", shown.stdout);
    shown.check_worst(
        "bounded",
        "faults::send_messages",
        FAULTS,
        "heap::allocate(",
    );
}

#[test]
fn double_free() {
    let shown = show_fault("double-free");
    assert!(shown.stdout.contains("6 double frees"), "{}", shown.stdout);
    if shown.report.is_null() {
        return;
    }
    assert_eq!(shown.report["conclusion"], "no-leak-seen");
    assert_eq!(shown.report["totals"]["double_frees"], 6);
    let anomaly = &shown.report["anomalies"][0];
    assert_eq!(anomaly["kind"], "double-free");
    let (function, file) = ("faults::double_free::free", "faults/double_free.rs");
    let at = |frames: &Value| {
        let mut frames = frames.as_array().expect("frames").iter();
        let is_ours = |frame: &&Value| {
            frame["file"]
                .as_str()
                .is_some_and(|path| path.ends_with(file))
        };
        frames.find(is_ours).expect("a frame of the fault").clone()
    };
    check_frame(
        &at(&anomaly["frames"]),
        function,
        file,
        "heap::release(message)",
    );
    let first = &anomaly["first_free"]["frames"];
    check_frame(&at(first), function, file, "heap::release_but_keep");
}

#[test]
fn out_of_memory() {
    let shown = show_fault("out-of-memory");
    assert!(
        shown.stdout.contains("Failed allocations"),
        "{}",
        shown.stdout
    );
    if shown.report.is_null() {
        return;
    }
    assert_eq!(shown.report["conclusion"], "no-leak-seen");
    let failure = &shown.report["failed_allocations"][0];
    let (function, file) = ("faults::out_of_memory::allocate", "faults/out_of_memory.rs");
    check_frame(
        &failure["frames"][0],
        function,
        file,
        "heap::allocate(512 * round)",
    );
}

#[test]
fn burst() {
    let shown = show_fault("burst");
    let forgotten = "let forgotten";
    shown.check_worst(
        "leak-steady",
        "faults::steady::allocate_two",
        STEADY,
        forgotten,
    );
    if !shown.report.is_null() {
        assert!(shown.codes().contains(&"overflow"), "{:?}", shown.codes());
        assert_ne!(shown.report["call_sites"][0]["confidence"], "high");
    }
}

#[test]
fn standalone() {
    let shown = show(&["--mode", "standalone"], "leakscope-demo.log");
    let forgotten = "let forgotten";
    shown.check_worst(
        "unclassified",
        "faults::steady::allocate_two",
        STEADY,
        forgotten,
    );
    if !shown.report.is_null() {
        assert_eq!(shown.codes(), ["no-history"]);
        assert_eq!(shown.report["call_sites"][0]["outstanding_blocks"], 180);
    }
}

#[test]
fn saves_where_it_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a trace.svdat");
    let stdout = leakscope(["demo", "--output"]).on(&[&path]).stdout();
    let quoted = format!("'{}'", path.display());
    assert!(stdout.contains(&quoted), "{stdout}");
    assert!(path.exists());
    std::fs::write(&path, "mine").expect("a file");
    let again = leakscope(["demo", "--output"]).on(&[&path]).end();
    let said = format!(
        "error: `{}` exists already\nhint: --force overwrites it\n",
        path.display()
    );
    assert_eq!((again.code, again.stderr), (2, said));
    assert_eq!(std::fs::read(&path).expect("a file"), b"mine");
    leakscope(["demo", "--force", "--output"])
        .on(&[&path])
        .stdout();
    assert_ne!(std::fs::read(&path).expect("a file"), b"mine");
    // Its own name is its own.
    for _ in 0..2 {
        leakscope(["demo"]).in_folder(folder.path()).stdout();
    }
    let nowhere = folder.path().join("no/such/folder.svdat");
    let ran = leakscope(["demo", "--output"]).on(&[&nowhere]).end();
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("cannot be written"), "{}", ran.stderr);
}

/// The texts are for files; where these belong is said apart from them.
#[test]
fn descriptions() {
    for (recorder, name, event) in [
        ("leakscope", "SYSVIEW_leakscope heap.txt", "512 Alloc"),
        (
            "esp-idf",
            "SYSVIEW_ESP32 SystemView Heap Tracing Module.txt",
            "512 heap_alloc",
        ),
    ] {
        let ran = leakscope(["description", recorder]).end();
        assert_eq!(ran.code, 0);
        assert!(
            ran.stdout.lines().any(|line| line.starts_with(event)),
            "{}",
            ran.stdout
        );
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
    }
}
