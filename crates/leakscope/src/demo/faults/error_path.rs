//! A leak on the way out of an error: the function returns early, and does not free.

use crate::demo::heap::{self, Block};
use crate::demo::queue::Queue;
use crate::demo::scheduler::Task;

#[inline(never)]
pub(super) fn free(task: &Task<'_>, queue: &Queue) {
    let mut number = 0;
    while let Some(message) = queue.receive(task) {
        number += 1;
        if let Err(why) = read(message, number) {
            task.log_error(why);
        }
    }
}

/// Every seventh message is damaged.
fn read(message: Block, number: usize) -> Result<(), &'static str> {
    if number.is_multiple_of(7) {
        return Err("the message's checksum is wrong");
    }
    heap::release(message);
    Ok(())
}
