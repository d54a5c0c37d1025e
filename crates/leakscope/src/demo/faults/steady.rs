//! A leak in its plainest form: of two blocks, one is passed on.

use super::{PAUSE, ROUNDS};
use crate::demo::heap;
use crate::demo::queue::Sender;
use crate::demo::scheduler::Task;

#[inline(never)]
pub(super) fn allocate(task: &Task<'_>, sender: &Sender) {
    for round in 1..=ROUNDS {
        allocate_two(task, sender, round);
        task.sleep(PAUSE);
    }
}

#[inline(never)]
pub(super) fn allocate_two(task: &Task<'_>, sender: &Sender, round: usize) {
    let forgotten = heap::allocate(round);
    let passed_on = heap::allocate(2 * round);
    if let (Some(forgotten), Some(passed_on)) = (forgotten, passed_on) {
        let (a, b) = (forgotten.size(), passed_on.size());
        task.log(format_args!("allocated {a} and {b} bytes"));
        sender.send(task, passed_on);
    }
}
