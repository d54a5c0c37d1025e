//! Recording a target that runs on while its memory is read.

use std::thread;
use std::time::Duration;

use super::pace::Pace;
use super::reader::{ReadError, Reader};
use super::session::{Look, Session};
use crate::memory::Memory;
use crate::receiver::Receiver;

/// A target that is never stopped: its memory is a file, or read by a debug probe meanwhile.
#[derive(Debug)]
pub struct MemoryRecording<M> {
    memory: M,
    session: Session,
    pace: Pace,
}

impl<M: Memory> MemoryRecording<M> {
    /// Begins to look.
    pub fn new(memory: M, reader: Reader) -> Self {
        Self {
            memory,
            session: Session::new(reader),
            pace: Pace::lively(),
        }
    }

    /// Waits until it is time for a look, for `limit` at most, and hands what has come to `receiver`.
    pub fn advance(
        &mut self,
        receiver: &mut dyn Receiver,
        limit: Duration,
    ) -> Result<Look, ReadError> {
        thread::sleep(self.pace.interval().min(limit));
        let look = self.session.look(&mut self.memory, receiver)?;
        self.pace.found(look.fill);
        Ok(look)
    }

    /// Asks the target to stop recording, and hands over what comes until then.
    pub fn stop(&mut self, receiver: &mut dyn Receiver) -> Result<(), ReadError> {
        self.session.look(&mut self.memory, receiver)?;
        self.session.send_stop(&mut self.memory)?;
        self.session.drain(&mut self.memory, receiver, |_, pause| {
            thread::sleep(pause);
            Ok(true)
        })
    }

    /// Whether the target's buffer was found.
    pub fn has_found(&self) -> bool {
        self.session.has_found()
    }

    /// The memory.
    pub fn memory(&mut self) -> &mut M {
        &mut self.memory
    }
}
