//! The ways in which a recording ends.

use std::sync::mpsc;

use super::*;

/// A device that tells when it has sent all, and stays until it is told to stop.
fn that_stays(rounds: usize) -> (SocketAddr, JoinHandle<Vec<u8>>, mpsc::Receiver<()>) {
    let (tell, told) = mpsc::channel();
    let (address, served) = device(move |firmware, _| {
        firmware.work(rounds)?;
        tell.send(()).expect("somebody waits");
        firmware.wait_for_stop()
    });
    (address, served, told)
}

/// Ctrl-C stops the device's tracing, and the report follows.
#[cfg(unix)]
#[test]
fn by_ctrl_c() {
    let (address, served, told) = that_stays(300);
    let mut recording = LiveRecording::begin(&["--tcp", &address.to_string()]);
    recording.wait_for(&format!("recording {address} into {FILE}\n"));
    told.recv().expect("it works");
    recording.interrupt();
    let sent = served.join().expect("it was told to stop");
    let (ran, folder) = recording.end();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with(&report(&folder, &[])));
    let file = std::fs::read(folder.path().join(FILE)).expect("the file");
    assert!(file.ends_with(&sent), "its TRACE_STOP included");
}

/// A second Ctrl-C does not wait for the device.
#[cfg(unix)]
#[test]
fn by_a_second_ctrl_c() {
    let (tell, told) = mpsc::channel();
    let (leave, left) = mpsc::channel();
    let (address, served) = device(move |firmware, _| {
        firmware.work(300)?;
        tell.send(firmware.sent.len()).expect("somebody waits");
        // Until the host has gone, it sends on whatever it is told.
        while left.try_recv().is_err() {
            if firmware.work(1).is_err() {
                break;
            }
        }
        Ok(())
    });
    let mut recording = LiveRecording::begin(&["--tcp", &address.to_string()]);
    let sent = told.recv().expect("it works");
    wait_for_bytes(&mut recording.child, &recording.folder, sent);
    recording.interrupt();
    // However early the second one comes, it is a second one: both are delivered one after the other.
    while recording.child.try_wait().expect("a child").is_none() {
        recording.interrupt();
    }
    let (ran, folder) = recording.end();
    // It has seen so itself.
    let _ = leave.send(());
    served.join().expect("no fault");
    assert_eq!(ran.code, 130, "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    // What was recorded can be read.
    assert!(report(&folder, &[]).contains("1 leak"));
}

#[test]
fn by_its_size() {
    let (address, served, _told) = that_stays(300);
    let limit = ["--max-size", "1k", "--tcp", &address.to_string()];
    let (ran, folder) = LiveRecording::begin(&limit).end();
    served.join().expect("it was told to stop");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("--max-size is reached"),
        "{}",
        ran.stderr
    );
    let size = std::fs::metadata(folder.path().join(FILE))
        .expect("the file")
        .len();
    assert!(size >= 1000, "{size}");
}

#[test]
fn by_its_duration() {
    let (address, served, _told) = that_stays(300);
    let limit = ["--duration", "700ms", "--tcp", &address.to_string()];
    let (ran, _) = LiveRecording::begin(&limit).end();
    served.join().expect("it was told to stop");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("--duration is over"), "{}", ran.stderr);
}

#[test]
fn with_standard_input() {
    let folder = folder();
    let trace = Board::trace(100);
    let ran = record(&["--stdin"], &folder).reading(&trace).end();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with(&report(&folder, &[])));
}

#[test]
fn without_a_report() {
    let folder = folder();
    let trace = Board::trace(100);
    let ran = record(&["--stdin", "--no-report"], &folder)
        .reading(&trace)
        .end();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.starts_with("Saved         heap.svdat\n"),
        "{}",
        ran.stdout
    );
    assert_eq!(ran.stdout.lines().count(), 2);
}

/// A device that connects to us is told to stop as any other.
#[cfg(unix)]
#[test]
fn while_nobody_has_connected() {
    let mut recording = LiveRecording::begin(&["--listen", "127.0.0.1:0"]);
    recording.wait_for("waiting for a device that connects to 127.0.0.1:");
    recording.interrupt();
    let (ran, _) = recording.end();
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("error: nothing was recorded"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stdout, "");
}
