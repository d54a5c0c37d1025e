//! Recording by Espressif's OpenOCD, which reads the target's buffers itself.

use std::time::Duration;

use super::course::{Arrival, Course, Phase};
use super::{Ending, Halted, Plan, RecordError, Status};
use crate::gdb::client::Client;
use crate::gdb::endpoint::Endpoint;
use crate::gdb::error::GdbError;
use crate::openocd::{OpenOcdError, Statistics};
use crate::receiver::{Event, Receiver};

/// A recording through Espressif's OpenOCD: a command like `monitor esp sysview start tcp://…` at the one
/// breakpoint, and `stop` at the other (ESP-IDF, `examples/system/sysview_tracing_heap_log/gdbinit`).
///
/// No bytes come this way: OpenOCD sends them where the command says.
#[derive(Debug)]
pub struct EspressifRecording {
    course: Course,
    start_command: String,
    stop_command: &'static str,
    is_tracing: bool,
    ending: Option<Ending>,
}

impl EspressifRecording {
    /// Prepares the target. It does not run yet. The commands are those of OpenOCD that begin the trace and end
    /// it.
    pub fn new(
        client: Client,
        plan: Plan,
        start_command: String,
        stop_command: &'static str,
    ) -> Result<Self, GdbError> {
        Ok(Self {
            course: Course::new(client, plan)?,
            start_command,
            stop_command,
            is_tracing: false,
            ending: None,
        })
    }

    /// Where OpenOCD listens.
    pub fn endpoint(&self) -> &Endpoint {
        self.course.client.endpoint()
    }

    /// Lets the target run, for `limit` at most. The target runs on when this returns.
    pub fn advance(
        &mut self,
        receiver: &mut dyn Receiver,
        limit: Duration,
    ) -> Result<Status, RecordError> {
        if let Some(ending) = self.ending {
            return Ok(Status::Finished(ending));
        }
        if self.course.phase == Phase::Recording && !self.is_tracing {
            self.start(receiver, None)?;
        }
        self.course.resume()?;
        let arrival = self.course.wait(limit)?;
        while let Some(text) = self.course.client.next_text() {
            receiver.event(Event::Text(text));
        }
        let ending = match arrival {
            None | Some(Arrival::Asked) => return Ok(self.status()),
            Some(Arrival::Start { address }) => {
                self.start(receiver, Some(address))?;
                self.course.resume()?;
                return Ok(self.status());
            }
            Some(Arrival::Stop { address }) => {
                receiver.event(Event::ReachedStop { address });
                self.stop_tracing(receiver)?;
                Ending::ReachedStop
            }
            Some(Arrival::Odd {
                signal,
                address,
                is_stuck,
            }) => {
                receiver.event(Event::Interrupted { signal, address });
                if !is_stuck {
                    return Ok(self.status());
                }
                self.stop_tracing(receiver)?;
                Ending::Stuck { signal, address }
            }
            Some(Arrival::Ended { code }) => {
                receiver.event(Event::Ended { code });
                Ending::ProgramEnded(code)
            }
        };
        self.ending = Some(ending);
        Ok(Status::Finished(ending))
    }

    fn status(&self) -> Status {
        match self.course.phase {
            Phase::BeforeStart => Status::Waiting,
            Phase::Recording => Status::Recording,
        }
    }

    fn start(
        &mut self,
        receiver: &mut dyn Receiver,
        address: Option<u64>,
    ) -> Result<(), RecordError> {
        let text = match self.course.client.monitor(&self.start_command) {
            Err(GdbError::Refused { answer, .. }) => return Err(self.refused(&answer)),
            text => text?,
        };
        // It says that all went well whatever became of it.
        if text.lines().any(|line| line.contains("Failed")) {
            return Err(self.refused(&text));
        }
        self.is_tracing = true;
        receiver.event(Event::Started { address });
        receiver.event(Event::Text(text));
        Ok(())
    }

    fn refused(&self, answer: &str) -> RecordError {
        OpenOcdError::refused(&self.start_command, answer).into()
    }

    /// Ends the recording now.
    pub fn stop(&mut self, receiver: &mut dyn Receiver) -> Result<Status, RecordError> {
        if let Some(ending) = self.ending {
            return Ok(Status::Finished(ending));
        }
        let mut ending = Ending::Asked;
        if self.course.client.is_running() {
            match self.course.interrupt()? {
                Arrival::Ended { code } => ending = Ending::ProgramEnded(code),
                Arrival::Stop { .. } => ending = Ending::ReachedStop,
                _ => {}
            }
        }
        if !matches!(ending, Ending::ProgramEnded(_)) {
            self.course.clear()?;
            self.stop_tracing(receiver)?;
        }
        self.ending = Some(ending);
        Ok(Status::Finished(ending))
    }

    fn stop_tracing(&mut self, receiver: &mut dyn Receiver) -> Result<(), GdbError> {
        if !self.is_tracing {
            return Ok(());
        }
        self.is_tracing = false;
        let text = match self.course.client.monitor(self.stop_command) {
            // It had given up before.
            Err(GdbError::Refused { answer, .. }) => answer,
            text => text?,
        };
        if let Some(complaint) = Statistics::parse(&text).complaint() {
            receiver.event(Event::Notice(complaint));
        }
        receiver.event(Event::Text(text));
        Ok(())
    }

    /// Stops the target for a moment, to see where it is; `None` if the server does not say.
    pub fn look_where(&mut self) -> Result<Option<u64>, GdbError> {
        self.course.look_where()
    }

    /// How long the target stood still since the recording began.
    pub fn halted(&self) -> Halted {
        self.course.halted
    }

    /// Stops tracing if that was not done, lets the target run on, and disconnects. To be called after errors too.
    pub fn leave(mut self) -> Result<Halted, GdbError> {
        if self.is_tracing && !self.course.has_ended {
            if self.course.client.is_running() {
                self.course.interrupt()?;
            }
            self.course.client.monitor(self.stop_command)?;
        }
        self.course.leave()
    }
}
