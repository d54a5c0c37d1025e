//! Whether `leakscope record` keeps up: with a device on this computer that sends as fast as it can, and with
//! one that sends 20 MB a second and cannot wait.
//!
//! `cargo bench -p leakscope --bench record`. It prints what it has measured, and fails if a byte is missing.
#![allow(clippy::print_stdout, reason = "a bench prints what it has measured")]

use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::platform::Clock;
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Block, Recorder};

/// How much is sent, in bytes.
const SIZE: usize = 200 << 20;
/// How much a device sends that cannot wait, in bytes a second.
const RATE: usize = 20_000_000;

fn main() {
    let trace = trace(SIZE);
    let megabytes = trace.len() as f64 / 1e6;

    let began = Instant::now();
    record(&trace, |link, trace| {
        link.write_all(trace).expect("a host that reads");
    });
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "as fast as it can:  {megabytes:.0} MB in {seconds:.2} s, {:.0} MB/s, the report included",
        megabytes / seconds
    );

    let mut longest = Duration::ZERO;
    record(&trace, |link, trace| longest = send_paced(link, trace));
    println!(
        "at {} MB/s:         {megabytes:.0} MB, no write was held up for longer than {:.2} ms",
        RATE / 1_000_000,
        longest.as_secs_f64() * 1e3
    );
}

/// Sends a little every millisecond; the longest time that the link did not take it.
fn send_paced(link: &mut TcpStream, trace: &[u8]) -> Duration {
    let began = Instant::now();
    let mut longest = Duration::ZERO;
    for (chunk, due) in trace.chunks(RATE / 1000).zip(0..) {
        let due = Duration::from_millis(due);
        thread::sleep(due.saturating_sub(began.elapsed()));
        let before = Instant::now();
        link.write_all(chunk).expect("a host that reads");
        longest = longest.max(before.elapsed());
    }
    longest
}

/// Records what `send` sends of `trace`, and looks whether the file has it all.
fn record(trace: &[u8], send: impl FnOnce(&mut TcpStream, &[u8])) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("heap.svdat");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let mut child = Command::new(env!("CARGO_BIN_EXE_leakscope"))
        .args(["record", "--tcp", &address, "-o"])
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command was built");
    let (mut link, _) = listener.accept().expect("a host");
    send(&mut link, trace);
    // A link that is dropped with unread bytes in it takes those along that are still under way.
    link.shutdown(Shutdown::Write).expect("a socket");
    std::io::copy(&mut link, &mut std::io::sink()).expect("a host that ends");
    drop(listener);
    assert!(child.wait().expect("an end").success());
    let saved = std::fs::read(&file).expect("the file");
    assert!(saved.ends_with(trace), "bytes are missing");
}

/// A trace of about so many bytes: blocks come and go at 64 call sites, and one in a thousand stays.
fn trace(size: usize) -> Vec<u8> {
    let stream: Box<Stream<Leakscope<8>, Counter, { 256 * 1024 }>> = Box::new(Stream::new());
    stream.init(Counter::default(), Config::new("bench"));
    stream.start();
    let mut trace = Vec::with_capacity(size + (1 << 20));
    let mut round = 0;
    while trace.len() < size {
        for _ in 0..1000 {
            let site = round % 64;
            let frames = [0x0800_1001 + site * 16, 0x0800_8001, 0x0800_9001];
            let block = Block {
                address: 0x2000_0000 + (round % 4096) * 64,
                size: 16 + site,
            };
            stream.alloc(block, Origin::Frames(&frames));
            if round % 1000 != 0 {
                stream.free(block, Origin::Frames(&frames));
            }
            round += 1;
        }
        drain(&stream, &mut trace);
    }
    stream.stop();
    drain(&stream, &mut trace);
    trace
}

fn drain<C: Clock>(stream: &Stream<Leakscope<8>, C, { 256 * 1024 }>, trace: &mut Vec<u8>) {
    let Ok(_) = stream.drain(0, &mut |part: &[u8]| {
        trace.extend_from_slice(part);
        part.len()
    });
}

/// A clock that ticks each time it is read.
#[derive(Debug, Default)]
struct Counter(std::sync::atomic::AtomicU32);

impl Clock for Counter {
    fn now(&self) -> u32 {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }

    fn hz(&self) -> u32 {
        1_000_000
    }
}
