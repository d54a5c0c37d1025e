//! The recorder that is driven: what a program may call, and what its host hears.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::platform::{Clock, CoreNumber};
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{self, Config, WhenFull};
use leakscope_recorder::{Block, Recorder, SystemEvent};

/// A recorder of two cores, through its public calls. A stack is its return addresses.
pub(crate) trait Driven: Sync {
    /// From now on this thread runs on a core.
    fn enter(&self, core: usize);
    fn start(&self);
    fn stop(&self);
    fn poll(&self);
    fn command(&self, byte: u8);
    fn alloc(&self, block: Block, stack: &[usize]);
    fn free(&self, address: usize, stack: &[usize]);
    fn realloc_begins(&self, from: usize, stack: &[usize]);
    fn realloc(&self, from: usize, to: Block, stack: &[usize]);
    fn realloc_failed(&self, from: usize, wanted: usize, stack: &[usize]);
    fn failed(&self, wanted: usize, stack: &[usize]);
    /// A marked stretch ends.
    fn event(&self, number: u32);
    /// An interrupt ends in the scheduler: two bytes.
    fn isr_exit_to_scheduler(&self);
    /// Time goes by, in ticks; one more does whenever the clock is read.
    fn pass(&self, ticks: u32);
    /// Hands a core's bytes to its host.
    fn drain(&self, core: usize);
    /// What a core's host has got.
    fn heard(&self, core: usize) -> Vec<u8>;
}

/// How the recorder is set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// It records before the contexts begin.
    pub(crate) starts: bool,
    /// Its buffer has little room left then.
    pub(crate) filled: bool,
    pub(crate) when_full: Full,
    /// By so many ticks the second core's clock is ahead.
    pub(crate) skew: u32,
}

/// What becomes of an event that finds no room.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Full {
    Drop,
    /// The buffer is written then and there.
    Write,
    /// The same, but nobody takes it.
    Refuse,
    Wait,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            starts: true,
            filled: false,
            when_full: Full::Drop,
            skew: 0,
        }
    }
}

thread_local! {
    /// On which core this context runs.
    pub(crate) static CORE: Cell<usize> = const { Cell::new(0) };
    /// Where a full buffer goes that this thread's runs write.
    pub(crate) static FILE: Cell<Option<&'static Mutex<Vec<u8>>>> = const { Cell::new(None) };
}

struct Core;

impl CoreNumber for Core {
    fn core() -> usize {
        CORE.get()
    }
}

/// Ticks whenever it is read.
struct Ticks {
    common: &'static AtomicU32,
    skew: u32,
}

impl Clock for Ticks {
    fn now(&self) -> u32 {
        let ahead = self.skew * CORE.get() as u32;
        self.common
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(ahead)
    }

    fn hz(&self) -> u32 {
        1_000_000
    }
}

/// The smallest buffer that holds a start sequence.
pub(crate) const BYTES: usize = 1024;

/// leakscope's own stream.
pub(crate) struct Stream {
    recorder: stream::Stream<Leakscope<2, 16>, Ticks, BYTES, 2, Core, 2>,
    ticks: &'static AtomicU32,
    heard: [&'static Mutex<Vec<u8>>; 2],
}

impl Stream {
    pub(crate) fn new(settings: Settings) -> Self {
        let driven = Self {
            recorder: stream::Stream::new(),
            ticks: Box::leak(Box::default()),
            heard: [(); 2].map(|()| &*Box::leak(Box::default())),
        };
        let config = Config::new("model").when_full(match settings.when_full {
            Full::Write => WhenFull::Write(write),
            Full::Refuse => WhenFull::Write(|_| 0),
            Full::Wait => WhenFull::Wait,
            Full::Drop => WhenFull::Drop,
        });
        let clock = Ticks {
            common: driven.ticks,
            skew: settings.skew,
        };
        driven.recorder.init(clock, config);
        prepare(&driven, settings);
        driven
    }
}

/// Brings a new recorder to where the contexts begin.
pub(crate) fn prepare(driven: &dyn Driven, settings: Settings) {
    if settings.starts {
        for core in [1, 0] {
            driven.enter(core);
            driven.start();
            driven.drain(core);
            // What the buffer had no room for at first.
            driven.poll();
            driven.drain(core);
        }
    }
    if settings.filled {
        // Interrupts of two bytes each, until there is hardly room for one event.
        for _ in 0..(BYTES - 240 - 300) / 2 {
            driven.isr_exit_to_scheduler();
        }
    }
}

fn write(bytes: &[u8]) -> usize {
    let file = FILE.get().expect("the context has entered");
    file.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .extend(bytes);
    bytes.len()
}

impl Driven for Stream {
    fn enter(&self, core: usize) {
        CORE.set(core);
        FILE.set(Some(self.heard[core]));
    }

    fn start(&self) {
        self.recorder.start();
    }

    fn stop(&self) {
        self.recorder.stop();
    }

    fn poll(&self) {
        self.recorder.poll();
    }

    fn command(&self, byte: u8) {
        self.recorder.receive(&[byte]);
    }

    fn alloc(&self, block: Block, stack: &[usize]) {
        self.recorder.alloc(block, Origin::Frames(stack));
    }

    fn free(&self, address: usize, stack: &[usize]) {
        self.recorder
            .free(Block { address, size: 0 }, Origin::Frames(stack));
    }

    fn realloc_begins(&self, from: usize, stack: &[usize]) {
        let from = Block {
            address: from,
            size: 0,
        };
        self.recorder.realloc_begins(from, Origin::Frames(stack));
    }

    fn realloc(&self, from: usize, to: Block, stack: &[usize]) {
        let from = Block {
            address: from,
            size: 0,
        };
        self.recorder.realloc(from, to, Origin::Frames(stack));
    }

    fn realloc_failed(&self, from: usize, wanted: usize, stack: &[usize]) {
        let from = Block {
            address: from,
            size: 0,
        };
        self.recorder
            .realloc_failed(from, wanted, Origin::Frames(stack));
    }

    fn failed(&self, wanted: usize, stack: &[usize]) {
        self.recorder.failed(wanted, Origin::Frames(stack));
    }

    fn event(&self, number: u32) {
        self.recorder.event(SystemEvent::MarkStop(number));
    }

    fn isr_exit_to_scheduler(&self) {
        self.recorder.event(SystemEvent::IsrToScheduler);
    }

    fn pass(&self, ticks: u32) {
        self.ticks.fetch_add(ticks, Ordering::Relaxed);
    }

    fn drain(&self, core: usize) {
        let Ok(_) = self.recorder.drain(core, &mut |bytes: &[u8]| {
            let mut heard = self.heard[core]
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            heard.extend_from_slice(bytes);
            bytes.len()
        });
    }

    fn heard(&self, core: usize) -> Vec<u8> {
        let heard = self.heard[core].lock();
        heard.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
