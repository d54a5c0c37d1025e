//! What is refused, and what is said of it.

use std::fs;

use leakscope_testing::needs::say_skipped;
use leakscope_testing::project;
use serde_json::{Value, json};

use super::{COMMANDS, Files, packed, recording, refused};
use crate::run::leakscope;

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
    for command in ["report", "events", "log", "export --as csv"] {
        let words = format!("{command} --from 2 --to 1");
        let ran = leakscope(words.split(' ')).on(&[&trace]).end();
        refused(&ran, "--from has to be earlier than --to");
    }
    let ran = leakscope(["events", "--core", "9"]).on(&[&trace]).end();
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    let said = "error: there is no core 9: the recording has core 0 alone\n";
    assert_eq!(ran.stderr, said);
    let nothing = leakscope([""; 0]).end();
    assert_eq!((nothing.code, nothing.stdout.as_str()), (2, ""));
    assert!(
        nothing.stderr.contains("Usage: leakscope <COMMAND>"),
        "{}",
        nothing.stderr
    );
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
    let mut archive = vec![0; 512];
    archive[..10].copy_from_slice(b"heap.svdat");
    archive[257..263].copy_from_slice(b"ustar\0");
    archive.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 11, 0]);
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
        ("both.tar", &archive, "is a tar archive"),
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
}

/// The sentence does not depend on what the file would have been read for.
#[test]
fn a_file_that_is_not_there_is_said_in_one_way() {
    let (_files, trace) = Files::with_trace();
    for words in [
        "report",
        "report --elf nowhere",
        "report --image nowhere",
        "report --boot-log nowhere",
        "events --description nowhere",
        "check --config nowhere",
        "check --suppressions nowhere",
        "check --baseline nowhere",
        "gdbinit --output made.svdat --elf nowhere",
    ] {
        let run = leakscope(words.split(' '));
        let run = match words {
            "report" => run.on(&["nowhere"]),
            words if words.starts_with("gdbinit") => run,
            _ => run.on(&[&trace]),
        };
        refused(&run.end(), "error: there is no file `nowhere`\n");
    }
    let known = leakscope(["check", "--baseline", "nowhere"]).on(&[&trace]);
    refused(&known.end(), "\nhint: --write-baseline makes it");
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

/// One core's file given twice cannot be two cores, by whatever path, nor can a copy; of another file of that core, that is
/// seen in what it holds.
#[test]
fn the_same_file_twice_is_refused_and_another_of_one_core_a_problem() {
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
    let ran = leakscope(["report"]).on(&[&trace, &copy]).end();
    refused(&ran, "hold the same bytes\nhint: ");
    let mut whole = fs::read(&trace).expect("a file");
    // Of a header that is not the same, the rest is.
    whole.splice(0..0, *b";\n");
    let copy = files.write("other", &whole);
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
    assert_ne!(report["conclusion"], json!("no-leak-seen"));
}

/// Two runs hold the same addresses at the same time, which two cores cannot.
#[test]
fn of_two_runs_it_is_said_how_they_are_judged_apart() {
    let paths = ["steady-leak", "bounded-cache"]
        .map(|case| project().join("testdata").join(case).join("input.svdat"));
    let report = leakscope(["report", "--format", "json"]).on(&paths).json();
    let problems = report["problems"].as_array().expect("problems");
    let lost = problems
        .iter()
        .find(|problem| problem["code"] == "free-lost");
    let hint = lost.expect("addresses of both")["hint"].as_str();
    assert!(hint.is_some_and(|hint| hint.contains("`leakscope diff A B`")));
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

#[test]
fn a_packed_file_of_which_nothing_comes_out_is_not_empty() {
    let files = Files::new();
    for (name, contents) in [
        ("cut.zst", &b"\x28\xb5\x2f\xfd\0\x58\0\0"[..]),
        ("cut.gz", b"\x1f\x8b"),
    ] {
        let ran = leakscope(["report"])
            .on(&[&files.write(name, contents)])
            .end();
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        let said = format!("{name}` is packed, and cut off or damaged before anything came out");
        assert!(ran.stderr.contains(&said), "{}", ran.stderr);
    }
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
    let later = [
        &b"I (10) boot: later\n"[..],
        &fs::read(&log).expect("a log"),
    ]
    .concat();
    let later = files.write("later.log", &later);
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

/// One error says what a file is that describes no events.
#[test]
fn a_binary_file_describes_no_events() {
    let (files, trace) = Files::with_trace();
    let program = files.write("app.elf", b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0");
    for (file, expected) in [
        (&trace, "it is a recording\n"),
        (&program, "it is a program (an ELF file)\n"),
    ] {
        let ran = leakscope(["events", "--description"])
            .on(&[file, &trace])
            .end();
        refused(&ran, "is no text, and so describes no events: ");
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 2, "{}", ran.stderr);
    }
    let letter = files.write(
        "letter.txt",
        "12345678901234567890 x\n".repeat(100).as_bytes(),
    );
    let ran = leakscope(["events", "--description"])
        .on(&[&letter, &trace])
        .end();
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.lines().count() < 10, "{}", ran.stderr);
}

/// Tips that lead nowhere are left out, and what a build lacks is said.
#[test]
fn tips_are_of_use() {
    let (_files, trace) = Files::with_trace();
    let ran = leakscope(["check", "--task", "x"]).on(&[&trace]).end();
    refused(&ran, "unexpected argument '--task' found");
    assert!(!ran.stderr.contains("as a value"), "{}", ran.stderr);
    if cfg!(not(feature = "parquet")) {
        let ran = leakscope(["export", "--as", "parquet"]).on(&[&trace]).end();
        refused(&ran, "invalid value 'parquet'");
        assert!(
            ran.stderr
                .contains("hint: this leakscope was built without `parquet`"),
            "{}",
            ran.stderr
        );
    }
}
