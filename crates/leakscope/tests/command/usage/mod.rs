//! What is typed, what goes where, and how it ends.

mod parts;
mod refused;
mod terminal;

use std::fs;
use std::path::PathBuf;

use leakscope_testing::scenario::{MAIN, Scenario, WORKER};
use tempfile::TempDir;

use crate::run::Ran;

const SITES: [&[u32]; 2] = [&[0x400D_1234, 0x400D_2345], &[0x400D_5678]];

/// A folder with files in it.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// A folder with one recording in it.
    fn with_trace() -> (Self, PathBuf) {
        let files = Self::new();
        let trace = files.write("trace.svdat", &recording(20).openocd());
        (files, trace)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("a file");
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// Two leaks, tasks on two cores, logs and interrupts.
fn recording(blocks: u32) -> Scenario {
    let mut recording = Scenario::begun();
    recording.on(1).run(WORKER).on(0);
    for number in 0..blocks {
        let address = 0x3FFB_0000 + 128 * number;
        recording
            .after(2_000)
            .run(MAIN)
            .allocate(address, 16, SITES[0]);
        recording.allocate(address + 64, 8, SITES[1]);
        recording.on(1).print(&format!("block {number}\n")).on(0);
        recording.enter(5).after(10).exit();
        recording.after(100).event(34, &[10]);
    }
    recording
}

/// Ended with code 2: nothing on standard output, this on standard error.
#[track_caller]
fn refused(ran: &Ran, expected: &str) {
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
}

const COMMANDS: [&str; 3] = ["report", "events", "log"];

fn packed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).expect("room");
    packer.finish().expect("room")
}
