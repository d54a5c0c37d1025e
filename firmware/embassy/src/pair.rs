//! A pair of tasks: `alloc N` allocates twice in a loop, larger blocks each time, and sends the second one only;
//! `free N` receives it, and frees it. Both say what they do.

use alloc::boxed::Box;
use alloc::vec;

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use embassy_time::Timer;

use crate::fault::{Fault, FirstBlocks};

pub const COUNT: usize = 3;
/// For how long all pairs go round.
const MILLISECONDS: usize = 720;

/// How often the pair of this number goes round: the first the most often.
const fn rounds(number: usize) -> usize {
    MILLISECONDS / (10 * number)
}

type Block = Box<[u8]>;
/// `None` is the end.
type BlockChannel = Channel<CriticalSectionRawMutex, Option<Block>, 4>;

static CHANNELS: [BlockChannel; COUNT] = [const { BlockChannel::new() }; COUNT];
static DONE: Channel<CriticalSectionRawMutex, usize, COUNT> = Channel::new();

#[embassy_executor::task(pool_size = COUNT)]
pub async fn alloc_task(number: usize, fault: Fault) {
    let mut first_blocks = FirstBlocks::new(fault);
    for round in 1..=rounds(number) {
        let size = 8 * number * round;
        first_blocks.handle_one(number, round, size);
        let second = allocate_second(2 * size);
        log::info!(target: "alloc", "{number}: second block, {} bytes at {:p}", second.len(), second.as_ptr());
        CHANNELS[number - 1].send(Some(second)).await;
        Timer::after_millis(10 * number as u64).await;
    }
    CHANNELS[number - 1].send(None).await;
    // What it still holds is not to be freed now.
    core::future::pending().await
}

#[embassy_executor::task(pool_size = COUNT)]
pub async fn free_task(number: usize, fault: Fault) {
    let mut received = 0;
    while let Some(block) = CHANNELS[number - 1].receive().await {
        received += 1;
        log::info!(target: "free", "{number}: {} bytes at {:p}", block.len(), block.as_ptr());
        if fault == Fault::DoubleFree && number == COUNT && received == rounds(number) / 2 {
            free_twice(block);
        } else {
            free(block);
        }
    }
    DONE.send(number).await;
}

/// Waits until each pair has come to its end.
pub async fn all_done() {
    for _ in 0..COUNT {
        DONE.receive().await;
    }
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

/// What goes wrong where ownership is handed around as a pointer.
#[inline(never)]
fn free_twice(block: Block) {
    let pointer = Box::into_raw(block);
    // SAFETY: the first is right, the second is not: that is the fault to be found. The allocator sees it, and
    // panics.
    unsafe {
        // MARK: first free
        drop(Box::from_raw(pointer));
        // MARK: second free
        drop(Box::from_raw(pointer));
    }
    log::info!(target: "free", "freed twice");
}
