//! `leakscope record`, with the real recorder as the device.
//!
//! - [`report`]: what is said while it records, and that it is what `leakscope report` says of the file.
//! - [`ends`]: the ways in which a recording ends.
//! - [`faults`]: kills, full disks, devices and links that fail.
//! - [`gdb`]: what a device prints through a GDB server.
//! - [`soak`]: in parts, and in several sessions.
//! - [`refused`]: what cannot be, and what is no trace.

mod ends;
mod faults;
mod gdb;
mod refused;
mod report;
mod soak;

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command};
use std::thread::JoinHandle;

use leakscope_testing::device::{Board, Firmware, Manners, on_network};
use serde_json::Value;
use tempfile::TempDir;

use crate::run::{Ran, Run, leakscope};

/// What is recorded into, in the folder that the command runs in.
const FILE: &str = "heap.svdat";

/// A recording under way.
struct LiveRecording {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// What stderr has said.
    said: String,
    folder: TempDir,
}

/// `leakscope record`, in a folder of its own.
fn record(arguments: &[&str], folder: &TempDir) -> Run {
    let arguments = [&["record", "-o", FILE], arguments].concat();
    leakscope(arguments).in_folder(folder.path())
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

impl LiveRecording {
    fn begin(arguments: &[&str]) -> Self {
        let folder = folder();
        let mut child = record(arguments, &folder).begin();
        let stderr = child.stderr.take().expect("a pipe");
        Self {
            child,
            stderr: BufReader::new(stderr),
            said: String::new(),
            folder,
        }
    }

    /// Reads on until the command has said this.
    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        while !self.said.contains(text) {
            let read = self.stderr.read_line(&mut self.said).expect("UTF-8");
            assert!(read > 0, "`{text}` was not said, but: {}", self.said);
        }
    }

    /// Ctrl-C.
    #[cfg(unix)]
    fn interrupt(&self) {
        let id = self.child.id().to_string();
        let killed = Command::new("kill").args(["-INT", &id]).status();
        assert!(killed.expect("a shell's tools").success());
    }

    /// Waits for its end.
    fn end(mut self) -> (Ran, TempDir) {
        self.stderr.read_to_string(&mut self.said).expect("UTF-8");
        let mut stdout = String::new();
        if let Some(mut pipe) = self.child.stdout.take() {
            pipe.read_to_string(&mut stdout).expect("UTF-8");
        }
        let status = self.child.wait().expect("an end");
        let ran = Ran {
            code: status.code().expect("no signal ended it"),
            stdout,
            stderr: std::mem::take(&mut self.said),
        };
        let folder = std::mem::replace(&mut self.folder, folder());
        (ran, folder)
    }
}

/// A test that fails leaves nothing running.
impl Drop for LiveRecording {
    fn drop(&mut self) {
        // It has ended, usually.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until so many bytes have come to the file of a command that runs.
#[track_caller]
fn wait_for_bytes(child: &mut Child, folder: &TempDir, bytes: usize) {
    let path = folder.path().join(FILE);
    while std::fs::metadata(&path).map_or(0, |file| file.len()) < bytes as u64 {
        let ended = child.try_wait().expect("a child");
        assert!(ended.is_none(), "it has ended: {ended:?}");
        std::thread::yield_now();
    }
}

/// A device on the network that is told to start, does `work`, and goes away; what it has sent.
fn device(
    work: impl FnOnce(&mut Firmware<TcpStream>, &TcpListener) -> std::io::Result<()> + Send + 'static,
) -> (SocketAddr, JoinHandle<Vec<u8>>) {
    on_network(move |listener| {
        let mut firmware = accept(Board::new(), &listener);
        work(&mut firmware, &listener).expect("a host that reads");
        firmware.sent
    })
}

/// A device that a host has connected to and told to start.
fn accept(board: Box<Board>, listener: &TcpListener) -> Firmware<TcpStream> {
    let (link, _) = listener.accept().expect("a host");
    let mut firmware = Firmware::of(board, link, Manners::Ip);
    firmware.wait_for_start().expect("START");
    firmware
}

/// What `leakscope report` says of the file in this folder.
fn report(folder: &TempDir, arguments: &[&str]) -> String {
    let report = leakscope(["report", FILE]).on(arguments);
    report.in_folder(folder.path()).stdout()
}
