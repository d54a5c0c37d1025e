//! The leaking example: three pairs of tasks, of which one allocates and one frees, and a fault to choose.
//!
//! - [`board`]: the boards, two in QEMU and one of our own.
//! - [`time_driver`]: embassy's time, from the board's tick.
//! - [`recording`]: the recorder, by mode and sink.
//! - [`pair`]: the tasks. [`fault`]: what is wrong with them.
//!
//! What a user of embassy adds to a program of his own are the three places marked with `(recorder)`.
#![no_std]
#![no_main]

extern crate alloc;

mod board;
mod fault;
mod pair;
mod recording;
mod time_driver;

use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering};

use embassy_executor::raw::Executor;
use embassy_executor::{SpawnToken, Spawner};
use embedded_alloc::LlffHeap;
// (recorder) 1. The dependency, with its features `embassy` and `log`.
use leakscope_recorder::{Traced, hooks};
use static_cell::StaticCell;

use fault::Fault;
use recording::{heap_trace_start, heap_trace_stop};

// (recorder) 2. The allocator, wrapped.
#[cfg(not(feature = "scan"))]
#[global_allocator]
static HEAP: Traced<LlffHeap> = Traced::new(LlffHeap::empty());
// Without frame pointers.
#[cfg(feature = "scan")]
#[global_allocator]
static HEAP: Traced<LlffHeap, leakscope_recorder::stack::Scan> =
    Traced::scanning(LlffHeap::empty());

// (recorder) 3. The recorder, with its sink: in `recording`.

const HEAP_SIZE: usize = 96 * 1024;
static mut HEAP_MEMORY: [MaybeUninit<u64>; HEAP_SIZE / 8] = [MaybeUninit::uninit(); HEAP_SIZE / 8];

/// The heap's address.
fn heap_base() -> usize {
    (&raw const HEAP_MEMORY).addr()
}

/// Where the board's start-up code goes on.
fn main() -> ! {
    // SAFETY: this is the only use of the memory.
    unsafe { HEAP.inner().init(heap_base(), HEAP_SIZE) };
    let fault = Fault::chosen();
    recording::init(fault);
    board::start_tick();

    static EXECUTOR: StaticCell<Executor> = StaticCell::new();
    let executor = EXECUTOR.init(Executor::new(core::ptr::null_mut()));
    let spawner = executor.spawner();
    spawn(spawner, conductor(spawner, fault), "conductor");
    loop {
        IS_WOKEN.store(false, Ordering::Relaxed);
        // SAFETY: it is polled here only, by a context that cannot interrupt itself.
        unsafe { executor.poll() };
        recording::attend();
        sleep();
    }
}

/// Runs the program from beginning to end.
#[embassy_executor::task]
async fn conductor(spawner: Spawner, fault: Fault) {
    heap_trace_start();
    const NAMES: [[&str; 2]; pair::COUNT] = [
        ["alloc 1", "free 1"],
        ["alloc 2", "free 2"],
        ["alloc 3", "free 3"],
    ];
    for (index, [alloc_name, free_name]) in NAMES.into_iter().enumerate() {
        spawn(spawner, pair::alloc_task(index + 1, fault), alloc_name);
        spawn(spawner, pair::free_task(index + 1, fault), free_name);
    }
    pair::all_done().await;
    heap_trace_stop();
    recording::finish();
    board::exit(0);
}

/// Spawns a task, and tells the recorder its name.
fn spawn<S>(
    spawner: Spawner,
    task: Result<SpawnToken<S>, embassy_executor::SpawnError>,
    name: &str,
) {
    let Ok(task) = task else {
        panic!("there is no room for the task {name}");
    };
    hooks::embassy::name_task(task.id(), name);
    spawner.spawn(task);
}

/// Whether a task was woken since the executor began to poll.
static IS_WOKEN: AtomicBool = AtomicBool::new(false);

/// What embassy calls when a task was woken.
#[unsafe(export_name = "__pender")]
fn wake_executor(_: *mut ()) {
    IS_WOKEN.store(true, Ordering::Release);
}

/// Waits for an interrupt, unless a task was woken already. (embassy's own executor for Cortex-M waits with
/// WFE, which QEMU takes for a NOP.)
fn sleep() {
    critical_section::with(|_| {
        if !IS_WOKEN.load(Ordering::Acquire) {
            board::wait_for_interrupt();
        }
    });
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    log::error!("{info}");
    heap_trace_stop();
    recording::finish();
    board::exit(101);
}
