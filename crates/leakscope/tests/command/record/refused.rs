//! What cannot be, and what is no trace.

use super::*;

#[track_caller]
fn check(arguments: &[&str], expected: &str) {
    let folder = folder();
    let ran = record(arguments, &folder).end();
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    assert!(!folder.path().join(FILE).exists(), "nothing was made");
}

#[test]
fn options_that_do_not_go_together() {
    check(&[], "error: no source is named\nhint: `--openocd");
    check(&["--stdin", "--tcp", "x:1"], "cannot be used with");
    check(
        &["--tcp", "x:1", "--start", "f"],
        "error: --start does not go with --tcp: only a debugger can wait for a place in the program",
    );
    check(
        &["--stdin", "--stop", "0x100"],
        "--stop does not go with --stdin",
    );
    check(
        &["--listen", "0", "--reset"],
        "error: --reset does not go with --listen: the device cannot be reset from there",
    );
    check(
        &["--stdin", "--few-stops"],
        "--few-stops does not go with --stdin",
    );
    check(
        &["--stdin", "--rtt-channel", "1"],
        "--rtt-channel does not go with --stdin",
    );
    check(
        &["--stdin", "--no-report", "--report-every", "1s"],
        "cannot be used with",
    );
    check(
        &["--stdin", "--log", "--format", "json"],
        "cannot be used with",
    );
}

#[test]
fn a_chip_and_a_probe_go_together() {
    check(&["--probe"], "--chip <NAME>");
    check(
        &["--probe", "1:2", "--chip", "x", "--stdin"],
        "cannot be used with",
    );
    check(
        &["--stdin", "--chip", "x"],
        "--chip does not go with --stdin",
    );
}

#[cfg(not(feature = "probe"))]
#[test]
fn a_debug_probe_in_a_build_without_them() {
    check(
        &["--probe", "--chip", "STM32F407VG"],
        "error: this leakscope was built without debug probes (--probe)\n\
         hint: build it with them: cargo install --path crates/leakscope --features probe",
    );
}

/// No test has a probe: this selects one that nobody makes.
#[cfg(feature = "probe")]
#[test]
fn a_debug_probe_that_is_not_there() {
    check(
        &["--probe", "ffff:ffff:none", "--chip", "STM32F407VG"],
        "error: the debug probe ffff:ffff:none was not found\nhint: ",
    );
    check(
        &["--probe", "ST-Link", "--chip", "STM32F407VG"],
        "error: `ST-Link` selects no debug probe\nhint: --probe VID:PID[:SERIAL]",
    );
    check(
        &["--probe", "--chip", "STM32X"],
        "error: probe-rs knows no chip `STM32X`, or more than one\nhint: ",
    );
    check(
        &["--probe", "--chip", "STM32F407VG", "--few-stops"],
        "--few-stops does not go with --probe",
    );
}

#[test]
fn values_that_are_none() {
    check(
        &["--serial", "/dev/ttyUSB0"],
        "the speed is missing: PORT@BAUD",
    );
    check(
        &["--serial", "/dev/ttyUSB0@fast"],
        "`fast` is no speed in baud",
    );
    check(
        &["--stdin", "--duration", "10 days"],
        "`days` is not a unit of time",
    );
    check(&["--stdin", "--max-size", "0"], "`0` is no size");
}

#[test]
fn a_recording_that_exists() {
    let folder = folder();
    let path = folder.path().join(FILE);
    std::fs::write(&path, "precious").expect("a folder with room");
    // Nobody is connected to either.
    let ran = record(&["--tcp", "192.0.2.1:1"], &folder).end();
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.stderr,
        "error: `heap.svdat` exists already\nhint: --force overwrites it\n"
    );
    assert_eq!(std::fs::read(&path).expect("the file"), b"precious");
    // Of a source that sends nothing, nothing is new.
    let ran = record(&["--stdin", "--force"], &folder).end();
    assert_eq!(ran.code, 2);
    assert_eq!(std::fs::read(&path).expect("the file"), b"precious");
    let trace = Board::trace(10);
    let ran = record(&["--stdin", "--force"], &folder)
        .reading(&trace)
        .end();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(std::fs::read(&path).expect("the file").ends_with(&trace));
}

/// What is read for a recording is not recorded into, whatever it is called.
#[cfg(unix)]
#[test]
fn what_is_read_for_it() {
    let folder = folder();
    let trace = Board::trace(10);
    let path = folder.path().join("input.svdat");
    for link in [None, Some(false), Some(true)] {
        std::fs::write(&path, &trace).expect("a folder with room");
        let output = folder.path().join(FILE);
        let _ = std::fs::remove_file(&output);
        let named = match link {
            None => path.clone(),
            Some(false) => {
                std::fs::hard_link(&path, &output).expect("a folder with links");
                output
            }
            Some(true) => {
                std::os::unix::fs::symlink(&path, &output).expect("a folder with links");
                output
            }
        };
        let named = named.to_str().expect("UTF-8");
        let memory = format!("{}@0", path.display());
        for source in [
            ["--file", path.to_str().expect("UTF-8")],
            ["--rtt-memory", &memory],
        ] {
            let ran = leakscope(["record", "--force", "-o", named])
                .on(&source)
                .end();
            assert_eq!(ran.code, 2);
            assert_eq!(
                ran.stderr,
                format!(
                    "error: `{named}` is read by this command: nothing is written over it\n\
                     hint: name another file\n"
                )
            );
            assert_eq!(std::fs::read(&path).expect("the file"), trace);
        }
    }
}

/// A pipe cannot be read while it is written, and nobody need have it open to be told so.
#[cfg(unix)]
#[test]
fn a_pipe_with_a_name() {
    let folder = folder();
    let path = folder.path().join(FILE);
    let made = Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("a shell's tools").success());
    for option in ["--force", "--append"] {
        let ran = record(&["--stdin", option], &folder).end();
        assert_eq!(ran.code, 2);
        assert_eq!(
            ran.stderr,
            "error: `heap.svdat` is not a plain file\n\
             hint: a recording is read while it is made, and needs a plain file\n"
        );
    }
}

/// The second recording into a file is told which process has it.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_recorded_into() {
    let (leave, left) = std::sync::mpsc::channel::<()>();
    let (address, _served) = device(move |firmware, _| {
        firmware.work(10)?;
        // Until the test is over.
        let _ = left.recv();
        Ok(())
    });
    let mut first = LiveRecording::begin(&["--tcp", &address.to_string()]);
    wait_for_bytes(&mut first.child, &first.folder, 100);
    let before = std::fs::read(first.folder.path().join(FILE)).expect("the file");
    let ran = record(&["--stdin", "--force"], &first.folder)
        .reading(&Board::trace(10))
        .end();
    assert_eq!(ran.code, 2);
    let by = first.child.id();
    assert_eq!(
        ran.stderr,
        format!(
            "error: process {by} records into `heap.svdat` already\n\
             hint: name another file with --output\n"
        )
    );
    let after = std::fs::read(first.folder.path().join(FILE)).expect("the file");
    assert!(after.starts_with(&before));
    drop(leave);
}

/// What comes, the first bytes of it, and what may be wrong.
#[track_caller]
fn check_data(data: &[u8], expected: &str, hint: &str) {
    let folder = folder();
    let ran = record(&["--stdin"], &folder).reading(data).end();
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    assert!(ran.stderr.contains(hint), "{}", ran.stderr);
    let file = std::fs::read(folder.path().join(FILE)).expect("the file");
    assert!(file.ends_with(data), "it is kept all the same");
}

#[test]
fn a_console() {
    check_data(
        &b"I (312) boot: ESP-IDF v5.5\r\n".repeat(100),
        "this is not SystemView data: 49 20 28 33 31 32 29 20 62 6f 6f 74 3a 20 45 53 (\"I (312) boot: ES\")",
        "hint: this is text, such as a console's log",
    );
    // Who closes the connection after each answer leaves the mark of a lost link between them.
    let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    check_data(
        &[&answer[..], &[0xFF; 512], answer].concat(),
        "HTTP/1.1 400 Bad",
        "hint: this is text, such as a console's log",
    );
}

/// At another speed, the bits of a stream fall into other bytes.
#[test]
fn a_wrong_speed() {
    let trace = Board::trace(1000);
    let bits = trace
        .iter()
        .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1));
    // Each bit is read three times, and a start and a stop bit stand around each byte.
    let bits: Vec<u8> = bits.flat_map(|bit| [bit; 3]).collect();
    let seen: Vec<u8> = bits
        .chunks(10)
        .map(|frame| {
            frame[1..]
                .iter()
                .take(8)
                .fold(0, |byte, bit| byte >> 1 | bit << 7)
        })
        .collect();
    check_data(
        &seen,
        "this is not SystemView data: ",
        "the speed is probably another one",
    );
}

#[test]
fn nothing_at_all() {
    let folder = folder();
    let ran = record(&["--stdin"], &folder).end();
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr
            .contains("error: nothing was recorded: the device has sent no packets"),
        "{}",
        ran.stderr
    );
    let names = std::fs::read_dir(folder.path()).expect("a folder");
    assert_eq!(names.count(), 0, "there is no file");
    assert!(!ran.stderr.contains("saved"), "{}", ran.stderr);
}

/// ESP-IDF's UART port takes the 3 in our hello for a question, and answers it before it is told to START. That is no
/// other data.
#[test]
fn an_answer_before_the_start() {
    let folder = folder();
    // SYSTIME_US: 0x1234 µs, high word 0, 5 ticks later.
    let ran = record(&["--stdin"], &folder)
        .reading(&[13, 0xB4, 0x24, 0, 5])
        .end();
    assert_eq!(ran.code, 2);
    assert!(
        !ran.stderr.contains("this is not SystemView data"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("error: nothing was recorded"),
        "{}",
        ran.stderr
    );
}

/// A recording is a file, which stays where it is.
#[test]
fn what_is_no_place_for_a_recording() {
    let folder = folder();
    let ran = leakscope(["record", "--stdin", "-o", "-"])
        .in_folder(folder.path())
        .end();
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("hint: name a file with --output"),
        "{}",
        ran.stderr
    );
    assert!(!folder.path().join("-").exists());
}

/// What is taken away meanwhile is missed at the end; the report is of all that came.
#[cfg(unix)]
#[test]
fn a_recording_that_is_deleted() {
    let (tell, told) = std::sync::mpsc::channel();
    let (address, served) = device(move |firmware, _| {
        firmware.work(300)?;
        tell.send(firmware.sent.len()).expect("somebody waits");
        firmware.wait_for_stop()
    });
    let mut recording = LiveRecording::begin(&["--tcp", &address.to_string()]);
    let sent = told.recv().expect("it works");
    wait_for_bytes(&mut recording.child, &recording.folder, sent);
    std::fs::remove_file(recording.folder.path().join(FILE)).expect("a file");
    recording.interrupt();
    served.join().expect("it was told to stop");
    let (ran, _) = recording.end();
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("was deleted while it was recorded"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stdout.contains("1 leak") && !ran.stdout.contains("Saved"),
        "{}",
        ran.stdout
    );
}
