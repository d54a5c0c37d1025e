//! The recorder of the demo, in the mode that was asked for.

use std::fmt::Write;
use std::io::PipeWriter;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::platform::Clock;
use leakscope_recorder::sink::host::Output;
use leakscope_recorder::stack::Origin;
use leakscope_recorder::standalone::{self, RecordBuffer, Slots};
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Block, Level, Recorder, SystemEvent, Task};

use super::{heap, stack};

/// The depth of call stacks.
const DEPTH: usize = 8;
/// The buffer of the streamed mode, in bytes: what has to last from one idle moment to the next.
const BUFFER: usize = 8 * 1024;
/// The records of the standalone mode.
const RECORDS: usize = 600;

static STREAM: Stream<Leakscope<DEPTH>, DemoClock, BUFFER> = Stream::new();
static RECORD_BUFFER: RecordBuffer<'static, DEPTH, DemoClock> = RecordBuffer::new(DemoClock);
static SLOTS: Slots<DEPTH, RECORDS> = Slots::new();

/// The demo's time in microseconds.
static TIME: AtomicU32 = AtomicU32::new(0);

/// What was set up.
static MODE: OnceLock<Mode> = OnceLock::new();

static RECORDER: DemoRecorder = DemoRecorder;
leakscope_recorder::global_recorder!(RECORDER);

/// How the recorder works.
enum Mode {
    /// Packets, into this pipe whenever the program is idle.
    Streamed(Mutex<Option<PipeWriter>>),
    /// Records, and a console for messages and the dump.
    Standalone(Mutex<String>),
}

/// Packets into `pipe`, until recording ends.
pub(crate) fn stream_into(pipe: PipeWriter) {
    let config = Config::new("leakscope demo")
        .device(std::env::consts::ARCH)
        .operating_system("threads")
        .heap(0, heap::SIZE);
    STREAM.init(DemoClock, config);
    let _ = MODE.set(Mode::Streamed(Mutex::new(Some(pipe))));
}

/// Records in memory, and what [`console`] returns is what it printed.
pub(crate) fn keep_records() {
    if let Some(slots) = SLOTS.take() {
        // Fails only while it records, or with no slots.
        let _ = RECORD_BUFFER.init(slots);
    }
    let _ = MODE.set(Mode::Standalone(Mutex::default()));
}

/// Begins to record.
#[inline(never)]
pub(super) fn heap_trace_start() {
    match MODE.get() {
        Some(Mode::Streamed(_)) => STREAM.start(),
        Some(Mode::Standalone(_)) => {
            let _ = RECORD_BUFFER.start(standalone::Mode::All);
        }
        None => {}
    }
}

/// Ends recording, and closes the pipe.
#[inline(never)]
pub(super) fn heap_trace_stop() {
    match MODE.get() {
        Some(Mode::Streamed(pipe)) => {
            STREAM.stop();
            send();
            pipe.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
        Some(Mode::Standalone(_)) => {
            let _ = RECORD_BUFFER.stop();
        }
        None => {}
    }
}

/// There is nothing else to do: time to send what was recorded. A reader that went away is no reason to
/// stop; the buffer then overflows.
pub(super) fn send() {
    if let Some(Mode::Streamed(pipe)) = MODE.get() {
        let mut pipe = pipe.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = &mut *pipe {
            let _ = STREAM.drain(0, &mut Output(pipe));
        }
    }
}

/// The console's text, with the dump at its end; empty in the streamed mode.
pub(crate) fn console() -> String {
    let Some(Mode::Standalone(console)) = MODE.get() else {
        return String::new();
    };
    let mut console = console.lock().unwrap_or_else(PoisonError::into_inner);
    // A string takes all.
    let _ = RECORD_BUFFER.dump(&mut *console);
    std::mem::take(&mut *console)
}

/// The time in microseconds.
pub(super) fn now() -> u32 {
    TIME.load(Ordering::Relaxed)
}

/// Time passes, with nothing done in it.
pub(super) fn advance_to(time: u32) {
    TIME.fetch_max(time, Ordering::Relaxed);
}

/// A clock that runs while something is done: each look at it takes a microsecond.
#[derive(Debug)]
struct DemoClock;

impl Clock for DemoClock {
    fn now(&self) -> u32 {
        TIME.fetch_add(1, Ordering::Relaxed)
    }

    fn hz(&self) -> u32 {
        1_000_000
    }
}

/// Hands everything to the recorder in use, with the call stack that was walked.
struct DemoRecorder;

impl DemoRecorder {
    fn with(tell: impl FnOnce(&dyn Recorder, Origin<'_>)) {
        stack::with_last(|frames| match MODE.get() {
            Some(Mode::Streamed(_)) => tell(&STREAM, Origin::Frames(frames)),
            Some(Mode::Standalone(_)) => tell(&RECORD_BUFFER, Origin::Frames(frames)),
            None => {}
        });
    }
}

/// The block as the recording has it.
fn recorded(block: Block) -> Block {
    Block {
        address: heap::recorded_address(block.address),
        ..block
    }
}

impl Recorder for DemoRecorder {
    fn alloc(&self, block: Block, _: Origin<'_>) {
        Self::with(|recorder, stack| recorder.alloc(recorded(block), stack));
    }

    fn free(&self, block: Block, _: Origin<'_>) {
        Self::with(|recorder, stack| recorder.free(recorded(block), stack));
    }

    fn realloc_begins(&self, from: Block, _: Origin<'_>) {
        Self::with(|recorder, stack| recorder.realloc_begins(recorded(from), stack));
    }

    fn realloc(&self, from: Block, to: Block, _: Origin<'_>) {
        Self::with(|recorder, stack| recorder.realloc(recorded(from), recorded(to), stack));
    }

    fn realloc_failed(&self, from: Block, size: usize, _: Origin<'_>) {
        Self::with(|recorder, stack| recorder.realloc_failed(recorded(from), size, stack));
    }

    fn failed(&self, size: usize, _: Origin<'_>) {
        Self::with(|recorder, stack| recorder.failed(size, stack));
    }

    fn event(&self, event: SystemEvent) {
        Self::with(|recorder, _| recorder.event(event));
    }

    fn task(&self, task: &Task<'_>) {
        Self::with(|recorder, _| recorder.task(task));
    }

    fn print(&self, level: Level, text: &[u8]) {
        if let Some(Mode::Standalone(console)) = MODE.get() {
            let letter = match level {
                Level::Error => 'E',
                Level::Warning => 'W',
                Level::Log => 'I',
            };
            let mut console = console.lock().unwrap_or_else(PoisonError::into_inner);
            let text = String::from_utf8_lossy(text);
            // A string takes all.
            let _ = writeln!(console, "{letter} ({}) {text}", now() / 1000);
        }
        Self::with(|recorder, _| recorder.print(level, text));
    }
}
