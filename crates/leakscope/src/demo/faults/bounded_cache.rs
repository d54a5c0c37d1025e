//! No leak: a cache that is full, and from then on exchanges what it holds.

use std::collections::VecDeque;

use crate::demo::heap;
use crate::demo::queue::Queue;
use crate::demo::scheduler::Task;

/// How many messages are kept.
const LIMIT: usize = 8;

#[inline(never)]
pub(super) fn free(task: &Task<'_>, queue: &Queue) {
    let mut cache = VecDeque::new();
    while let Some(message) = queue.receive(task) {
        if cache.len() == LIMIT
            && let Some(oldest) = cache.pop_front()
        {
            heap::release(oldest);
        }
        cache.push_back(message);
        task.log(format_args!("keeps {} messages", cache.len()));
    }
}
