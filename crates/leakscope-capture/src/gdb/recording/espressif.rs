//! Recording by Espressif's OpenOCD, which reads the target's buffers itself.

use std::time::{Duration, Instant};

use super::course::{Arrival, Course, Phase};
use super::{Ending, Halted, Plan, RecordError, Status};
use crate::gdb::client::Client;
use crate::gdb::error::GdbError;
use crate::openocd::{Destination, END_OF_TRACE, OpenOcdError, Received, Statistics};
use crate::receiver::{Receiver, TargetEvent};

/// OpenOCD has sent everything before it says that it has stopped.
const SILENCE: Duration = Duration::from_millis(200);
/// Who still sends after this time does not send what was under way.
const LAST_TIME: Duration = Duration::from_millis(500);
/// How often OpenOCD is asked to begin, where it does not know the program's buffers yet.
const RETRY: Duration = Duration::from_millis(300);
/// OpenOCD's words when it has found that a target which it traces has forgotten that: it was reset. OpenOCD connects
/// to its buffers again, but does not send START again (`esp32_apptrace.c`, `esp32_apptrace_check_connection`).
const WAS_RESET: &str = "apptrace connection is lost";

/// A recording through Espressif's OpenOCD: a command like `monitor esp sysview start tcp://…` at the one
/// breakpoint, and `stop` at the other (ESP-IDF, `examples/system/sysview_tracing_heap_log/gdbinit`). OpenOCD sends the
/// trace beside GDB's protocol.
#[derive(Debug)]
pub struct EspressifRecording {
    course: Course,
    destination: Destination,
    /// OpenOCD has begun to trace there.
    is_used: bool,
    trace: Trace,
    has_data: bool,
    /// OpenOCD has put the end of a trace where the target's is missing.
    is_closed: bool,
    ending: Option<Ending>,
}

/// What OpenOCD does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trace {
    /// Nothing, or not any more.
    None,
    Runs,
    /// It is another one than that which has traced, or knows nothing of the target's buffers.
    ToBeginAgain {
        /// The target was reset, and that was told.
        is_reset: bool,
        /// OpenOCD does not know the buffers, and will when the target is reset.
        was_refused: bool,
        next_attempt: Instant,
    },
}

impl EspressifRecording {
    /// Prepares the target. It does not run yet. OpenOCD is to send the trace to `destination`.
    pub(crate) fn new(
        client: Client,
        plan: Plan,
        destination: Destination,
    ) -> Result<Self, GdbError> {
        Ok(Self {
            course: Course::new(client, plan)?,
            destination,
            is_used: false,
            trace: Trace::None,
            has_data: false,
            is_closed: false,
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
        if self.course.phase == Phase::Recording && self.trace == Trace::None {
            self.begin(receiver)?;
        }
        self.begin_again(receiver)?;
        self.course.resume()?;
        let arrival = self.course.wait(limit)?;
        let was_reset = self.hand_over_text(receiver) && self.trace == Trace::Runs;
        let ending = match arrival {
            Some(Arrival::Ended { code }) => {
                receiver.event(TargetEvent::Ended { code });
                Ending::ProgramEnded(code)
            }
            None | Some(Arrival::Asked) => {
                if was_reset {
                    self.trace_on(receiver)?;
                }
                return Ok(self.status());
            }
            Some(Arrival::Start { address }) => {
                self.start(receiver, Some(address))?;
                self.course.resume()?;
                return Ok(self.status());
            }
            Some(Arrival::Stop { address }) => {
                receiver.event(TargetEvent::ReachedStop { address });
                self.stop_tracing(receiver)?;
                Ending::ReachedStop
            }
            Some(Arrival::Odd {
                signal,
                address,
                is_stuck,
            }) => {
                receiver.event(TargetEvent::Interrupted { signal, address });
                if !is_stuck {
                    return Ok(self.status());
                }
                self.stop_tracing(receiver)?;
                Ending::Stuck { signal, address }
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

    /// Hands over what OpenOCD has said; whether that means that the target was reset.
    fn hand_over_text(&mut self, receiver: &mut dyn Receiver) -> bool {
        let mut was_reset = false;
        while let Some(text) = self.course.client.next_text() {
            was_reset |= text.contains(WAS_RESET);
            receiver.event(TargetEvent::Text(text));
        }
        was_reset
    }

    /// Hands over what OpenOCD has sent of the trace, within `timeout`; whether something came.
    pub fn receive(
        &mut self,
        receiver: &mut dyn Receiver,
        timeout: Duration,
    ) -> Result<bool, RecordError> {
        if !self.is_used {
            return Ok(false);
        }
        let mut bytes = Vec::new();
        let Received::Bytes(core) = self.destination.read(&mut bytes, timeout)? else {
            return Ok(false);
        };
        self.has_data = true;
        let taken = receiver.bytes(core.into(), &bytes);
        taken.map(|()| true).map_err(RecordError::Receiver)
    }

    /// Hands over all that is under way of a trace that has ended.
    pub fn receive_rest(&mut self, receiver: &mut dyn Receiver) -> Result<(), RecordError> {
        let end = Instant::now() + LAST_TIME;
        while Instant::now() < end && self.receive(receiver, SILENCE)? {}
        Ok(())
    }

    /// Begins the trace where no place in the program is waited for.
    fn begin(&mut self, receiver: &mut dyn Receiver) -> Result<(), RecordError> {
        if !self.course.plan.reset {
            return self.start(receiver, None);
        }
        // It has not come so far yet that OpenOCD knows its buffers.
        self.trace = Trace::ToBeginAgain {
            is_reset: true,
            was_refused: false,
            next_attempt: Instant::now() + RETRY,
        };
        Ok(())
    }

    fn start(
        &mut self,
        receiver: &mut dyn Receiver,
        address: Option<u64>,
    ) -> Result<(), RecordError> {
        let command = self.destination.start_command()?;
        let refused = |answer: &str| RecordError::from(OpenOcdError::refused(&command, answer));
        let text = match self.course.client.monitor(&command) {
            Err(GdbError::Refused { answer, .. }) => return Err(refused(&answer)),
            text => text?,
        };
        // It says that all went well even if it did not.
        if text.lines().any(|line| line.contains("Failed")) {
            return Err(refused(&text));
        }
        self.is_used = true;
        self.trace = Trace::Runs;
        self.is_closed = false;
        receiver.event(TargetEvent::Started { address });
        receiver.event(TargetEvent::Text(text));
        Ok(())
    }

    /// Traces a target that was reset.
    fn trace_on(&mut self, receiver: &mut dyn Receiver) -> Result<(), RecordError> {
        if self.course.client.is_running() {
            self.course.interrupt()?;
        }
        self.stop_tracing(receiver)?;
        self.receive_rest(receiver)?;
        self.prepare_again(true, receiver)?;
        self.course.set_again()?;
        self.begin_again(receiver)
    }

    /// Has the next trace come to a place of its own.
    fn prepare_again(
        &mut self,
        is_reset: bool,
        receiver: &mut dyn Receiver,
    ) -> Result<(), RecordError> {
        let mut destination = self.destination.again(self.course.client.own_address())?;
        if self.has_data {
            destination = destination.without_headers();
        }
        self.destination = destination;
        self.is_used = false;
        self.trace = Trace::ToBeginAgain {
            is_reset,
            was_refused: false,
            next_attempt: Instant::now(),
        };
        if is_reset {
            self.say_reset(receiver)?;
        }
        Ok(())
    }

    /// Begins the trace again where that is due, as soon as OpenOCD can.
    fn begin_again(&mut self, receiver: &mut dyn Receiver) -> Result<(), RecordError> {
        let Trace::ToBeginAgain {
            is_reset,
            was_refused,
            next_attempt,
        } = self.trace
        else {
            return Ok(());
        };
        if Instant::now() < next_attempt {
            return Ok(());
        }
        if self.course.client.is_running() {
            self.course.interrupt()?;
        }
        let started = self.start(receiver, None);
        if let Err(RecordError::OpenOcd(error)) = &started
            && error.is_early()
        {
            if !is_reset && !was_refused {
                let text = "OpenOCD does not know the program's trace buffers: it learns of them when the program is \
                            reset";
                receiver.event(TargetEvent::Notice(text.to_owned()));
            }
            self.trace = Trace::ToBeginAgain {
                is_reset,
                was_refused: true,
                next_attempt: Instant::now() + RETRY,
            };
            return Ok(());
        }
        started?;
        if was_refused {
            self.course.set_again()?;
        }
        if was_refused && !is_reset {
            self.say_reset(receiver)?;
        }
        Ok(())
    }

    fn say_reset(&mut self, receiver: &mut dyn Receiver) -> Result<(), RecordError> {
        receiver.event(TargetEvent::Reset);
        if !self.has_data || std::mem::replace(&mut self.is_closed, true) {
            return Ok(());
        }
        for core in 0..self.destination.cores() {
            let taken = receiver.bytes(core, &END_OF_TRACE);
            taken.map_err(RecordError::Receiver)?;
        }
        Ok(())
    }

    /// Goes on through another connection, after the one before was lost; whether OpenOCD has traced on meanwhile, or
    /// nothing was traced yet. If not, it must begin again.
    pub fn reconnect(
        &mut self,
        mut client: Client,
        receiver: &mut dyn Receiver,
    ) -> Result<bool, RecordError> {
        let status = client.monitor("esp sysview status")?;
        let is_tracing = status.contains("Tracing is RUNNING");
        let goes_on = is_tracing && !self.destination.has_ended();
        if is_tracing && !goes_on {
            client.monitor(self.destination.stop_command())?;
        }
        let ends = self.trace != Trace::None && !goes_on;
        let resets = ends && self.course.plan.reset;
        self.course = self.course.again(client, resets)?;
        if ends {
            self.prepare_again(resets, receiver)?;
        }
        Ok(!ends || !self.has_data)
    }

    /// Ends the recording now.
    pub fn stop(&mut self, receiver: &mut dyn Receiver) -> Result<Status, RecordError> {
        if let Some(ending) = self.ending {
            return Ok(Status::Finished(ending));
        }
        let ending = self.course.interrupt_to_end()?;
        if !matches!(ending, Ending::ProgramEnded(_)) {
            self.course.clear()?;
            self.stop_tracing(receiver)?;
        }
        self.ending = Some(ending);
        Ok(Status::Finished(ending))
    }

    fn stop_tracing(&mut self, receiver: &mut dyn Receiver) -> Result<(), GdbError> {
        if std::mem::replace(&mut self.trace, Trace::None) != Trace::Runs {
            return Ok(());
        }
        let command = self.destination.stop_command();
        let text = match self.course.client.monitor_patiently(command) {
            // It had given up before.
            Err(GdbError::Refused { answer, .. }) => answer,
            text => text?,
        };
        self.is_closed = text.contains("TRACE_STOP missing");
        if let Some(complaint) = Statistics::parse(&text).complaint() {
            receiver.event(TargetEvent::Notice(complaint));
        }
        receiver.event(TargetEvent::Text(text));
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
        if self.trace == Trace::Runs && !self.course.has_ended {
            if self.course.client.is_running() {
                self.course.interrupt()?;
            }
            self.course
                .client
                .monitor(self.destination.stop_command())?;
        }
        self.course.leave()
    }
}
