//! RTT where OpenOCD does not know it (RISC-V): the buffers are read as memory, which OpenOCD reaches while the
//! target runs.

use std::thread;
use std::time::{Duration, Instant};

use super::Received;
use crate::openocd::client::Client;
use crate::openocd::error::OpenOcdError;
use crate::receiver::{Inbox, Piece, TargetEvent};
use crate::rtt::{Pace, ReadError, Reader, Session};

/// A control block that was not found by then is missed.
const PATIENCE: Duration = Duration::from_secs(3);

/// The buffers, and how often to look into them.
#[derive(Debug)]
pub(super) struct Buffers {
    session: Session,
    pace: Pace,
    inbox: Inbox,
    next_look: Instant,
    opened: Instant,
}

impl Buffers {
    pub(super) fn new(reader: Reader) -> Self {
        let now = Instant::now();
        Self {
            session: Session::new(reader),
            pace: Pace::lively(),
            inbox: Inbox::default(),
            next_look: now,
            opened: now,
        }
    }

    /// What has come, within `timeout` at most, of the first core.
    pub(super) fn read(
        &mut self,
        client: &mut Client,
        bytes: &mut Vec<u8>,
        timeout: Duration,
    ) -> Result<Received, OpenOcdError> {
        if self.inbox.is_empty() {
            let wait = self.next_look.saturating_duration_since(Instant::now());
            thread::sleep(wait.min(timeout));
            if wait <= timeout {
                self.look(client)?;
            }
        }
        while let Some(piece) = self.inbox.next() {
            match piece {
                Piece::Bytes {
                    core: 0,
                    bytes: sent,
                } => {
                    *bytes = sent;
                    return Ok(Received::Bytes(0));
                }
                Piece::Event(TargetEvent::Notice(text)) => return Ok(Received::Notice(text)),
                Piece::Event(TargetEvent::Reset) => return Ok(Received::Reset),
                Piece::Bytes { .. } | Piece::Event(_) => {}
            }
        }
        Ok(Received::Nothing)
    }

    fn look(&mut self, client: &mut Client) -> Result<(), OpenOcdError> {
        let look = self.session.look(client, &mut self.inbox);
        let look = look.map_err(|error| match error {
            ReadError::Memory(error) => OpenOcdError::Memory(error),
            // The inbox takes everything.
            ReadError::Receiver(error) => OpenOcdError::Failed(error),
        })?;
        self.pace.found(look.fill);
        self.next_look = Instant::now() + self.pace.interval();
        if !self.session.has_found() && self.opened.elapsed() > PATIENCE {
            return Err(OpenOcdError::NoRtt);
        }
        Ok(())
    }

    /// Asks the target to stop.
    pub(super) fn send_stop(&mut self, client: &mut Client) -> Result<(), OpenOcdError> {
        let sent = self.session.send_stop(client);
        sent.map(drop).map_err(OpenOcdError::Memory)
    }
}
