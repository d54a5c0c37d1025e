//! `leakscope export`, and heaptrack's files as inputs: what is written where. What is in it is tested in `leakscope-export`.

use std::fs;
use std::io::Read;
use std::process::Command;

use leakscope_testing::{needs, project};
use serde_json::json;

use crate::run::leakscope;

const TRACE: &str = "testdata/steady-leak/input.svdat";

#[test]
fn a_file_is_written_and_not_overwritten_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("stacks.folded");
    let export = || {
        let arguments = ["export", TRACE, "--as", "folded", "-o"];
        leakscope(arguments).on(&[&path]).in_folder(&project())
    };
    let ran = export().end();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    assert!(
        ran.stderr.starts_with("note: not in folded: "),
        "{}",
        ran.stderr
    );
    let again = export().end();
    assert_eq!(again.code, 2);
    assert!(
        again.stderr.contains("--force overwrites it"),
        "{}",
        again.stderr
    );
    assert_eq!(export().on(&["--force"]).end().code, 0);
    let stacks = fs::read_to_string(&path).expect("a file");
    let printed = leakscope(["export", TRACE, "--as", "folded"]).in_folder(&project());
    assert_eq!(stacks, printed.stdout());
}

#[test]
fn a_file_whose_name_says_so_is_packed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("stacks.folded.gz");
    let arguments = ["export", TRACE, "--as", "folded", "-o"];
    leakscope(arguments)
        .on(&[&path])
        .in_folder(&project())
        .stdout();
    let mut stacks = String::new();
    let mut packed = flate2::read::GzDecoder::new(fs::File::open(path).expect("a file"));
    packed.read_to_string(&mut stacks).expect("gzip and text");
    let printed = leakscope(["export", TRACE, "--as", "folded"]).in_folder(&project());
    assert_eq!(stacks, printed.stdout());
}

#[test]
fn tables_are_files_of_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tables");
    let arguments = ["export", TRACE, "--as", "jsonl", "-o"];
    leakscope(arguments)
        .on(&[&path])
        .in_folder(&project())
        .stdout();
    let mut names: Vec<_> = fs::read_dir(&path)
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    names.sort();
    let expected =
        ["blocks", "events", "logs", "problems", "sites"].map(|table| format!("{table}.jsonl"));
    assert_eq!(names, expected);
    let arguments = ["export", TRACE, "--as", "jsonl", "--table", "sites"];
    let sites = leakscope(arguments).in_folder(&project()).stdout();
    assert_eq!(
        sites,
        fs::read_to_string(path.join("sites.jsonl")).expect("a file")
    );
}

#[test]
fn part_of_a_recording() {
    let export = |arguments: &[&str]| {
        let all = [&["export", TRACE, "--as", "folded"], arguments].concat();
        leakscope(all).in_folder(&project())
    };
    let all = export(&["--value", "allocated"]).stdout();
    assert_eq!(
        export(&["--value", "allocated", "--from", "0", "--task", "main"]).stdout(),
        all
    );
    let early = export(&["--value", "allocated", "--to", "0.001"]).stdout();
    assert_eq!(early, "0x400880dc;0x400d5678 1536\n");
    let nobody = export(&["--value", "allocated", "--task", "unknown"]).end();
    assert_eq!((nobody.code, &*nobody.stdout), (0, ""), "{}", nobody.stderr);
    for task in ["mian", "idle"] {
        let ran = export(&["--task", task]).end();
        let said = format!("error: no task is called `{task}`; there are main, worker\n");
        assert_eq!((ran.code, ran.stderr), (2, said));
    }
}

/// An option that does not apply is not ignored.
#[test]
fn values_are_of_folded_stacks() {
    for format in ["perfetto", "pprof", "heaptrack", "csv"] {
        let arguments = ["export", TRACE, "--as", format, "--value", "leaked"];
        let ran = leakscope(arguments).in_folder(&project()).end();
        let said = format!("error: {format} has no folded stacks: --value leaked is for folded\n");
        assert_eq!((ran.code, ran.stderr), (2, said));
    }
}

/// A format that cannot say where data are missing says that they are.
#[test]
fn what_a_recording_lacks_is_said() {
    let lossy = "testdata/overflow/input.svdat";
    for format in ["heaptrack", "folded"] {
        let ran = leakscope(["export", lossy, "--as", format])
            .in_folder(&project())
            .end();
        assert_eq!(ran.code, 0);
        let said = format!("note: not in {format}: what the recording lacks, ");
        assert!(ran.stderr.contains(&said), "{}", ran.stderr);
    }
}

const DUMP: &[u8] = b"====== Heap Trace: 3 records (10 capacity) ======\n\
    24 bytes (@ 0x3ffb5b88) allocated CPU 0 ccount 0x10 caller 0x400d1234:0x400d2345\n\
    100 bytes (@ 0x3ffb6000) allocated CPU 1 ccount 0x20 caller 0x400d1234:0x400d2345\n\
    8 bytes (@ 0x3ffb7000) allocated CPU 1 ccount 0x30 caller 0x400d5678\n\
    ====== Heap Trace Summary ======\n";

/// A profile of a dump is read as the same heap, and stacks have the same numbers.
#[test]
fn a_heap_dump_has_sums() {
    let report = |bytes: &[u8]| {
        let ran = leakscope(["report", "-", "--format", "json"]).reading(bytes);
        let report: serde_json::Value = serde_json::from_str(&ran.stdout()).expect("JSON");
        let sites = report["call_sites"].as_array().expect("call sites");
        let sums = sites.iter().map(|site| {
            let frames = site["frames"].as_array().expect("frames");
            // A profile has its own numbers in place of addresses, which are the names.
            let name = |frame: &serde_json::Value| {
                let name = frame["function"].as_str().or(frame["address"].as_str());
                name.map(str::to_owned)
            };
            let names = frames.iter().map(name).collect::<Vec<_>>();
            let [blocks, bytes] =
                ["outstanding_blocks", "outstanding_bytes"].map(|sum| site[sum].as_u64());
            (names, blocks, bytes)
        });
        let mut sums: Vec<_> = sums.collect();
        sums.sort();
        sums
    };
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("heap.pb.gz");
    leakscope(["export", "-", "--as", "pprof", "-o"])
        .on(&[&profile])
        .reading(DUMP)
        .stdout();
    let profile = fs::read(profile).expect("a profile");
    assert_eq!(report(&profile), report(DUMP));
    assert_eq!(report(DUMP).len(), 2);

    let folded = leakscope(["export", "-", "--as", "folded"]).reading(DUMP);
    assert_eq!(folded.stdout(), "0x400d2345;0x400d1234 124\n0x400d5678 8\n");
}

#[test]
fn what_cannot_be_exported_is_refused() {
    for (arguments, expected) in [
        (&["perfetto"][..], "perfetto is made of events"),
        (
            &["folded", "--value", "growth"],
            "nothing but what is outstanding",
        ),
        (&["pprof", "--to", "1s"], "neither times nor tasks"),
    ] {
        let ran = leakscope(["export", "-", "--as"])
            .on(arguments)
            .reading(DUMP)
            .end();
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    }
    for (arguments, expected) in [
        (&["export", TRACE][..], "--as <FORMAT>"),
        (&["export", "--as", "folded"], "<TRACE>"),
        (
            &["export", TRACE, "--as", "pprof", "--table", "sites"],
            "pprof has no tables",
        ),
    ] {
        let ran = leakscope(arguments.iter()).in_folder(&project()).end();
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    }
}

/// A program of Linux that leaks 24 bytes 50 times, and frees each of its other blocks.
const PROGRAM: &str = "#include <stdlib.h>\n\
    void *kept[50];\n\
    __attribute__((noinline)) void *take(int size) { return malloc(size); }\n\
    __attribute__((noinline)) void leak(int i) { kept[i] = take(24); }\n\
    int main(void) {\n\
        for (int i = 0; i < 50; i++) { leak(i); free(realloc(take(100), 200)); }\n\
        return kept[49] == 0;\n\
    }\n";

#[test]
fn a_recording_of_heaptracks_is_reported_as_heaptrack_reports_it() {
    if !["gcc", "heaptrack", "heaptrack_print"]
        .iter()
        .all(|tool| needs::has_tool(tool))
    {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        let output = command
            .args(arguments)
            .current_dir(&folder)
            .output()
            .expect("it runs");
        assert!(
            output.status.success(),
            "{program}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    fs::write(folder.path().join("leaky.c"), PROGRAM).expect("a file");
    run(
        "gcc",
        &["-g", "-O1", "-fno-builtin", "leaky.c", "-o", "leaky"],
    );
    run("heaptrack", &["-o", "heap", "./leaky"]);
    let name = ["heap.zst", "heap.gz"]
        .into_iter()
        .find(|name| folder.path().join(name).exists());
    let name = name.expect("a recording");
    let report = leakscope(["report", name, "--format", "json"])
        .in_folder(folder.path())
        .json();
    assert_eq!(report["trace"]["application"], "leaky");
    let leak = &report["call_sites"][0];
    assert_eq!(
        (&leak["outstanding_bytes"], &leak["outstanding_blocks"]),
        (&json!(1200), &json!(50))
    );
    let functions: Vec<&str> = leak["frames"]
        .as_array()
        .expect("frames")
        .iter()
        .filter_map(|frame| frame["function"].as_str())
        .take(3)
        .collect();
    assert_eq!(functions, ["take", "leak", "main"]);
    let printed = run("heaptrack_print", &[name]);
    let calls = printed
        .lines()
        .find_map(|line| line.strip_prefix("calls to allocation functions: "));
    let calls = calls
        .and_then(|rest| rest.split(' ').next())
        .expect("a number");
    assert_eq!(report["totals"]["allocations"].to_string(), calls);
    run(
        "heaptrack_print",
        &["-F", "leaked", "--flamegraph-cost-type", "leaked", name],
    );
    let leaked = fs::read_to_string(folder.path().join("leaked")).expect("a file");
    let numbers = leaked
        .lines()
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    assert_eq!(report["totals"]["outstanding_bytes"], numbers.sum::<u64>());
}

#[test]
fn a_heaptrack_file_that_cannot_be_read_says_why() {
    let ran = leakscope(["report", "-"])
        .reading(b"v 10400 9\nX app\n")
        .end();
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(
        ran.stderr.contains("version 9; versions 1 to 3 are read"),
        "{}",
        ran.stderr
    );
}
