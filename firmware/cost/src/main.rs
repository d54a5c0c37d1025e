//! How many instructions an event of the heap takes, through the Rust interface: `on_alloc` and `on_free` of a recorder
//! with call stacks of `LEAKSCOPE_DEPTH` frames. (`cost.c` is the same through the C interface.)
//!
//! QEMU's time is made of instructions (`-icount shift=10`: each takes 1024 ns), and the board's counter is read
//! before and after: that is exact to the instruction. What calling an empty function takes is subtracted. Of
//! many events the usual count is printed, in which the packet does not wrap around in the buffer.
#![no_std]
#![no_main]

mod count;

use core::hint::black_box;

// Its critical section.
use cortex_m as _;
use cortex_m_rt::entry;
use leakscope_recorder::platform::FunctionClock;
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{
    Block, Level, Recorder, SystemEvent, Task, on_alloc, on_free, on_realloc, on_realloc_begin,
    recorder,
};
use semihosting::println;

use count::{Counts, instructions};

const DEPTH: usize = number(env!("LEAKSCOPE_DEPTH"));

#[cfg(not(feature = "esp-idf"))]
type Dialect = leakscope_recorder::dialect::Leakscope<DEPTH>;
#[cfg(feature = "esp-idf")]
type Dialect = leakscope_recorder::dialect::EspIdf<DEPTH>;

static RECORDER: Stream<Dialect, FunctionClock, 4096> = Stream::new();
leakscope_recorder::global_recorder!(RECORDER);

/// A counter that stands still for 10 ms: every event comes less than 128 ticks after the one before.
const SLOW_COUNTER: *const u32 = 0x4002_8014 as *const u32;

/// Functions under whose call the stack is `DEPTH` deep, and more.
const LEVELS: usize = 12;

#[entry]
fn main() -> ! {
    let clock = FunctionClock {
        // SAFETY: a register that may be read at any time.
        now: || unsafe { SLOW_COUNTER.read_volatile() },
        hz: 100,
    };
    let config = Config::new("cost")
        .heap(0x2001_0000, 0x1_0000)
        .code(0..0x40_0000)
        .ram(0x2000_0000..0x2040_0000);
    RECORDER.init(clock, config);
    for task in 1..=TASKS {
        RECORDER.task(&Task::new(task, 1, b"a task"));
    }
    RECORDER.start();
    let nothing = usual_count(nothing);
    let count = |event| usual_count(event) - nothing;
    println!(
        "Rust, {}, depth {DEPTH}: alloc {}, free {}, realloc {}",
        if cfg!(feature = "esp-idf") {
            "ESP-IDF"
        } else {
            "leakscope"
        },
        count(alloc),
        count(free),
        count(realloc),
    );
    println!(
        "start_exec {}, stop_ready {}, isr_enter {}, isr_exit {}, print {}",
        count(start_exec),
        count(stop_ready),
        count(isr_enter),
        count(isr_exit),
        count(print),
    );
    RECORDER.stop();
    println!("stopped: alloc {}", count(alloc));
    semihosting::process::exit(0)
}

/// Tasks that a start tells of.
const TASKS: usize = 7;

/// How many instructions `event` takes most often.
fn usual_count(event: fn(usize, usize)) -> u32 {
    let mut counts = Counts::new();
    for index in 0..200 {
        let address = 0x2001_0000 + 0x400 + 8 * index;
        counts.add(call_from_below(LEVELS, event, address, 24));
        let Ok(_) = RECORDER.drain(0, &mut |bytes: &[u8]| bytes.len());
    }
    counts.usual()
}

#[inline(never)]
fn call_from_below(levels: usize, event: fn(usize, usize), address: usize, size: usize) -> u32 {
    let count = if levels > 0 {
        call_from_below(levels - 1, event, address, size)
    } else {
        instructions(|| black_box(event)(address, size))
    };
    black_box(count)
}

#[inline(never)]
fn alloc(address: usize, size: usize) {
    on_alloc(address, size, Origin::here());
}

#[inline(never)]
fn free(address: usize, size: usize) {
    on_free(address, size, Origin::here());
}

#[inline(never)]
fn realloc(address: usize, size: usize) {
    let from = Block { address, size };
    on_realloc_begin(from, size, Origin::here());
    on_realloc(from, address ^ 0x40, size, Origin::here());
}

#[inline(never)]
fn start_exec(address: usize, _: usize) {
    recorder().event(SystemEvent::TaskStartExec(address));
}

#[inline(never)]
fn stop_ready(address: usize, size: usize) {
    recorder().event(SystemEvent::TaskStopReady(address, size as u32));
}

#[inline(never)]
fn isr_enter(_: usize, size: usize) {
    recorder().event(SystemEvent::IsrEnter(size as u32));
}

#[inline(never)]
fn isr_exit(_: usize, _: usize) {
    recorder().event(SystemEvent::IsrExit);
}

#[inline(never)]
fn print(address: usize, size: usize) {
    let arguments = [address as u32, size as u32];
    recorder().print_format(Level::Log, b"block %x has %u bytes", &arguments);
}

#[inline(never)]
fn nothing(address: usize, size: usize) {
    black_box((address, size));
}

const fn number(text: &str) -> usize {
    match usize::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("LEAKSCOPE_DEPTH must be a number"),
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    semihosting::process::exit(101)
}
