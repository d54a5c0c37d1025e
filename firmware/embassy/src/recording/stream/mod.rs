//! Host-based mode: every event is sent.
//!
//! A sink is a module with the functions `open`, `begin` (the recording), `poll` and `close`, and `WHEN_FULL`: what
//! happens to an event that finds the buffer full.

#[cfg(feature = "apptrace")]
#[path = "apptrace.rs"]
mod sink;
#[cfg(feature = "rtt")]
#[path = "rtt.rs"]
mod sink;
#[cfg(feature = "semihosting")]
#[path = "semihosting.rs"]
mod sink;
#[cfg(feature = "uart")]
#[path = "uart.rs"]
mod sink;

use leakscope_recorder::stream::{Config, Stream, WhenFull};

use crate::board;
use crate::fault::Fault;

#[cfg(not(any(feature = "esp-idf", feature = "scan")))]
type Dialect = leakscope_recorder::dialect::Leakscope<10>;
#[cfg(feature = "scan")]
type Dialect = leakscope_recorder::dialect::Leakscope<16, 256>;
#[cfg(feature = "esp-idf")]
type Dialect = leakscope_recorder::dialect::EspIdf<10>;

/// A whole recording has room where it is fetched through JTAG: a program that waits for that has times of its own.
const BUFFER: usize = if cfg!(all(feature = "esp32c3", feature = "rtt")) {
    64 * 1024
} else {
    8 * 1024
};

/// (recorder) 3. The recorder. The symbol is what debug probes look for, and matters to RTT only.
#[unsafe(export_name = "_SEGGER_RTT")]
static RECORDER: Stream<Dialect, board::Clock, BUFFER> = Stream::new();
leakscope_recorder::global_recorder!(RECORDER);

pub fn init(fault: Fault) {
    let config = Config::new("embassy-example")
        .device(board::NAME)
        .core(board::CORE)
        .operating_system("embassy")
        .descriptions(&[board::TICK_INTERRUPT])
        .ids(board::RAM.start, 2)
        .heap(crate::heap_base(), crate::HEAP_SIZE)
        .code(board::CODE)
        // Where stacks are scanned: the frame of `main` alone, which all tasks are inlined into, takes 148.
        .words(256)
        .when_full(match fault {
            Fault::Burst => WhenFull::Drop,
            _ => sink::WHEN_FULL,
        });
    sink::open();
    RECORDER.init(board::clock(), config);
    super::init_logger();
}

#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn heap_trace_start() {
    sink::begin();
}

#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn heap_trace_stop() {
    RECORDER.stop();
}

pub fn attend() {
    sink::poll();
}

pub fn finish() {
    sink::poll();
    sink::close();
}
