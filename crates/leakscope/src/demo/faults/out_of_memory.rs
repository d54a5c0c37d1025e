//! A heap that comes to its end.

use super::{PAUSE, ROUNDS};
use crate::demo::heap;
use crate::demo::queue::Sender;
use crate::demo::scheduler::Task;

#[inline(never)]
pub(super) fn allocate(task: &Task<'_>, sender: &Sender) {
    let mut buffer = heap::allocate(512);
    for round in 2..=ROUNDS {
        match heap::allocate(512 * round) {
            Some(larger) => {
                if let Some(former) = buffer.replace(larger) {
                    sender.send(task, former);
                }
            }
            None => task.log_error(format_args!("there are no {} bytes", 512 * round)),
        }
        task.sleep(PAUSE);
    }
    if let Some(buffer) = buffer {
        sender.send(task, buffer);
    }
}
