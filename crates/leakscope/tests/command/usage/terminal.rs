//! Where answers go, how they look, and what they end with.

use std::fs;
use std::io::{BufRead, BufReader};

use leakscope_testing::scenario::Scenario;
use serde_json::Value;

use super::{COMMANDS, Files, SITES, packed, recording, refused};
use crate::run::leakscope;

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
fn help_is_data() {
    for arguments in [
        &["--help"][..],
        &["help"],
        &["help", "--help"],
        &["help", "-h"],
        &["help", "help"],
        &["help", "events", "--help"],
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
    // What is near no command may have been meant for a file.
    let ran = leakscope(["nofile"]).end();
    refused(
        &ran,
        "there is no file `nofile`, and no command of this name",
    );
    assert!(
        ran.stderr.contains("`leakscope FILE` reports"),
        "{}",
        ran.stderr
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
