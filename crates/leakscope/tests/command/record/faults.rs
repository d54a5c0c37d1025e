//! The file is a recording of all that came, up to any fault.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::problem::ProblemKind;
use leakscope_analysis::trace::Layout;
use leakscope_capture::gdb::packet::encode;
use leakscope_systemview::{Frame, Header, sync};
use leakscope_testing::device::Board;
use leakscope_testing::scenario::Scenario;

use super::*;

/// Random numbers enough for a test, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }
}

/// The file has a header, and behind it the front of what was sent, of which all whole packets can be read.
/// How many bytes of it there are; none if there is no file.
#[track_caller]
fn check_front(path: &Path, sent: &[u8]) -> usize {
    let Ok(file) = std::fs::read(path) else {
        return 0;
    };
    let data = &file[Header::parse(&file).data..];
    assert!(sent.starts_with(data), "{} bytes differ", data.len());
    let mut whole = 0;
    let mut rest = data.strip_prefix(&sync::SYNC).unwrap_or_default();
    while let Ok(frame) = Frame::split(rest) {
        whole += 1;
        rest = &rest[frame.length..];
    }
    let mut analysis = Analysis::new(&Layout::of(&[&file]), KeepAll);
    let Ok(_) = analysis.run(&[&file][..]);
    let outcome = analysis.outcome();
    // INIT comes second: without it, nothing tells a recording.
    if whole > 2 {
        assert_eq!(outcome.totals.events, whole);
        let is_damage = |kind: &ProblemKind| matches!(kind, ProblemKind::Skipped { .. });
        assert!(
            !outcome
                .problems
                .iter()
                .any(|problem| is_damage(&problem.kind))
        );
    }
    data.len()
}

/// 200 times, the command is killed while it records, after so many bytes and whatever has followed them.
#[test]
fn kills() {
    let trace = Board::trace(3000);
    let mut random = Random(7);
    let folder = folder();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    for _ in 0..200 {
        let run = record(&["--tcp", &address], &folder);
        let mut child = run.begin();
        let (mut link, _) = listener.accept().expect("a host");
        let enough = random.below(trace.len());
        let sent = enough + random.below(trace.len() - enough);
        let mut rest = &trace[..sent];
        while !rest.is_empty() {
            let (chunk, later) = rest.split_at((1 + random.below(2000)).min(rest.len()));
            link.write_all(chunk).expect("a host that reads");
            rest = later;
        }
        wait_for_bytes(&mut child, &folder, enough);
        child.kill().expect("it runs");
        child.wait().expect("an end");
        let file = folder.path().join(FILE);
        check_front(&file, &trace);
        // It may have been too early for one.
        let _ = std::fs::remove_file(file);
    }
}

/// A file that may not grow any more is as good as a full disk. The signal that says it ends nothing.
#[cfg(unix)]
#[test]
fn a_full_disk() {
    let trace = Board::trace(3000);
    let folder = folder();
    for trap in ["trap '' XFSZ; ", ""] {
        let mut child = Command::new("sh")
            .args(["-c", &format!("{trap}ulimit -f 16; exec \"$@\""), "sh"])
            .arg(env!("CARGO_BIN_EXE_leakscope"))
            .args(["record", "--stdin", "-o", FILE])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut stdin = child.stdin.take().expect("a pipe");
        let sent = trace.clone();
        let sender = std::thread::spawn(move || stdin.write_all(&sent));
        let output = child.wait_with_output().expect("an end");
        // It may have gone before it was told everything.
        drop(sender.join().expect("no fault"));
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(
            stderr.contains("error: `heap.svdat` takes no more data"),
            "{stderr}"
        );
        let stdout = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(stdout.starts_with(&report(&folder, &[])), "{stdout}");
        // `ulimit` counts in blocks of 512 or 1024 bytes.
        let file = folder.path().join(FILE);
        let saved = check_front(&file, &trace);
        assert!((8000..=16 * 1024).contains(&saved), "{saved}");
        std::fs::remove_file(file).expect("the file");
    }
}

/// A terminal that shows nothing holds up what is shown, and not what is recorded.
#[test]
fn a_terminal_that_takes_nothing() {
    const LINES: usize = 6000;
    let mut recording = Scenario::begun();
    for _ in 0..LINES {
        recording.after(100).print("a line of the device\n");
    }
    let trace = recording.plain();
    let folder = folder();
    let mut child = record(&["--stdin", "--log", "--no-report"], &folder)
        .reading(&trace)
        .begin();
    // The lines are more than a pipe holds.
    wait_for_bytes(&mut child, &folder, trace.len());
    let output = child.wait_with_output().expect("an end");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success());
    assert_eq!(stdout.matches("a line of the device").count(), LINES);
}

/// Peers that never do what is expected of them, and say much or nothing. What is told of whoever has connected.
fn that_is_no_help(says: &[u8]) -> (String, mpsc::Receiver<()>) {
    let says = says.to_owned();
    let (tell, told) = mpsc::channel();
    let (address, _) = on_network(move |listener| {
        let (mut link, _) = listener.accept().expect("a host");
        let _ = tell.send(());
        while !says.is_empty() && link.write_all(&says).is_ok() {}
        // A host that has gone ends it.
        drop(link.read_to_end(&mut Vec::new()));
    });
    (address.to_string(), told)
}

/// Both ends of a recording work with each of them, in whatever it is doing.
#[cfg(unix)]
#[test]
fn peers_that_are_no_help() {
    let text = encode(b"O6869").repeat(100);
    let notes = b"type target_state state halted\r\n\x1A".repeat(100);
    let replies = b"0 and so on".repeat(100);
    for (source, says) in [
        ("--gdb", &[][..]),
        ("--gdb", &text),
        ("--openocd", &[]),
        ("--openocd", &notes),
        ("--openocd", &replies),
    ] {
        let (address, _told) = that_is_no_help(says);
        let (ran, _folder) = LiveRecording::begin(&["--duration", "50ms", source, &address]).end();
        let said =
            "error: nothing was recorded: the device could not be connected within --duration\n";
        assert_eq!((ran.code, ran.stderr.as_str()), (2, said));

        let (address, told) = that_is_no_help(says);
        let recording = LiveRecording::begin(&[source, &address]);
        told.recv().expect("a host");
        recording.interrupt();
        let (ran, _folder) = recording.end();
        let said = "error: nothing was recorded: it was ended before the device was connected\n";
        assert_eq!((ran.code, ran.stderr.as_str()), (2, said));
    }
    let packets = [17, 3].repeat(10_000);
    for says in [&[][..], &packets] {
        let (address, _told) = that_is_no_help(says);
        let (ran, _folder) = LiveRecording::begin(&["--duration", "50ms", "--tcp", &address]).end();
        assert!(
            ran.stderr.contains("; --duration is over\n"),
            "{}",
            ran.stderr
        );
    }
}

/// A link that is lost inside a packet and returns: the report says that something is missing.
#[test]
fn a_link_that_returns() {
    let (address, served) = device(|firmware, listener| {
        firmware.work(500)?;
        firmware.board.work(1);
        let last = firmware.board.sent();
        firmware.send_raw(&last[..last.len() - 3])?;
        firmware.hang_up();
        let board = std::mem::replace(&mut firmware.board, Board::new());
        let mut again = accept(board, listener);
        again.work(500)?;
        again.board.hear(&[2]);
        again.send()
    });
    let (ran, folder) = LiveRecording::begin(&["--tcp", &address.to_string()]).end();
    served.join().expect("no fault");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for said in [
        "the link is lost (the other side has closed it)",
        "the link is back after ",
    ] {
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
    assert!(ran.stdout.starts_with(&report(&folder, &[])));
    let json = leakscope(["report", FILE, "--format", "json"]).in_folder(folder.path());
    let problems = json.json()["problems"].clone();
    let codes = problems.as_array().into_iter().flatten();
    assert!(
        codes
            .clone()
            .any(|problem| problem["code"] == "skipped-bytes"),
        "{problems}"
    );
}

/// A device that ends by going away, inside a packet, and does not return.
#[cfg(unix)]
#[test]
fn a_device_that_dies() {
    let (address, served) = device(|firmware, _| {
        firmware.work(500)?;
        firmware.board.work(1);
        let last = firmware.board.sent();
        firmware.send_raw(&last[..last.len() - 3])
    });
    let mut recording = LiveRecording::begin(&["--tcp", &address.to_string()]);
    recording.wait_for("the link is lost");
    let sent = served.join().expect("no fault");
    recording.interrupt();
    let (ran, folder) = recording.end();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with(&report(&folder, &[])));
    let saved = check_front(&folder.path().join(FILE), &sent);
    assert_eq!(saved, sent.len());
}
