//! A recording out of RTT buffers: what is done at each look.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::reader::{Progress, ReadError, Reader};
use crate::memory::{Memory, MemoryError};
use crate::receiver::{Receiver, TargetEvent};
use crate::recording::{END_OF_TRACE, LOST_LINK};

/// Commands of SystemView's host, one byte each.
const START: u8 = 1;
const STOP: u8 = 2;

/// A running target that sends nothing for this long is asked to start.
const SILENCE: Duration = Duration::from_millis(300);

/// A [`Reader`], and the conversation with the target.
#[derive(Debug)]
pub struct Session {
    reader: Reader,
    /// Since when nothing has come of a target that was not asked to start; `None` if it need not be asked.
    silent_since: Option<Instant>,
    /// What was said of a control block that is of no use: once is enough.
    complaint: Option<String>,
    /// How often in a row the buffers were others than before, and how many looks ago that was.
    restarts: u32,
    looks: u32,
    /// The cores of which something came since the target was reset.
    begun: BTreeSet<usize>,
}

/// So few looks after the last time, a target was hardly reset again …
const SOON: u32 = 4;
/// … this many times in a row.
const TOO_OFTEN: u32 = 4;

impl Session {
    /// Begins to look.
    pub fn new(reader: Reader) -> Self {
        Self {
            reader,
            silent_since: Some(Instant::now()),
            complaint: None,
            restarts: 0,
            looks: 0,
            begun: BTreeSet::new(),
        }
    }

    /// Hands what has come to `receiver`. How full the buffer was, in percent.
    pub fn look(
        &mut self,
        memory: &mut impl Memory,
        receiver: &mut dyn Receiver,
    ) -> Result<Look, ReadError> {
        let progress = self.reader.look(memory, &mut |core, bytes| {
            self.begun.insert(core);
            receiver.bytes(core, bytes)
        })?;
        self.looks = self.looks.saturating_add(1);
        match progress {
            Progress::Read { bytes, fill } => {
                if bytes > 0 {
                    self.silent_since = None;
                } else if self.ask_if_silent(memory)? {
                    receiver.event(TargetEvent::Asked);
                }
                return Ok(Look { bytes, fill });
            }
            Progress::Found { channels, read } => {
                self.silent_since = Some(Instant::now());
                receiver.event(TargetEvent::Found { channels, read });
            }
            Progress::Restarted => {
                let is_soon = std::mem::take(&mut self.looks) <= SOON;
                self.restarts = if is_soon { self.restarts + 1 } else { 1 };
                self.silent_since = Some(Instant::now());
                if self.restarts < TOO_OFTEN {
                    receiver.event(TargetEvent::Reset);
                    // What the buffer held is lost, perhaps the rest of a packet. And that it was reset, the target's
                    // clock alone does not show to readers if it had not run for long.
                    let end = [&LOST_LINK[..], &END_OF_TRACE].concat();
                    for core in std::mem::take(&mut self.begun) {
                        receiver.bytes(core, &end).map_err(ReadError::Receiver)?;
                    }
                } else {
                    let complaint = "somebody else moves the reader's position in the target's buffer: another \
                                     program reads it too, or the recorder is in post-mortem mode \
                                     (SEGGER_SYSVIEW_POST_MORTEM_MODE) and overwrites it. Build it without that; or \
                                     have GDB read the buffer once, at the end: `leakscope gdbinit`";
                    self.complain(receiver, complaint.to_owned());
                }
            }
            Progress::Absent => {}
            Progress::Implausible(reason) => {
                self.complain(
                    receiver,
                    format!("RTT's control block cannot be true: {reason}"),
                );
            }
            Progress::NoChannel { channels } => {
                let names = channels.join(", ");
                let complaint = format!("the target has RTT, but no channel SysView, only {names}");
                self.complain(receiver, complaint);
            }
        }
        Ok(Look { bytes: 0, fill: 0 })
    }

    /// Hands over what a target that was asked to stop still sends. `let_run` lets it run for a time; whether it still
    /// does.
    ///
    /// # Errors
    /// Those of reading, and of `let_run`.
    pub fn drain<M: Memory, E: From<ReadError>>(
        &mut self,
        memory: &mut M,
        receiver: &mut dyn Receiver,
        mut let_run: impl FnMut(&mut M, Duration) -> Result<bool, E>,
    ) -> Result<(), E> {
        /// A target answers within one event; one that has none, never.
        const LOOKS: u32 = 20;
        /// It may not have begun to run before the first one.
        const EMPTY_LOOKS: u32 = 2;
        const PAUSE: Duration = Duration::from_millis(20);
        let mut empty = 0;
        for _ in 0..LOOKS {
            if !let_run(memory, PAUSE)? {
                break;
            }
            let look = self.look(memory, receiver)?;
            empty = if look.bytes == 0 { empty + 1 } else { 0 };
            if empty == EMPTY_LOOKS {
                break;
            }
        }
        Ok(())
    }

    /// Asks the target to stop recording.
    pub fn send_stop(&mut self, memory: &mut impl Memory) -> Result<bool, MemoryError> {
        self.silent_since = None;
        self.reader.send(memory, &[STOP])
    }

    /// Whether the buffer was found.
    pub fn has_found(&self) -> bool {
        self.reader.has_found()
    }

    fn ask_if_silent(&mut self, memory: &mut impl Memory) -> Result<bool, MemoryError> {
        let is_silent = self
            .silent_since
            .is_some_and(|since| since.elapsed() >= SILENCE);
        if !is_silent || !self.reader.send(memory, &[START])? {
            return Ok(false);
        }
        self.silent_since = None;
        Ok(true)
    }

    fn complain(&mut self, receiver: &mut dyn Receiver, complaint: String) {
        if self.complaint.as_ref() != Some(&complaint) {
            receiver.event(TargetEvent::Notice(complaint.clone()));
            self.complaint = Some(complaint);
        }
    }
}

/// What a look has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Bytes of all cores.
    pub bytes: u64,
    /// How full the fullest buffer was, in percent.
    pub fill: u8,
}
