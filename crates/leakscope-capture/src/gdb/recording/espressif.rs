//! Recording by Espressif's OpenOCD, which reads the target's buffers into a file of its own.

use std::time::Duration;

use super::course::{Arrival, Course, Phase};
use super::{Ending, Halted, Plan, RecordError, Status};
use crate::gdb::client::Client;
use crate::gdb::error::GdbError;
use crate::receiver::{Event, Receiver};

/// A recording through Espressif's OpenOCD: `monitor esp sysview_mcore start` at the one breakpoint, and `stop`
/// at the other (ESP-IDF, `examples/system/sysview_tracing_heap_log/gdbinit`).
///
/// No bytes come this way: OpenOCD writes the file, and is the one who knows where it is.
#[derive(Debug)]
pub struct EspressifRecording {
    course: Course,
    file: String,
    is_tracing: bool,
    ending: Option<Ending>,
}

impl EspressifRecording {
    /// Prepares the target. It does not run yet. `file` is the trace's path on OpenOCD's machine, absolute, or else
    /// seen from the folder that OpenOCD was started in.
    pub fn new(client: Client, plan: Plan, file: &str) -> Result<Self, GdbError> {
        Ok(Self {
            course: Course::new(client, plan)?,
            file: file.to_owned(),
            is_tracing: false,
            ending: None,
        })
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

    fn start(&mut self, receiver: &mut dyn Receiver, address: Option<u64>) -> Result<(), GdbError> {
        let command = format!(
            "esp sysview_mcore start {}",
            word(&format!("file://{}", self.file))
        );
        let text = self.course.client.monitor(&command)?;
        // It answers OK whatever became of it.
        if let Some(line) = text.lines().find(|line| line.contains("Failed")) {
            return Err(GdbError::Refused {
                request: format!("`monitor {command}`"),
                answer: line.trim().to_owned(),
            });
        }
        self.is_tracing = true;
        receiver.event(Event::Started { address });
        receiver.event(Event::Text(text));
        Ok(())
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
        let text = self.course.client.monitor("esp sysview_mcore stop")?;
        receiver.event(Event::Text(text));
        Ok(())
    }

    /// How long the target stood still since the recording began.
    pub fn halted(&self) -> Halted {
        self.course.halted
    }

    /// Stops tracing if that was not done, lets the target run on, and disconnects. To be called after errors too.
    pub fn leave(self) -> Result<Halted, GdbError> {
        self.course.leave()
    }
}

/// A text as one word of Tcl.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:+,=@".contains(c);
    if text.chars().all(is_plain) {
        return text.to_owned();
    }
    let mut word = String::from('"');
    for c in text.chars() {
        if "\"\\$[]".contains(c) {
            word.push('\\');
        }
        word.push(c);
    }
    word.push('"');
    word
}
