//! What a device prints through a GDB server. Recording through one is tested with firmware.

use std::io::Write;

use leakscope_capture::gdb::packet::{Decoder, Received, encode};

use super::*;
use crate::gdbinit::program;

/// A server whose program prints two lines, in pieces and with a colour, and ends.
fn that_prints() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("a port");
    std::thread::spawn(move || {
        let (mut link, _) = listener.accept().expect("a host");
        let mut decoder = Decoder::default();
        let mut bytes = [0; 512];
        while let Ok(count @ 1..) = link.read(&mut bytes) {
            for &byte in &bytes[..count] {
                let Some(Received::Packet { payload, .. }) = decoder.push(byte) else {
                    continue;
                };
                let answers: &[&[u8]] = match payload.as_deref() {
                    Some(b"?") => &[b"S05"],
                    // "one", ESC "[31m", "\ntw", "o\n"
                    Some(b"c") => &[b"O6f6e651b5b33316d", b"O0a7477", b"O6f0a", b"W00"],
                    Some([b'm', ..]) => &[b"E01"],
                    _ => &[b""],
                };
                for answer in answers {
                    // A host that has gone hears nothing.
                    let _ = link.write_all(&encode(answer));
                }
            }
        }
    });
    address
}

#[test]
fn log_shows_what_the_device_prints() {
    let Some((_folder, elf)) = program("char _SEGGER_RTT[168];") else {
        return;
    };
    let elf = elf.to_string_lossy().into_owned();
    for (log, expected) in [(&["--log"][..], "one\ntwo\n"), (&[], "")] {
        let address = that_prints().to_string();
        let arguments = [&["--gdb", &address, "--elf", &elf], log].concat();
        let (ran, _folder) = LiveRecording::begin(&arguments).end();
        assert!(
            ran.stderr.contains("the program ended with code 0"),
            "{}",
            ran.stderr
        );
        assert_eq!(ran.stdout, expected);
    }
}
