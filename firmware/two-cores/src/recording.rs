//! The recorder of both cores: each streams into a file of its own on the emulator's computer.

use core::cell::RefCell;

use critical_section::Mutex;
use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::platform::FunctionClock;
use leakscope_recorder::sink::ByteSink;
use leakscope_recorder::sink::semihosting::File;
use leakscope_recorder::stream::{Config, Stream, WhenFull};

use crate::board;

const CORES: usize = 2;

static RECORDER: Stream<Leakscope<10>, FunctionClock, 4096, CORES, board::Core> = Stream::new();
leakscope_recorder::global_recorder!(RECORDER);

static FILES: Mutex<RefCell<[Option<File>; CORES]>> = Mutex::new(RefCell::new([None, None]));

/// Before either core begins.
pub fn init() {
    let files = [c"trace_core0.svdat", c"trace_core1.svdat"]
        .map(|name| Some(File::create(name).expect("the emulator makes the file")));
    critical_section::with(|section| FILES.replace(section, files));
    let config = Config::new("two-cores")
        .device("MPS2-AN521")
        .core("Cortex-M33")
        .heap(crate::heap_base(), crate::HEAP_SIZE)
        .code(board::CODE)
        .ram(board::RAM)
        .when_full(WhenFull::Write(write));
    RECORDER.init(board::clock(), config);
}

/// Writes what the running core has recorded into its file.
fn write(bytes: &[u8]) -> usize {
    critical_section::with(
        |section| match &mut FILES.borrow_ref_mut(section)[board::core()] {
            Some(file) => file.write(bytes).expect("the emulator writes"),
            None => bytes.len(),
        },
    )
}

/// On the running core.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn heap_trace_start() {
    RECORDER.start();
}

/// On the running core.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn heap_trace_stop() {
    RECORDER.stop();
}

/// Hands out what is left of the running core's recording.
pub fn finish() {
    let Ok(_) = RECORDER.drain(board::core(), &mut write);
    critical_section::with(|section| FILES.borrow_ref_mut(section)[board::core()] = None);
}
