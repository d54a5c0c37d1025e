//! A block that two owners free.

use crate::demo::heap;
use crate::demo::queue::Queue;
use crate::demo::scheduler::Task;

#[inline(never)]
pub(super) fn free(task: &Task<'_>, queue: &Queue) {
    let mut number = 0_usize;
    while let Some(message) = queue.receive(task) {
        number += 1;
        if number.is_multiple_of(30) {
            task.log_error("cannot read the message, and frees it");
            heap::release_but_keep(&message);
        }
        heap::release(message);
    }
}
