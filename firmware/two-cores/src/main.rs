//! Two cores with one heap: core 0 allocates twice a round, forgets the first block and sends the second to core 1,
//! which frees it, and forgets a block of its own at times.
//!
//! Each core records for itself, into a file of its own; the host joins the two.
//!
//! - [`board`]: Arm's MPS2 board AN521, with two Cortex-M33.
//! - [`lock`]: the critical section of both cores.
//! - [`recording`]: the recorder.
#![no_std]
#![no_main]

extern crate alloc;

mod board;
mod lock;
mod recording;

use alloc::boxed::Box;
use alloc::vec;
use core::cell::RefCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering};

use critical_section::Mutex;
use embedded_alloc::LlffHeap;
use leakscope_recorder::Traced;

use recording::{heap_trace_start, heap_trace_stop};

#[global_allocator]
static HEAP: Traced<LlffHeap> = Traced::new(LlffHeap::empty());

const HEAP_SIZE: usize = 64 * 1024;
static mut HEAP_MEMORY: [MaybeUninit<u64>; HEAP_SIZE / 8] = [MaybeUninit::uninit(); HEAP_SIZE / 8];

/// The heap's address.
fn heap_base() -> usize {
    (&raw const HEAP_MEMORY).addr()
}

const ROUNDS: usize = 100;
/// Core 1 forgets one block in this many rounds.
const FORGETS: usize = 4;

type Block = Box<[u8]>;

/// The block that is on its way.
static MAILBOX: Mutex<RefCell<Option<Block>>> = Mutex::new(RefCell::new(None));
static IS_DONE: AtomicBool = AtomicBool::new(false);

/// Core 0, from reset on.
fn main() -> ! {
    // SAFETY: this is the only use of the memory.
    unsafe { HEAP.inner().init(heap_base(), HEAP_SIZE) };
    recording::init();
    heap_trace_start();
    board::start_core_1(free_blocks);
    for round in 1..=ROUNDS {
        forget_on_core_0(4 * round);
        send(allocate_second(8 * round));
    }
    while !IS_DONE.load(Ordering::Acquire) {
        core::hint::spin_loop();
    }
    heap_trace_stop();
    recording::finish();
    semihosting::process::exit(0)
}

/// Core 1.
fn free_blocks() -> ! {
    heap_trace_start();
    for round in 1..=ROUNDS {
        free(receive());
        if round.is_multiple_of(FORGETS) {
            forget_on_core_1(round);
        }
    }
    heap_trace_stop();
    recording::finish();
    IS_DONE.store(true, Ordering::Release);
    loop {
        cortex_m::asm::wfi();
    }
}

#[inline(never)]
fn forget_on_core_0(size: usize) {
    // MARK: forgotten on core 0
    core::mem::forget(vec![0u8; size]);
}

#[inline(never)]
fn forget_on_core_1(size: usize) {
    // MARK: forgotten on core 1
    core::mem::forget(vec![1u8; size]);
}

#[inline(never)]
fn allocate_second(size: usize) -> Block {
    // MARK: second block
    vec![2; size].into_boxed_slice()
}

#[inline(never)]
fn free(block: Block) {
    drop(block);
}

/// Hands a block to the other core, as soon as it has taken the one before.
fn send(block: Block) {
    let mut block = Some(block);
    loop {
        critical_section::with(|section| {
            let mut mailbox = MAILBOX.borrow_ref_mut(section);
            if mailbox.is_none() {
                *mailbox = block.take();
            }
        });
        if block.is_none() {
            return;
        }
        core::hint::spin_loop();
    }
}

fn receive() -> Block {
    loop {
        if let Some(block) = critical_section::with(|section| MAILBOX.take(section)) {
            return block;
        }
        core::hint::spin_loop();
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    semihosting::process::exit(101)
}
