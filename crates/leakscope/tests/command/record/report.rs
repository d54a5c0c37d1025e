//! What is said while it records is what `leakscope report` says of the file.

use leakscope_testing::needs::corpus;

use super::*;

/// The report at the end, and behind it where the trace is.
#[track_caller]
fn check_text(ran: &Ran, folder: &TempDir) {
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let (text, saved) = ran.stdout.split_once("\nSaved ").expect("an end");
    assert_eq!(text, report(folder, &[]));
    assert!(saved.contains(FILE), "{saved}");
    assert!(saved.contains(&format!("report {FILE}")), "{saved}");
}

/// Records what `device` does, as text and as JSON.
fn check(work: fn(&mut Firmware<TcpStream>, &TcpListener) -> std::io::Result<()>) {
    let (address, served) = device(work);
    let (ran, folder) = LiveRecording::begin(&["--tcp", &address.to_string()]).end();
    served.join().expect("no fault");
    check_text(&ran, &folder);

    let (address, served) = device(work);
    let json = ["--tcp", &address.to_string(), "--format", "json"];
    let (ran, folder) = LiveRecording::begin(&json).end();
    served.join().expect("no fault");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stdout, report(&folder, &["--format", "json"]));
}

#[test]
fn of_a_device_that_leaks() {
    check(|firmware, _| {
        firmware.work(2000)?;
        firmware.board.hear(&[2]);
        firmware.send()
    });
    let (address, served) = device(|firmware, _| {
        firmware.work(2000)?;
        firmware.board.hear(&[2]);
        firmware.send()
    });
    let (ran, _) = LiveRecording::begin(&["--tcp", &address.to_string()]).end();
    served.join().expect("no fault");
    assert!(
        ran.stdout.contains("1 leak: 2,000 blocks"),
        "{}",
        ran.stdout
    );
}

/// A device that is switched off and on records another session.
#[test]
fn of_a_device_that_is_reset() {
    check(reset_twice);
    let (address, served) = device(reset_twice);
    let (ran, _) = LiveRecording::begin(&["--tcp", &address.to_string()]).end();
    served.join().expect("no fault");
    assert!(ran.stdout.contains("2 sessions"), "{}", ran.stdout);
}

fn reset_twice(firmware: &mut Firmware<TcpStream>, _: &TcpListener) -> std::io::Result<()> {
    firmware.work(500)?;
    firmware.board = Board::new();
    firmware.board.hear(&[1]);
    firmware.work(50)?;
    firmware.board.hear(&[2]);
    firmware.send()
}

/// A stream that is caught in the middle and never begins.
#[test]
fn of_a_stream_without_beginning() {
    let trace = Board::trace(3000);
    let middle = &trace[trace.len() / 3..];
    let folder = folder();
    let ran = record(&["--stdin"], &folder).reading(middle).end();
    check_text(&ran, &folder);
}

/// Recordings of real boards, sent once more.
#[test]
fn of_real_boards() {
    for (name, is_split) in [
        ("idf-mcore-2026/heap_log_mcore.svdat", false),
        ("idf-esp-extension-2021/heap_log_mcore.svdat", true),
    ] {
        let Some(path) = corpus(name) else {
            continue;
        };
        let trace = std::fs::read(&path).expect("the recording can be read");
        let folder = folder();
        let ran = record(&["--stdin"], &folder).reading(&trace).end();
        check_text(&ran, &folder);
        let file = std::fs::read(folder.path().join(FILE)).expect("the file");
        assert_eq!(file != trace, is_split);
        // Each event is where it was before, whichever file it stands in.
        let events = |file: &std::path::Path| leakscope(["events"]).on(&[file]).stdout();
        let [theirs, ours] = [events(&path), events(&folder.path().join(FILE))];
        assert_eq!(theirs.lines().count(), ours.lines().count());
        assert!(theirs == ours, "{name}: the events differ");
    }
}

/// Log messages come on standard output, before the report.
#[test]
fn messages_of_the_device() {
    let (address, served) = device(|firmware, _| {
        firmware.work(25)?;
        firmware.board.hear(&[2]);
        firmware.send()
    });
    let (ran, folder) = LiveRecording::begin(&["--log", "--tcp", &address.to_string()]).end();
    served.join().expect("no fault");
    let log = leakscope(["log", FILE]).in_folder(folder.path()).stdout();
    assert_eq!(log.lines().count(), 3);
    let rest = ran.stdout.strip_prefix(&log);
    let rest = rest.unwrap_or_else(|| panic!("{}\n--\n{log}", ran.stdout));
    assert!(rest.starts_with(&report(&folder, &[])), "{}", ran.stdout);
}

/// Reads reports until one says this.
#[track_caller]
fn read_until(stdout: &mut impl BufRead, said: &mut String, text: &str) {
    /// More reports than any test waits for.
    const ENOUGH: usize = 10_000_000;
    while !said.contains(text) {
        let from = said.len().saturating_sub(5000);
        assert!(from < ENOUGH, "no `{text}`: {}", &said[from..]);
        let read = stdout.read_line(said).expect("UTF-8");
        assert!(read > 0, "no `{text}`: {said}");
    }
}

/// Reports meanwhile, as often as was asked for.
#[cfg(unix)]
#[test]
fn reports_meanwhile() {
    let (address, served) = device(|firmware, _| {
        firmware.work(100)?;
        firmware.wait_for_stop()
    });
    let often = ["--report-every", "1ms", "--tcp", &address.to_string()];
    let mut recording = LiveRecording::begin(&often);
    let mut stdout = BufReader::new(recording.child.stdout.take().expect("a pipe"));
    let mut said = String::new();
    read_until(&mut stdout, &mut said, "1 leak: 100 blocks");
    assert!(said.starts_with("After "), "{said}");
    recording.interrupt();
    stdout.read_to_string(&mut said).expect("UTF-8");
    let (ran, folder) = recording.end();
    served.join().expect("no fault");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(said.contains(&report(&folder, &[])), "{said}");
}

/// A device that is caught in the middle is told to begin anew, and followed from there at once; the report
/// at the end counts what came before all the same.
#[cfg(unix)]
#[test]
fn of_a_device_that_runs_already() {
    let (tell, told) = std::sync::mpsc::channel();
    let (address, served) = leakscope_testing::device::on_network(move |listener| {
        let (link, _) = listener.accept().expect("a host");
        let mut firmware = Firmware::new(link, Manners::Plain);
        firmware.board.hear(&[1]);
        firmware.board.work(500);
        let missed = firmware.board.sent();
        let middle = &missed[missed.len() / 2..];
        firmware.send_raw(middle).expect("a host that reads");
        firmware.wait_for_start().expect("START");
        firmware.work(500).expect("a host that reads");
        tell.send(()).expect("somebody waits");
        firmware.wait_for_stop().expect("STOP");
    });
    let often = ["--report-every", "1ms", "--tcp", &address.to_string()];
    let mut recording = LiveRecording::begin(&often);
    let mut stdout = BufReader::new(recording.child.stdout.take().expect("a pipe"));
    let mut said = String::new();
    read_until(&mut stdout, &mut said, "Heap        1,501 events");
    told.recv().expect("it works");
    recording.interrupt();
    stdout.read_to_string(&mut said).expect("UTF-8");
    let (ran, folder) = recording.end();
    served.join().expect("no fault");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(said.contains(&report(&folder, &[])), "{said}");
    assert!(said.contains("before"), "{said}");
}

/// A call site that leaks too fast is told of at once, by name and rate, and in the exit code. The report follows all the
/// same.
#[cfg(unix)]
#[test]
fn an_alarm() {
    let leaks = || {
        device(|firmware, _| {
            firmware.work(2000)?;
            firmware.wait_for_stop()
        })
    };
    let (address, served) = leaks();
    let mut recording = LiveRecording::begin(&["--alarm", "1B/h", "--tcp", &address.to_string()]);
    recording.wait_for("ALARM: ");
    recording.interrupt();
    let (ran, folder) = recording.end();
    served.join().expect("no fault");
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("ALARM: ").count(), 1, "{}", ran.stderr);
    let last = "error: 1 call site leaked faster than --alarm 1 B/h\n";
    assert!(ran.stderr.ends_with(last), "{}", ran.stderr);
    assert!(ran.stdout.starts_with(&report(&folder, &[])));

    let trace = Board::trace(2000);
    let folder = super::folder();
    let ran = record(&["--stdin", "--alarm", "1G/ms"], &folder)
        .reading(&trace)
        .end();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    // It is over before there was time to look: it is looked at the end.
    let ran = record(&["--stdin", "--force", "--alarm", "1B/24h"], &folder)
        .reading(&trace)
        .end();
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    // Of a file that leaked before, what is added is judged.
    for (added, code) in [(&Board::trace(0), 0), (&trace, 4)] {
        let ran = record(&["--stdin", "--append", "--alarm", "1B/24h"], &folder)
            .reading(added)
            .end();
        assert_eq!(ran.code, code, "{}", ran.stderr);
    }
}
