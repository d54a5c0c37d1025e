//! What a stream has to be told.

use core::ops::Range;
use core::sync::atomic::AtomicUsize;

use crate::filter::Filter;
use crate::stack::Limits;

/// A stream's settings: all constant, each with a sensible value if left alone.
///
/// ```
/// use leakscope_recorder::stream::{Config, WhenFull};
/// const CONFIG: Config = Config::new("doorbell")
///     .device("STM32F407")
///     .core("Cortex-M4")
///     .operating_system("embassy")
///     .heap(0x2000_8000, 32 * 1024)
///     .when_full(WhenFull::Drop);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Config {
    pub(crate) application: &'static str,
    pub(crate) device: &'static str,
    pub(crate) core: &'static str,
    pub(crate) operating_system: &'static str,
    pub(crate) descriptions: &'static [&'static str],
    pub(crate) cpu_hz: u32,
    pub(crate) ram_base: usize,
    pub(crate) id_shift: u8,
    pub(crate) heap_base: usize,
    pub(crate) heap_size: usize,
    pub(crate) heap_is_scattered: bool,
    pub(crate) heap_shift: u8,
    pub(crate) limits: Limits,
    pub(crate) when_full: WhenFull,
    pub(crate) microseconds: Option<fn() -> u64>,
    pub(crate) filter: Filter,
}

/// What happens to an event for which the buffer has no room.
#[derive(Clone, Copy, Debug)]
pub enum WhenFull {
    /// It is dropped and counted.
    Drop,
    /// The caller spins until a reader has made room. The reader must be a debug probe, another core, or
    /// a thread that the operating system runs meanwhile, and the caller must hold no critical section:
    /// anything else is a deadlock.
    Wait,
    /// The recorder itself hands bytes to this function until there is room (semihosting, a polled
    /// UART). It returns how many it took, and is called outside the critical section, so that
    /// interrupts go on; an event that comes in meanwhile and finds no room is dropped and counted. So is the event at
    /// hand if it took none (a socket that was closed, a disk that is full).
    Write(fn(&[u8]) -> usize),
}

impl Config {
    /// The settings for a program of this name.
    pub const fn new(application: &'static str) -> Self {
        Self {
            application,
            device: "",
            core: "",
            operating_system: "",
            descriptions: &[],
            cpu_hz: 0,
            ram_base: 0,
            id_shift: 0,
            heap_base: 0,
            heap_size: 0,
            heap_is_scattered: false,
            heap_shift: 2,
            limits: Limits::PLATFORM,
            when_full: WhenFull::Drop,
            microseconds: None,
            filter: Filter::NONE,
        }
    }

    /// The device's name (`D=`).
    pub const fn device(mut self, name: &'static str) -> Self {
        self.device = name;
        self
    }

    /// The processor's name (`C=`).
    pub const fn core(mut self, name: &'static str) -> Self {
        self.core = name;
        self
    }

    /// The operating system's name (`O=`), by which SystemView chooses its description file.
    pub const fn operating_system(mut self, name: &'static str) -> Self {
        self.operating_system = name;
        self
    }

    /// More texts of `SYSDESC`, such as `I#15=SysTick`: each at most 128 bytes.
    pub const fn descriptions(mut self, texts: &'static [&'static str]) -> Self {
        self.descriptions = texts;
        self
    }

    /// The CPU's frequency, where it is not the clock's.
    pub const fn cpu_hz(mut self, hz: u32) -> Self {
        self.cpu_hz = hz;
        self
    }

    /// What is subtracted from the ids of tasks and timers, and by how many bits they are shifted right:
    /// the start of RAM, and 2 where control blocks are aligned to words.
    ///
    /// # Panics
    /// If `shift` is above 31: when the program is compiled, in a constant.
    pub const fn ids(mut self, ram_base: usize, shift: u8) -> Self {
        assert!(shift < 32, "ids are shifted by at most 31 bits");
        self.ram_base = ram_base;
        self.id_shift = shift;
        self
    }

    /// Where the heap begins, and how many bytes it has (0: not known). Events then carry short
    /// offsets; blocks elsewhere are recorded too, in more bytes.
    pub const fn heap(mut self, base: usize, size: usize) -> Self {
        self.heap_base = base;
        self.heap_size = size;
        self.heap_is_scattered = false;
        self
    }

    /// As [`heap`](Self::heap), of one that lies in several regions with `size` bytes in all, the lowest of them not
    /// below `base`: a host knows how much there is, and makes up no map of it.
    pub const fn scattered_heap(self, base: usize, size: usize) -> Self {
        let mut config = self.heap(base, size);
        config.heap_is_scattered = true;
        config
    }

    /// How many low bits are zero in almost all of the heap's addresses: 2 if nothing is said.
    ///
    /// # Panics
    /// If `bits` is above 31: when the program is compiled, in a constant.
    pub const fn heap_alignment(mut self, bits: u8) -> Self {
        assert!(bits < 32, "addresses are turned by at most 31 bits");
        self.heap_shift = bits;
        self
    }

    /// The range of code whose frames are recorded.
    pub const fn code(mut self, range: Range<usize>) -> Self {
        self.limits.code = range;
        self
    }

    /// The memory in which stacks lie; see [`Limits::ram`].
    pub const fn ram(mut self, range: Range<usize>) -> Self {
        self.limits.ram = range;
        self
    }

    /// How many words of a stack are looked at where it is scanned: [`Limits::words`].
    ///
    /// # Panics
    /// If these are more than 16,383: when the program is compiled, in a constant.
    pub const fn words(mut self, words: u16) -> Self {
        assert!(
            words < 1 << 14,
            "no more than 16383 words of a stack are scanned"
        );
        self.limits.words = words;
        self
    }

    /// Where the end of the running task's stack is kept: [`Limits::stack_end`].
    pub const fn stack_end(mut self, kept: &'static AtomicUsize) -> Self {
        self.limits.stack_end = Some(kept);
        self
    }

    /// What happens when the buffer is full.
    pub const fn when_full(mut self, what: WhenFull) -> Self {
        self.when_full = what;
        self
    }

    /// The operating system's time in microseconds. Without it the clock's ticks are sent.
    pub const fn microseconds(mut self, time: fn() -> u64) -> Self {
        self.microseconds = Some(time);
        self
    }

    /// Which blocks are recorded, for links that are too slow for all.
    pub const fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// What frames are relative to.
    pub(crate) const fn code_base(&self) -> usize {
        if self.limits.code.start == Limits::PLATFORM.code.start {
            0
        } else {
            self.limits.code.start
        }
    }

    /// The same of a task that may be none: 0.
    pub(crate) const fn shrink_task(&self, task: usize) -> u32 {
        if task == 0 { 0 } else { self.shrink(task) }
    }

    /// The id on the wire of the task, timer or resource at `address`.
    #[inline]
    pub(crate) const fn shrink(&self, address: usize) -> u32 {
        (address.wrapping_sub(self.ram_base) as u32) >> (self.id_shift & 31)
    }
}
