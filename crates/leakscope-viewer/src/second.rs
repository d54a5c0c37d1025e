//! The second thread: it brings the index up to date while the first reads on.

use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::{mem, panic};

use crate::index::Index;
use crate::index::batch::Batch;

/// How many batches may wait.
const WAITING: usize = 4;

/// What brings the index up to date: a second thread or, by default, the first. What comes of that is the same.
#[derive(Default)]
pub(crate) struct Second {
    has_core: bool,
    /// The thread, while it has the index.
    busy: Option<Busy>,
    /// Empty batches, whose memory is used again.
    spare: Vec<Batch>,
}

struct Busy {
    to: SyncSender<Batch>,
    emptied: Receiver<Batch>,
    thread: JoinHandle<Index>,
}

impl Second {
    /// A thread if there is a core for it.
    pub(crate) fn if_there_is_a_core() -> Self {
        Self {
            has_core: thread::available_parallelism().is_ok_and(|cores| cores.get() > 1),
            ..Self::default()
        }
    }

    #[cfg(test)]
    pub(crate) fn with_a_core() -> Self {
        Self {
            has_core: true,
            ..Self::default()
        }
    }

    /// Sees to it that the index takes in a batch, which is empty then. From now on the index is not to be asked before
    /// [`Second::catch_up`].
    pub(crate) fn hand_on(&mut self, batch: &mut Batch, index: &mut Index) {
        if !self.has_core {
            return index.take(batch);
        }
        let busy = (self.busy).get_or_insert_with(|| Busy::with(mem::take(index)));
        self.spare.extend(busy.emptied.try_iter());
        let empty = self.spare.pop().unwrap_or_default();
        // It is refused only if the thread has panicked, and then the first does as well when it catches up.
        let _ = busy.to.send(mem::replace(batch, empty));
    }

    /// Waits until the index is up to date.
    pub(crate) fn catch_up(&mut self, index: &mut Index) {
        if let Some(busy) = self.busy.take() {
            drop(busy.to);
            *index = (busy.thread.join()).unwrap_or_else(|panicked| panic::resume_unwind(panicked));
            self.spare.extend(busy.emptied);
        }
    }
}

impl Busy {
    fn with(mut index: Index) -> Self {
        let (to, full) = sync_channel::<Batch>(WAITING);
        let (empty, emptied) = channel();
        let thread = thread::spawn(move || {
            for mut batch in full {
                index.take(&mut batch);
                // Nobody wants it where the first thread has given up.
                let _ = empty.send(batch);
            }
            index
        });
        Self {
            to,
            emptied,
            thread,
        }
    }
}
