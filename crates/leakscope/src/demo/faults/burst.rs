//! More events at once than the recorder's buffer holds.

use super::{PAUSE, ROUNDS, steady};
use crate::demo::heap;
use crate::demo::queue::Sender;
use crate::demo::scheduler::Task;

#[inline(never)]
pub(super) fn allocate(task: &Task<'_>, sender: &Sender) {
    for round in 1..=ROUNDS {
        if task.name() == "alloc0" && round == ROUNDS / 3 {
            burst(task);
        }
        steady::allocate_two(task, sender, round);
        task.sleep(PAUSE);
    }
}

/// Allocates and frees without a pause: there is no time to send what is recorded.
#[inline(never)]
fn burst(task: &Task<'_>) {
    for _ in 0..1000 {
        if let Some(block) = heap::allocate(24) {
            heap::release(block);
        }
    }
    task.log("allocated and freed a thousand blocks");
}
