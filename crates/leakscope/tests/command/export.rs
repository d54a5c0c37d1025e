//! `leakscope export`: what is written where. What is in it is tested in `leakscope-export`.

use std::fs;
use std::io::Read;

use leakscope_testing::project;

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
    let unknown = export(&["--task", "mian"]).end();
    assert_eq!(unknown.code, 2);
    let said = "error: no task is called `mian`; there are main, worker\n";
    assert_eq!(unknown.stderr, said);
}

#[test]
fn what_cannot_be_exported_is_refused() {
    let dump = b"====== Heap Trace: 1 records (10 capacity) ======\n\
                 24 bytes (@ 0x3ffb5b88) allocated CPU 0 ccount 0x0 caller 0x400d1234:0x400d2345\n\
                 ====== Heap Trace Summary ======\n";
    let ran = leakscope(["export", "-", "--as", "pprof"])
        .reading(dump)
        .end();
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("has no events"), "{}", ran.stderr);
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
