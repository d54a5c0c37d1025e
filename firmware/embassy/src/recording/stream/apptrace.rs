//! Espressif's OpenOCD: `esp sysview start`.

use leakscope_recorder::sink::apptrace::Apptrace;
use leakscope_recorder::stream::WhenFull;

use super::RECORDER;
use crate::board;

/// As large as those of ESP-IDF.
static APPTRACE: Apptrace<16384> = Apptrace::new();

/// The program waits for OpenOCD: nothing is lost.
pub(super) const WHEN_FULL: WhenFull = WhenFull::Write(write);

/// Tells OpenOCD where to look.
pub(super) fn open() {
    if board::has_debugger() {
        APPTRACE.announce();
    }
}

/// Waits until OpenOCD says START, as ESP-IDF's `heap_trace_start` does: a recording has its beginning only if
/// somebody hears it.
pub(super) fn begin() {
    while !RECORDER.is_recording() {
        poll();
        board::wait_for_interrupt();
    }
}

fn write(bytes: &[u8]) -> usize {
    APPTRACE.write(bytes)
}

pub(super) fn poll() {
    APPTRACE.poll(|commands| RECORDER.receive(commands));
    let Ok(_) = RECORDER.drain(0, &mut &APPTRACE);
}

pub(super) fn close() {}
