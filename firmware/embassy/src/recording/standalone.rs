//! Standalone mode: records in a buffer, printed at the end to `console.log` on the emulator's computer.

use core::fmt::Write;

use leakscope_recorder::sink::ByteSink;
use leakscope_recorder::sink::semihosting::File;
use leakscope_recorder::stack::Limits;
use leakscope_recorder::standalone::{Mode, RecordBuffer, Slots};

use crate::board;
use crate::fault::Fault;

const DEPTH: usize = 10;

static SLOTS: Slots<DEPTH, 400> = Slots::new();
/// (recorder) 3. The recorder.
static RECORDER: RecordBuffer<'static, DEPTH, board::Clock> = RecordBuffer::new(board::clock())
    .limits(Limits {
        code: board::CODE,
        ram: board::RAM,
        ..Limits::PLATFORM
    });
leakscope_recorder::global_recorder!(RECORDER);

pub fn init(_: Fault) {
    let slots = SLOTS.take().expect("taken here only");
    RECORDER.init(slots).expect("it does not run yet");
    super::init_logger();
}

#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn heap_trace_start() {
    RECORDER.start(Mode::All).expect("it has a buffer");
}

#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn heap_trace_stop() {
    RECORDER.stop().expect("it was started");
}

pub fn attend() {}

pub fn finish() {
    let file = File::create(c"console.log").expect("the emulator makes the file");
    RECORDER
        .dump(&mut Console(file))
        .expect("the emulator writes");
}

struct Console(File);

impl Write for Console {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let mut bytes = text.as_bytes();
        while !bytes.is_empty() {
            let taken = self.0.write(bytes).map_err(|_| core::fmt::Error)?;
            bytes = &bytes[taken..];
        }
        Ok(())
    }
}
