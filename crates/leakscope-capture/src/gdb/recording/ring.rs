//! Recording by reading the recorder's buffer out of the target's memory.

use std::time::Duration;

use super::course::{Arrival, Course, Phase};
use super::{Ending, Halted, Plan, RecordError, Status};
use crate::gdb::client::Client;
use crate::gdb::error::GdbError;
use crate::receiver::{Receiver, TargetEvent};
use crate::rtt::{Pace, Reader, Session};

/// A recording through a GDB server, out of RTT's buffers.
///
/// A server that cannot read memory while the target runs is made to stop it for each look.
/// [`halted`](Self::halted) says how long that took in all.
#[derive(Debug)]
pub struct RingRecording {
    course: Course,
    session: Session,
    pace: Pace,
    ending: Option<Ending>,
}

impl RingRecording {
    /// Prepares the target. It does not run yet.
    pub fn new(client: Client, plan: Plan, reader: Reader, pace: Pace) -> Result<Self, GdbError> {
        Ok(Self {
            course: Course::new(client, plan)?,
            session: Session::new(reader),
            pace,
            ending: None,
        })
    }

    /// Goes on through another connection to the same target, after the one before was lost. What is in the
    /// buffer is read from where reading ended, unless the target was reset meanwhile.
    pub fn reconnect(&mut self, client: Client) -> Result<(), GdbError> {
        self.course = self.course.again(client, false)?;
        Ok(())
    }

    /// Lets the target run, for `limit` at most, and hands what has come to `receiver`. The target may run on
    /// when this returns.
    pub fn advance(
        &mut self,
        receiver: &mut dyn Receiver,
        limit: Duration,
    ) -> Result<Status, RecordError> {
        if let Some(ending) = self.ending {
            return Ok(Status::Finished(ending));
        }
        self.course.resume()?;
        let wait = match self.course.phase {
            Phase::BeforeStart => limit,
            Phase::Recording => limit.min(self.pace.interval()),
        };
        let arrival = self.course.wait(wait)?;
        self.hand_over_text(receiver);
        let arrival = match arrival {
            Some(arrival) => arrival,
            None if self.course.phase == Phase::BeforeStart => return Ok(Status::Waiting),
            None if self.course.client.can_read_memory() => Arrival::Asked,
            None => self.course.interrupt()?,
        };
        self.attend(arrival, receiver)
    }

    /// Does what is due at an arrival.
    fn attend(
        &mut self,
        arrival: Arrival,
        receiver: &mut dyn Receiver,
    ) -> Result<Status, RecordError> {
        let ending = match arrival {
            Arrival::Ended { code } => {
                receiver.event(TargetEvent::Ended { code });
                Ending::ProgramEnded(code)
            }
            Arrival::Start { address } => {
                receiver.event(TargetEvent::Started {
                    address: Some(address),
                });
                return self.look(receiver);
            }
            Arrival::Asked => return self.look(receiver),
            Arrival::Odd {
                signal,
                address,
                is_stuck,
            } => {
                receiver.event(TargetEvent::Interrupted { signal, address });
                let status = self.look(receiver)?;
                if !is_stuck {
                    return Ok(status);
                }
                Ending::Stuck { signal, address }
            }
            Arrival::Stop { address } => {
                receiver.event(TargetEvent::ReachedStop { address });
                self.stop_target(receiver)?;
                Ending::ReachedStop
            }
        };
        self.ending = Some(ending);
        Ok(Status::Finished(ending))
    }

    /// Looks once, whether the target runs or not.
    fn look(&mut self, receiver: &mut dyn Receiver) -> Result<Status, RecordError> {
        if self.course.phase == Phase::BeforeStart {
            return Ok(Status::Waiting);
        }
        let look = self.session.look(&mut self.course.client, receiver)?;
        self.pace.found(look.fill);
        Ok(Status::Recording)
    }

    /// Ends the recording now.
    pub fn stop(&mut self, receiver: &mut dyn Receiver) -> Result<Status, RecordError> {
        if let Some(ending) = self.ending {
            return Ok(Status::Finished(ending));
        }
        let ending = self.course.interrupt_to_end()?;
        if !matches!(ending, Ending::ProgramEnded(_)) && self.course.phase == Phase::Recording {
            self.course.clear()?;
            self.stop_target(receiver)?;
        }
        self.ending = Some(ending);
        Ok(Status::Finished(ending))
    }

    /// Empties the buffer of a target that stands still, and has it stop recording.
    fn stop_target(&mut self, receiver: &mut dyn Receiver) -> Result<(), RecordError> {
        self.session.look(&mut self.course.client, receiver)?;
        self.session.send_stop(&mut self.course.client)?;
        let result = self.let_target_stop(receiver);
        self.hand_over_text(receiver);
        match result {
            // The program has ended, and an emulator with it.
            Err(RecordError::Gdb(GdbError::Closed { .. } | GdbError::Ended)) => {
                self.course.has_ended = true;
                Ok(())
            }
            result => result,
        }
    }

    /// Lets the target run until it sends nothing more, and hands over what it sends until then.
    fn let_target_stop(&mut self, receiver: &mut dyn Receiver) -> Result<(), RecordError> {
        /// A target answers within one event; one that has none, never.
        const LOOKS: u32 = 20;
        /// It may not have begun to run before the first one.
        const EMPTY_LOOKS: u32 = 2;
        const PAUSE: Duration = Duration::from_millis(20);
        let mut empty = 0;
        for _ in 0..LOOKS {
            self.course.resume()?;
            let arrival = match self.course.wait(PAUSE)? {
                Some(arrival) => arrival,
                None => self.course.interrupt()?,
            };
            if let Arrival::Ended { .. } = arrival {
                break;
            }
            let look = self.session.look(&mut self.course.client, receiver)?;
            empty = if look.bytes == 0 { empty + 1 } else { 0 };
            if empty == EMPTY_LOOKS {
                break;
            }
        }
        Ok(())
    }

    fn hand_over_text(&mut self, receiver: &mut dyn Receiver) {
        while let Some(text) = self.course.client.next_text() {
            receiver.event(TargetEvent::Text(text));
        }
    }

    /// Stops the target for a moment, to see where it is; `None` if the server does not say.
    pub fn look_where(&mut self) -> Result<Option<u64>, GdbError> {
        self.course.look_where()
    }

    /// How long the target stood still since the recording began.
    pub fn halted(&self) -> Halted {
        self.course.halted
    }

    /// Lets the target run on, without breakpoints, and disconnects. To be called after errors too: otherwise
    /// the target may stand still for ever.
    pub fn leave(self) -> Result<Halted, GdbError> {
        self.course.leave()
    }
}
