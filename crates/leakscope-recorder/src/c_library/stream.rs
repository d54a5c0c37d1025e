//! Host-based mode for C.

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char};
use core::sync::atomic::Ordering;

use super::{BYTES, DEPTH, RECORDER, STACKS};
use crate::c_abi::STACK_END;
use crate::platform::Clock;
use crate::stack::{Limits, Ranges};
use crate::stream::{Config, Stream, WhenFull};

#[cfg(not(feature = "c-esp-idf"))]
type HeapDialect = crate::dialect::Leakscope<DEPTH, STACKS>;
#[cfg(feature = "c-esp-idf")]
type HeapDialect = crate::dialect::EspIdf<DEPTH>;

/// The stream that a C program records to; its first bytes are the RTT control block.
#[unsafe(export_name = "_SEGGER_RTT")]
pub(super) static STREAM: Stream<HeapDialect, CClock, BYTES> = Stream::new();

/// The clock that C sets in `struct leakscope_config`.
#[derive(Debug)]
pub(super) struct CClock {
    now: extern "C" fn() -> u32,
    hz: u32,
}

impl Clock for CClock {
    #[inline]
    fn now(&self) -> u32 {
        (self.now)()
    }

    fn hz(&self) -> u32 {
        self.hz
    }
}

extern "C" fn no_clock() -> u32 {
    0
}

static SHARED: Shared = Shared(UnsafeCell::new(Given {
    clock: no_clock,
    write: None,
    microseconds: None,
    ranges: Ranges::new(Limits::PLATFORM),
}));

struct Shared(UnsafeCell<Given>);

// SAFETY: written by `leakscope_init` only, before anything else.
unsafe impl Sync for Shared {}

/// What C has given: functions to be called from Rust's, and where stacks are walked.
struct Given {
    clock: extern "C" fn() -> u32,
    write: Option<extern "C" fn(*const u8, usize) -> usize>,
    microseconds: Option<extern "C" fn() -> u64>,
    ranges: Ranges,
}

fn given() -> &'static Given {
    // SAFETY: `leakscope_init`, the only writer, comes first.
    unsafe { &*SHARED.0.get() }
}

pub(super) fn clock() -> u32 {
    (given().clock)()
}

pub(super) fn ranges() -> &'static Ranges {
    &given().ranges
}

fn write(bytes: &[u8]) -> usize {
    let write = given().write;
    write.map_or(bytes.len(), |write| write(bytes.as_ptr(), bytes.len()))
}

fn microseconds() -> u64 {
    given().microseconds.map_or(0, |time| time())
}

/// `struct leakscope_config` of the header.
#[repr(C)]
#[allow(
    missing_docs,
    missing_debug_implementations,
    reason = "the header says it"
)]
pub struct CConfig {
    application: *const c_char,
    device: *const c_char,
    core: *const c_char,
    operating_system: *const c_char,
    clock: Option<extern "C" fn() -> u32>,
    clock_hz: u32,
    cpu_hz: u32,
    microseconds: Option<extern "C" fn() -> u64>,
    write_when_full: Option<extern "C" fn(*const u8, usize) -> usize>,
    wait_when_full: bool,
    ram_base: usize,
    id_shift: u8,
    heap_base: usize,
    heap_size: usize,
    heap_alignment_bits: u8,
    code_start: usize,
    code_end: usize,
    stacks_start: usize,
    stacks_end: usize,
    scan_words: u16,
}

/// Sets everything; must be called before anything else, and once.
///
/// # Safety
/// `config` points to a valid structure, whose strings live for ever, and nothing else of this library is
/// in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn leakscope_init(config: *const CConfig) {
    // SAFETY: promised by the caller.
    let c = unsafe { &*config };
    // SAFETY: promised by the caller.
    let text = |string| unsafe { text(string) };
    let mut config = Config::new(text(c.application))
        .device(text(c.device))
        .core(text(c.core))
        .operating_system(text(c.operating_system))
        .cpu_hz(c.cpu_hz)
        .ids(c.ram_base, c.id_shift & 31)
        .heap(c.heap_base, c.heap_size)
        .heap_alignment(c.heap_alignment_bits & 31)
        .stack_end(&STACK_END)
        .when_full(match (c.write_when_full, c.wait_when_full) {
            (Some(_), _) => WhenFull::Write(write),
            (None, true) => WhenFull::Wait,
            (None, false) => WhenFull::Drop,
        });
    if c.code_end != 0 {
        config = config.code(c.code_start..c.code_end);
    }
    if c.stacks_end != 0 {
        config = config.ram(c.stacks_start..c.stacks_end);
    }
    if c.scan_words != 0 {
        config = config.words(c.scan_words.min((1 << 14) - 1));
    }
    if c.microseconds.is_some() {
        config = config.microseconds(microseconds);
    }
    let clock = c.clock.unwrap_or(no_clock);
    // SAFETY: nobody else is here yet, as promised.
    unsafe {
        *SHARED.0.get() = Given {
            clock,
            write: c.write_when_full,
            microseconds: c.microseconds,
            ranges: Ranges::new(config.limits.clone()),
        };
    }
    let hz = c.clock_hz;
    STREAM.init(CClock { now: clock, hz }, config);
}

/// # Safety
/// `string` is NULL or a string that lives for ever.
unsafe fn text(string: *const c_char) -> &'static str {
    if string.is_null() {
        return "";
    }
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(string) }.to_str().unwrap_or("")
}

/// Begins to stream, or begins anew.
#[unsafe(no_mangle)]
pub extern "C" fn leakscope_start() {
    RECORDER.is_standalone.store(false, Ordering::Relaxed);
    STREAM.start();
}

/// Stops streaming.
#[unsafe(no_mangle)]
pub extern "C" fn leakscope_stop() {
    STREAM.stop();
}

/// Answers the host's commands where there are times without events.
#[unsafe(no_mangle)]
pub extern "C" fn leakscope_poll() {
    STREAM.poll();
}

/// Takes bytes that came from the host by another way than RTT.
///
/// # Safety
/// `bytes` points to `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn leakscope_receive(bytes: *const u8, length: usize) {
    if length > 0 {
        // SAFETY: promised by the caller.
        STREAM.receive(unsafe { core::slice::from_raw_parts(bytes, length) });
    }
}

/// Hands what is in the buffer to `write`, which returns how many bytes it took; returns how many went
/// out in all.
#[unsafe(no_mangle)]
pub extern "C" fn leakscope_drain(write: extern "C" fn(*const u8, usize) -> usize) -> usize {
    let Ok(count) = STREAM.drain(0, &mut |bytes: &[u8]| write(bytes.as_ptr(), bytes.len()));
    count
}
