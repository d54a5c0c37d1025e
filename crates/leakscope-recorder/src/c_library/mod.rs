//! A recorder for programs without Rust: what is in the static library beside the C interface.
//!
//! ```text
//! LEAKSCOPE_DEPTH=10 cargo rustc -p leakscope-recorder --release --features c-library \
//!     --crate-type staticlib --target thumbv7m-none-eabi
//! ```
//!
//! It holds both modes, and C chooses when the program runs: `leakscope_start` or
//! `leakscope_records_start`. The environment, at build time, sets the sizes: `LEAKSCOPE_DEPTH` (of call
//! stacks, 16 if not set), `LEAKSCOPE_STACKS` (that are remembered, 256) and `LEAKSCOPE_BYTES` (of the buffer, 4096). With
//! the feature `c-esp-idf` it speaks ESP-IDF's dialect.
//!
//! The library brings a lock for chips with one core, which switches off all interrupts
//! (`lock.rs`).

mod lock;
pub mod records;
pub mod stream;

use core::sync::atomic::{AtomicBool, Ordering};

use leakscope_systemview::Level;

use crate::event::{Block, Recorder, SystemEvent, Task};
use crate::stack::Origin;

crate::global_recorder!(RECORDER);

static RECORDER: Either = Either {
    is_standalone: AtomicBool::new(false),
};

/// The stream or the record buffer, whichever was started last.
struct Either {
    is_standalone: AtomicBool,
}

impl Either {
    #[inline]
    fn is_standalone(&self) -> bool {
        self.is_standalone.load(Ordering::Relaxed)
    }
}

impl Recorder for Either {
    #[inline]
    fn alloc(&self, block: Block, origin: Origin<'_>) {
        if self.is_standalone() {
            records::alloc(block, origin);
        } else {
            stream::STREAM.alloc(block, origin);
        }
    }

    #[inline]
    fn free(&self, block: Block, origin: Origin<'_>) {
        if self.is_standalone() {
            records::free(block, origin);
        } else {
            stream::STREAM.free(block, origin);
        }
    }

    #[inline]
    fn realloc_begins(&self, from: Block, origin: Origin<'_>) {
        if self.is_standalone() {
            records::realloc_begins(from, origin);
        } else {
            stream::STREAM.realloc_begins(from, origin);
        }
    }

    #[inline]
    fn realloc(&self, from: Block, to: Block, origin: Origin<'_>) {
        if self.is_standalone() {
            records::realloc(from, to, origin);
        } else {
            stream::STREAM.realloc(from, to, origin);
        }
    }

    fn realloc_failed(&self, from: Block, size: usize, origin: Origin<'_>) {
        if self.is_standalone() {
            records::RECORDS.realloc_failed(from, size, origin);
        } else {
            stream::STREAM.realloc_failed(from, size, origin);
        }
    }

    fn failed(&self, size: usize, origin: Origin<'_>) {
        if self.is_standalone() {
            records::RECORDS.failed(size, origin);
        } else {
            stream::STREAM.failed(size, origin);
        }
    }

    fn event(&self, event: SystemEvent) {
        stream::STREAM.event(event);
    }

    fn task(&self, task: &Task<'_>) {
        stream::STREAM.task(task);
    }

    fn name_marker(&self, marker: u32, name: &[u8]) {
        stream::STREAM.name_marker(marker, name);
    }

    fn print(&self, level: Level, text: &[u8]) {
        stream::STREAM.print(level, text);
    }

    fn print_format(&self, level: Level, format: &[u8], arguments: &[u32]) {
        stream::STREAM.print_format(level, format, arguments);
    }
}

/// A number from the environment at build time.
const fn number(text: Option<&str>, otherwise: usize) -> usize {
    let Some(text) = text else {
        return otherwise;
    };
    let mut value = 0;
    let mut digits = text.as_bytes();
    while let [digit, rest @ ..] = digits {
        assert!(digit.is_ascii_digit(), "LEAKSCOPE_… must be a number");
        value = value * 10 + (*digit - b'0') as usize;
        digits = rest;
    }
    value
}

const DEPTH: usize = number(option_env!("LEAKSCOPE_DEPTH"), 16);
const STACKS: usize = number(option_env!("LEAKSCOPE_STACKS"), 256);
const BYTES: usize = number(option_env!("LEAKSCOPE_BYTES"), 4096);

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
