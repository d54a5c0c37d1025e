//! A serial line.

use core::cell::Cell;

use critical_section::Mutex;
use leakscope_recorder::sink::uart::Handshake;
use leakscope_recorder::stream::WhenFull;

use super::RECORDER;
use crate::board::uart;

/// The program waits for the serial line: nothing is lost.
pub(super) const WHEN_FULL: WhenFull = WhenFull::Write(write);

static HANDSHAKE: Mutex<Cell<Handshake>> = Mutex::new(Cell::new(Handshake::new()));

/// Opens the port, and waits for the host's hello: a recording has its beginning only if somebody hears it.
pub(super) fn open() {
    uart::init();
    while !receive() {}
}

pub(super) fn begin() {
    RECORDER.start();
}

/// Takes what the host has sent; whether it was a whole hello.
fn receive() -> bool {
    while let Some(byte) = uart::receive() {
        let answer = critical_section::with(|section| {
            let state = HANDSHAKE.borrow(section);
            let mut handshake = state.get();
            let answer = handshake.push(byte);
            state.set(handshake);
            answer
        });
        match answer {
            None => {}
            Some(Ok(command)) => RECORDER.receive(&[command]),
            Some(Err(hello)) => {
                write(&hello);
                return true;
            }
        }
    }
    false
}

fn write(bytes: &[u8]) -> usize {
    bytes.iter().for_each(|&byte| uart::send(byte));
    bytes.len()
}

pub(super) fn poll() {
    receive();
    let Ok(_) = RECORDER.drain(0, &mut write);
}

pub(super) fn close() {
    uart::flush();
}
