//! A queue between two tasks.

use std::sync::mpsc::{self, Receiver, TryRecvError};

use super::heap::Block;
use super::scheduler::Task;

/// Where blocks go in.
#[derive(Debug)]
pub(super) struct Sender {
    channel: mpsc::Sender<Block>,
    /// The task at the other end.
    receiver: usize,
}

/// Where they come out.
#[derive(Debug)]
pub(super) struct Queue {
    channel: Receiver<Block>,
}

/// A queue, at the other end of which stands the task `receiver`.
pub(super) fn new(receiver: usize) -> (Sender, Queue) {
    let (sender, channel) = mpsc::channel();
    let sender = Sender {
        channel: sender,
        receiver,
    };
    (sender, Queue { channel })
}

impl Sender {
    /// Passes a block on: it is the receiver's now.
    pub(super) fn send(&self, task: &Task<'_>, block: Block) {
        // The receiver stays until the sender is gone.
        let _ = self.channel.send(block);
        task.scheduler().wake(self.receiver);
    }

    /// Nothing more will come.
    pub(super) fn close(self, task: &Task<'_>) {
        drop(self.channel);
        task.scheduler().wake(self.receiver);
    }
}

impl Queue {
    /// Waits for a block; `None` when none will come any more.
    pub(super) fn receive(&self, task: &Task<'_>) -> Option<Block> {
        loop {
            match self.channel.try_recv() {
                Ok(block) => return Some(block),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => task.wait(),
            }
        }
    }
}
