//! What happens faster than it can be shown: a queue whose sender never waits, and which counts what found no room.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::time::Duration;

/// Makes a queue of at most `room` things.
pub(super) fn queue<T>(room: usize) -> (Sender<T>, Queue<T>) {
    let (sender, receiver) = mpsc::sync_channel(room);
    let left_out = Arc::new(AtomicU64::new(0));
    let queue = Queue {
        receiver,
        room,
        left_out: Arc::clone(&left_out),
    };
    (Sender { sender, left_out }, queue)
}

/// Where things come from.
pub(super) struct Sender<T> {
    sender: SyncSender<T>,
    left_out: Arc<AtomicU64>,
}

// Derived, it would ask `T` to be `Clone` too.
impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            left_out: Arc::clone(&self.left_out),
        }
    }
}

impl<T> Sender<T> {
    /// Adds it if there is room. The receiver may be gone.
    pub(super) fn offer(&self, thing: T) {
        if let Err(TrySendError::Full(_)) = self.sender.try_send(thing) {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Where they are shown.
pub(super) struct Queue<T> {
    receiver: Receiver<T>,
    room: usize,
    left_out: Arc<AtomicU64>,
}

impl<T> Queue<T> {
    /// What is there now; what comes meanwhile has to wait, so that this ends.
    pub(super) fn waiting(&self) -> impl Iterator<Item = T> {
        self.receiver.try_iter().take(self.room)
    }

    /// The next thing, as soon as it comes.
    pub(super) fn next(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.receiver.recv_timeout(timeout)
    }

    /// How many have found no room since this was asked last.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out.swap(0, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted_and_nobody_waits() {
        let (sender, queue) = queue(3);
        (0..5).for_each(|number| sender.offer(number));
        assert_eq!(queue.waiting().collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!((queue.left_out(), queue.left_out()), (2, 0));
        sender.offer(5);
        assert_eq!(queue.next(Duration::ZERO), Ok(5));
        drop(queue);
        sender.offer(6);
    }
}
