//! A table without a limit: more comes in than goes out.

use std::collections::VecDeque;

use crate::demo::heap;
use crate::demo::queue::Queue;
use crate::demo::scheduler::Task;

#[inline(never)]
pub(super) fn free(task: &Task<'_>, queue: &Queue) {
    let mut table = VecDeque::new();
    let mut number = 0;
    while let Some(message) = queue.receive(task) {
        number += 1;
        table.push_back(message);
        if number % 3 != 0
            && let Some(oldest) = table.pop_front()
        {
            heap::release(oldest);
        }
        task.log(format_args!("has {} messages in its table", table.len()));
    }
}
