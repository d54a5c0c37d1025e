//! Is a file a console's log or a recording? Both may hold a little of the other.

use std::fs;

use crate::run::leakscope;
use leakscope_testing::scenario::Scenario;

const DUMP: &str = "\
ESP-ROM:esp32s3-20210327\r
====== Heap Trace: 2 records (50 capacity) ======\r
    60 bytes (@ 0x3ffb8000, Internal) allocated CPU 0 ccount 0x00100000 caller 0x40081234:0x400d5678\r
    60 bytes (@ 0x3ffb8060, Internal) allocated CPU 0 ccount 0x00200000 caller 0x40081234:0x400d5678\r
====== Heap Trace Summary ======\r
Mode: Heap Trace Leaks\r
120 bytes 'leaked' in trace (2 allocations)\r
================================\r
";

/// What `report` says was recorded in a file with these bytes.
fn recorded(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("file"), bytes).expect("a file");
    let text = leakscope(["report", "file"])
        .in_folder(folder.path())
        .stdout();
    let line = text.lines().find(|line| line.starts_with("Recorded"));
    line.unwrap_or(&text).to_owned()
}

#[test]
fn noise_before_text_makes_no_recording_of_a_log() {
    // What a monitor reads while the device is reset, or boots at another speed.
    let zeros = vec![0; 40];
    let ones = vec![0xff; 40];
    let other_speed: Vec<u8> = (0..200_u32).map(|at| (at * at * 37 % 251) as u8).collect();
    let start = b"\0\0\0\0\0\0\0\0\0\0\x0a\0";
    for noise in [zeros.as_slice(), &ones, &other_speed, start] {
        for before in ["", "I (10) boot: ok\r\n"] {
            let file = [before.as_bytes(), noise, DUMP.as_bytes()].concat();
            assert_eq!(
                recorded(&file),
                "Recorded    a dump of 2 records",
                "{noise:02x?}"
            );
        }
    }
}

#[test]
fn a_dump_among_a_recordings_messages_makes_no_log_of_it() {
    let mut recording = Scenario::begun();
    for line in DUMP.lines() {
        recording.after(10).print(line);
    }
    let said = recorded(&recording.plain());
    assert!(said.contains("8 log messages"), "{said}");
}

/// What a log cannot give is refused with what it can; several dumps are told of, and a restart between them.
#[test]
fn what_a_dump_is_not_good_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write("plain.log", DUMP);
    write("two.log", &format!("{DUMP}Rebooting...\r\n{DUMP}"));
    let run = |words: &[&str]| leakscope(words).in_folder(folder.path()).end();
    let export = run(&["export", "--as", "perfetto", "plain.log"]);
    assert_eq!(export.code, 2);
    assert!(
        export.stderr.contains("perfetto is made of events"),
        "{}",
        export.stderr
    );
    let map = run(&["heap", "plain.log"]);
    assert_eq!(map.code, 2);
    assert!(
        map.stderr
            .starts_with("error: there is no map of `plain.log`: "),
        "{}",
        map.stderr
    );
    let checked = run(&["check", "two.log", "--max-outstanding", "1MiB"]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    assert!(
        checked
            .stderr
            .contains("`leakscope diff two.log --fail-on worse`"),
        "{}",
        checked.stderr
    );
    assert!(
        !run(&["check", "plain.log", "--max-outstanding", "1MiB"])
            .stderr
            .contains("diff")
    );
    let said = run(&["diff", "two.log"]).stdout;
    assert!(
        said.contains("- the device restarted before dump 2, with an empty heap"),
        "{said}"
    );
}

/// One hint that can be followed, and not another that cannot.
#[test]
fn a_dump_that_a_watchdog_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let cut = DUMP
        .split("====== Heap Trace Summary")
        .next()
        .expect("a part");
    let log = format!(
        "{cut}Guru Meditation Error: Core  0 panic'ed (Interrupt wdt timeout on CPU0).\r\n"
    );
    fs::write(folder.path().join("cut.log"), log).expect("a file");
    let text = leakscope(["report", "cut.log"])
        .in_folder(folder.path())
        .stdout();
    assert!(text.contains("[dump-interrupted"), "{text}");
    assert!(!text.contains("save the log up to"), "{text}");
    fs::write(folder.path().join("cut.log"), cut).expect("a file");
    let text = leakscope(["report", "cut.log"])
        .in_folder(folder.path())
        .stdout();
    assert!(text.contains("save the log up to"), "{text}");
}
