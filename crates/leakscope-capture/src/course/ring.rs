//! Recording by reading the recorder's buffer out of the target's memory, through a debugger.

use std::time::{Duration, Instant};

use super::{Arrival, Course, Debugger, Ending, Halt, Options, Status};
use crate::memory::{Memory, SnapshotRequest};
use crate::receiver::{Receiver, TargetEvent};
use crate::rtt::{Pace, ReadError, Reader, Session};

/// A recording out of RTT's buffers, between two breakpoints.
#[derive(Debug)]
pub struct RingRecording<D> {
    debugger: D,
    course: Course,
    session: Session,
    pace: Pace,
    image: Option<SnapshotRequest>,
}

impl<D> RingRecording<D>
where
    D: Debugger + Memory,
    D::Error: From<ReadError>,
{
    /// Prepares the target. It does not run yet.
    pub fn new(mut debugger: D, options: &Options, reader: Reader) -> Result<Self, D::Error> {
        let mut course = Course::new(options.plan, options.patience, Instant::now());
        debugger.carry_out(&course.prepare())?;
        let pace = if options.few_stops {
            Pace::sparing()
        } else {
            Pace::lively()
        };
        Ok(Self {
            debugger,
            course,
            session: Session::new(reader),
            pace,
            image: options.image.clone(),
        })
    }

    /// Lets the target run, for `limit` at most, and hands what has come to `receiver`. The target may run on
    /// when this returns.
    pub fn advance(
        &mut self,
        receiver: &mut dyn Receiver,
        limit: Duration,
    ) -> Result<Status, D::Error> {
        let wait = match self.course.status() {
            Status::Finished(_) => return Ok(self.course.status()),
            Status::Waiting => limit,
            Status::Recording => limit.min(self.pace.interval()),
        };
        self.debugger.run()?;
        let mut halt = self.debugger.wait(wait)?;
        self.hand_over_text(receiver);
        if halt.is_none() && self.course.status() == Status::Recording {
            halt = self.debugger.halt_to_read()?;
            if halt.is_none() {
                self.look(receiver)?;
            }
        }
        if let Some(halt) = halt {
            self.attend(halt, receiver)?;
        }
        Ok(self.course.status())
    }

    /// Does what is due where the target stands still.
    fn attend(&mut self, halt: Halt, receiver: &mut dyn Receiver) -> Result<(), D::Error> {
        // It may have come together with the news of the halt, after which nobody may ask any more.
        self.hand_over_text(receiver);
        let (arrival, actions) = self.course.arrive(halt);
        if let Arrival::Elsewhere { signal, address } = arrival {
            receiver.event(TargetEvent::Interrupted { signal, address });
            // As long as it stands.
            self.look(receiver)?;
        }
        self.debugger.carry_out(&actions)?;
        match arrival {
            Arrival::Elsewhere { .. } => Ok(()),
            Arrival::Exited { code } => {
                receiver.event(TargetEvent::Ended { code });
                Ok(())
            }
            Arrival::Start { address } => {
                self.debugger.begin();
                receiver.event(TargetEvent::Started { address });
                self.look(receiver)
            }
            Arrival::Asked => self.look(receiver),
            Arrival::Stop { address } => {
                receiver.event(TargetEvent::ReachedStop { address });
                self.stop_target(receiver)
            }
        }
    }

    /// Looks once, whether the target runs or not.
    fn look(&mut self, receiver: &mut dyn Receiver) -> Result<(), D::Error> {
        if self.course.status() != Status::Waiting {
            let look = self.session.look(&mut self.debugger, receiver)?;
            self.pace.found(look.fill);
        }
        Ok(())
    }

    /// Ends the recording now.
    pub fn stop(&mut self, receiver: &mut dyn Receiver) -> Result<Status, D::Error> {
        let was_recording = self.course.status() == Status::Recording;
        if let Status::Finished(_) = self.course.status() {
            return Ok(self.course.status());
        }
        if let Some(halt) = self.debugger.halt()? {
            // It may have come somewhere just before.
            let (_, actions) = self.course.arrive(halt);
            self.debugger.carry_out(&actions)?;
        }
        let actions = self.course.stop();
        self.debugger.carry_out(&actions)?;
        if was_recording
            && !matches!(
                self.course.status(),
                Status::Finished(Ending::ProgramEnded(_))
            )
        {
            self.stop_target(receiver)?;
        }
        Ok(self.course.status())
    }

    /// Empties the buffer, and has the target stop recording. If memory is wanted, it is read between the last event and
    /// the next one.
    fn stop_target(&mut self, receiver: &mut dyn Receiver) -> Result<(), D::Error> {
        if self.image.is_some() {
            self.debugger.freeze()?;
        }
        self.look(receiver)?;
        if let Some(image) = self.image.take() {
            image.take(&mut self.debugger);
        }
        let sent = self.session.send_stop(&mut self.debugger);
        sent.map_err(ReadError::from)?;
        let let_run = |debugger: &mut D, pause| {
            debugger.run()?;
            let halt = match debugger.wait(pause)? {
                None => debugger.halt_to_read()?,
                halt => halt,
            };
            Ok(!matches!(halt, Some(Halt::Exited { .. })))
        };
        let stopped = (self.session).drain(&mut self.debugger, receiver, let_run);
        self.hand_over_text(receiver);
        match stopped {
            // The program has ended, and an emulator with it.
            Err(error) if self.debugger.is_gone(&error) => Ok(()),
            result => result,
        }
    }

    fn hand_over_text(&mut self, receiver: &mut dyn Receiver) {
        while let Some(text) = self.debugger.next_text() {
            receiver.event(TargetEvent::Text(text));
        }
    }

    /// Whether the target's buffer was found.
    pub fn has_found(&self) -> bool {
        self.session.has_found()
    }

    /// The debugger, and how far the target has come.
    pub(crate) fn parts(&mut self) -> (&mut D, &mut Course) {
        (&mut self.debugger, &mut self.course)
    }

    /// Lets the target go. To be called after errors too: otherwise it may stand still for ever.
    pub fn leave(mut self) -> Result<D, D::Error> {
        if let Some(halt) = self.debugger.halt()? {
            let (_, actions) = self.course.arrive(halt);
            self.debugger.carry_out(&actions)?;
        }
        self.debugger.carry_out(&self.course.leave())?;
        Ok(self.debugger)
    }
}
