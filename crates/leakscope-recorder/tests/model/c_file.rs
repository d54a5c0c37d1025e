//! `leakscope.c`, driven: its lock and its clock are the model's.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use leakscope_recorder::Block;
use leakscope_recorder::platform::model;

use crate::New;
use crate::driven::{BYTES, CORE, Driven, FILE, Full, Settings, prepare};
use crate::library::{Config, Library, Platform};

type File = Mutex<Vec<u8>>;

thread_local! {
    /// The clock of the recorder that this thread drives.
    static TICKS: Cell<Option<&'static AtomicU32>> = const { Cell::new(None) };
    /// By how much that of the second core is ahead.
    static SKEW: Cell<u32> = const { Cell::new(0) };
    /// Where a drain's bytes go.
    static DRAINED: Cell<Option<&'static File>> = const { Cell::new(None) };
}

/// The recorder in the library, which a test has for itself.
struct CFile {
    library: Arc<Library>,
    ticks: &'static AtomicU32,
    skew: u32,
    heard: [&'static File; 2],
}

/// How such recorders are made; `None` if there is no compiler.
pub(crate) fn new() -> Option<New> {
    let test = std::thread::current();
    let test = test.name().expect("a test has a name");
    let sizes = [
        &format!("LEAKSCOPE_BUFFER_SIZE={BYTES}"),
        "LEAKSCOPE_DEPTH=2",
        "LEAKSCOPE_STACKS=16",
        "LEAKSCOPE_CORES=2",
        "LEAKSCOPE_TASKS=2",
    ];
    let library = Arc::new(Library::build(&format!("model-{test}"), &sizes)?);
    Some(Box::new(move |settings| {
        Box::new(CFile::new(Arc::clone(&library), settings))
    }))
}

impl CFile {
    fn new(library: Arc<Library>, settings: Settings) -> Self {
        library.reset(PLATFORM);
        let config = Config {
            application: c"model".as_ptr(),
            clock: Some(clock),
            clock_hz: 1_000_000,
            write_when_full: match settings.when_full {
                Full::Write => Some(write as _),
                Full::Refuse => Some(refuse as _),
                Full::Drop | Full::Wait => None,
            },
            wait_when_full: matches!(settings.when_full, Full::Wait),
            heap_alignment_bits: 2,
            // All memory: the stacks are those of the contexts' threads.
            stacks_start: 1,
            stacks_end: usize::MAX,
            ..Config::NONE
        };
        // SAFETY: the configuration is whole.
        unsafe { (library.leakscope_init)(&raw const config) };
        let driven = Self {
            library,
            ticks: Box::leak(Box::default()),
            skew: settings.skew,
            heard: [(); 2].map(|()| &*Box::leak(Box::default())),
        };
        driven.enter(0);
        prepare(&driven, settings);
        driven
    }
}

/// Calls with a stack of two frames, as C passes it on.
fn with_stack(stack: &[usize], call: impl FnOnce(usize, usize)) {
    let &[inner, outer] = stack else {
        unreachable!("the model's stacks have two frames");
    };
    // Two frames, the second of which is the last one: each is where the next one is, and where it returns to.
    let mut frames = [0, 0, 0, outer];
    frames[0] = (&raw const frames[2]).addr();
    call(inner, std::hint::black_box(&frames).as_ptr().addr());
}

extern "C" fn clock() -> u32 {
    let ticks = TICKS.get().expect("the context has entered");
    let ahead = SKEW.get() * CORE.get() as u32;
    ticks.fetch_add(1, Ordering::Relaxed).wrapping_add(ahead)
}

extern "C" fn write(bytes: *const u8, length: usize) -> usize {
    keep(FILE.get(), bytes, length)
}

extern "C" fn refuse(_: *const u8, _: usize) -> usize {
    0
}

extern "C" fn take(bytes: *const u8, length: usize) -> usize {
    keep(DRAINED.get(), bytes, length)
}

fn keep(file: Option<&'static File>, bytes: *const u8, length: usize) -> usize {
    // SAFETY: the recorder hands over that many bytes.
    let bytes = unsafe { std::slice::from_raw_parts(bytes, length) };
    let file = file.expect("the context has entered");
    file.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .extend_from_slice(bytes);
    length
}

const PLATFORM: Platform = Platform {
    lock: {
        extern "C" fn lock() {
            model::before();
        }
        lock
    },
    unlock: {
        extern "C" fn unlock() {
            model::after();
        }
        unlock
    },
    core: {
        extern "C" fn core() -> u32 {
            CORE.get() as u32
        }
        core
    },
    wait: {
        extern "C" fn wait() {
            model::wait();
        }
        wait
    },
};

// SAFETY (all): the functions are as the header declares them, and one thread at a time runs.
impl Driven for CFile {
    fn enter(&self, core: usize) {
        CORE.set(core);
        FILE.set(Some(self.heard[core]));
        TICKS.set(Some(self.ticks));
        SKEW.set(self.skew);
    }

    fn start(&self) {
        unsafe { (self.library.leakscope_start)() };
    }

    fn stop(&self) {
        unsafe { (self.library.leakscope_stop)() };
    }

    fn poll(&self) {
        unsafe { (self.library.leakscope_poll)() };
    }

    fn command(&self, byte: u8) {
        unsafe { (self.library.leakscope_receive)(&raw const byte, 1) };
    }

    fn alloc(&self, block: Block, stack: &[usize]) {
        with_stack(stack, |caller, frame| unsafe {
            (self.library.leakscope_on_alloc_from)(block.address, block.size, caller, frame);
        });
    }

    fn free(&self, address: usize, stack: &[usize]) {
        with_stack(stack, |caller, frame| unsafe {
            (self.library.leakscope_on_free_from)(address, 0, caller, frame);
        });
    }

    fn realloc_begins(&self, from: usize, stack: &[usize]) {
        with_stack(stack, |caller, frame| unsafe {
            (self.library.leakscope_on_realloc_begin_from)(from, 0, 1, caller, frame);
        });
    }

    fn realloc(&self, from: usize, to: Block, stack: &[usize]) {
        with_stack(stack, |caller, frame| unsafe {
            let Block { address, size } = to;
            (self.library.leakscope_on_realloc_from)(from, 0, address, size, caller, frame);
        });
    }

    fn realloc_failed(&self, from: usize, wanted: usize, stack: &[usize]) {
        with_stack(stack, |caller, frame| unsafe {
            (self.library.leakscope_on_realloc_from)(from, 0, 0, wanted, caller, frame);
        });
    }

    fn failed(&self, wanted: usize, stack: &[usize]) {
        with_stack(stack, |caller, frame| unsafe {
            (self.library.leakscope_on_failed_from)(wanted, caller, frame);
        });
    }

    fn event(&self, number: u32) {
        unsafe { (self.library.leakscope_mark_stop)(number) };
    }

    fn isr_exit_to_scheduler(&self) {
        unsafe { (self.library.leakscope_isr_exit_to_scheduler)() };
    }

    fn pass(&self, ticks: u32) {
        self.ticks.fetch_add(ticks, Ordering::Relaxed);
    }

    fn drain(&self, core: usize) {
        DRAINED.set(Some(self.heard[core]));
        unsafe { (self.library.leakscope_drain)(core as u32, take) };
    }

    fn heard(&self, core: usize) -> Vec<u8> {
        let heard = self.heard[core].lock();
        heard.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
