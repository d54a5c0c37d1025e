//! Recording by Espressif's OpenOCD, which reads the target's buffers itself.

use std::time::{Duration, Instant};

use super::client::Client;
use super::debugger::GdbDebugger;
use super::error::GdbError;
use super::record_error::RecordError;
use crate::course::{Arrival, Course, Debugger, Ending, Halt, Options, Status};
use crate::memory::SnapshotRequest;
use crate::openocd::{Destination, OpenOcdError, Received, Statistics};
use crate::receiver::{Receiver, TargetEvent};
use crate::recording::END_OF_TRACE;

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
    pub(super) debugger: GdbDebugger,
    pub(super) course: Course,
    /// What is to be read of the target's memory at the end.
    image: Option<SnapshotRequest>,
    destination: Destination,
    /// OpenOCD has begun to trace there.
    is_used: bool,
    trace: Trace,
    has_data: bool,
    /// OpenOCD has put the end of a trace where the target's is missing.
    is_closed: bool,
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
        options: &Options,
        destination: Destination,
    ) -> Result<Self, RecordError> {
        let mut debugger = GdbDebugger::new(client);
        let mut course = Course::new(options.plan, options.patience, Instant::now());
        debugger.carry_out(&course.prepare())?;
        Ok(Self {
            debugger,
            course,
            destination,
            image: options.image.clone(),
            is_used: false,
            trace: Trace::None,
            has_data: false,
            is_closed: false,
        })
    }

    /// Lets the target run, for `limit` at most. The target runs on when this returns.
    pub fn advance(
        &mut self,
        receiver: &mut dyn Receiver,
        limit: Duration,
    ) -> Result<Status, RecordError> {
        match self.course.status() {
            Status::Finished(_) => return Ok(self.course.status()),
            Status::Recording if self.trace == Trace::None => self.begin(receiver)?,
            _ => {}
        }
        self.begin_again(receiver)?;
        self.debugger.run()?;
        let halt = self.debugger.wait(limit)?;
        let was_reset = self.hand_over_text(receiver) && self.trace == Trace::Runs;
        let arrival = match halt {
            Some(halt) => self.arrive(halt)?,
            None => Arrival::Asked,
        };
        match arrival {
            Arrival::Asked if was_reset => self.trace_on(receiver)?,
            Arrival::Asked => {}
            Arrival::Exited { code } => receiver.event(TargetEvent::Ended { code }),
            Arrival::Start { address } => {
                self.start(receiver, address)?;
                self.debugger.run()?;
            }
            Arrival::Stop { address } => {
                receiver.event(TargetEvent::ReachedStop { address });
                self.stop_tracing(receiver)?;
            }
            Arrival::Elsewhere { signal, address } => {
                receiver.event(TargetEvent::Interrupted { signal, address });
                if let Status::Finished(_) = self.course.status() {
                    self.stop_tracing(receiver)?;
                }
            }
        }
        Ok(self.course.status())
    }

    fn arrive(&mut self, halt: Halt) -> Result<Arrival, RecordError> {
        let (arrival, actions) = self.course.arrive(halt);
        self.debugger.carry_out(&actions)?;
        Ok(arrival)
    }

    /// Hands over what OpenOCD has said; whether that means that the target was reset.
    fn hand_over_text(&mut self, receiver: &mut dyn Receiver) -> bool {
        let mut was_reset = false;
        while let Some(text) = self.debugger.client.next_text() {
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
        if !self.course.plan().reset {
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
        let text = match self.debugger.client.monitor(&command) {
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
        self.halt()?;
        self.stop_tracing(receiver)?;
        self.receive_rest(receiver)?;
        self.prepare_again(true, receiver)?;
        self.debugger.carry_out(&self.course.renew())?;
        self.begin_again(receiver)
    }

    /// Has the next trace come to a place of its own.
    fn prepare_again(
        &mut self,
        is_reset: bool,
        receiver: &mut dyn Receiver,
    ) -> Result<(), RecordError> {
        let mut destination = self.destination.again(self.debugger.client.own_address())?;
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
        self.halt()?;
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
            self.debugger.carry_out(&self.course.renew())?;
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
        let resets = ends && self.course.plan().reset;
        self.debugger.turn_to(client);
        if resets {
            self.debugger.reset()?;
        }
        self.debugger.carry_out(&self.course.renew())?;
        self.debugger.put_back_halt();
        if ends {
            self.prepare_again(resets, receiver)?;
        }
        Ok(!ends || !self.has_data)
    }

    /// Ends the recording now.
    pub fn stop(&mut self, receiver: &mut dyn Receiver) -> Result<Status, RecordError> {
        if let Status::Finished(_) = self.course.status() {
            return Ok(self.course.status());
        }
        self.halt()?;
        self.debugger.carry_out(&self.course.stop())?;
        if !matches!(
            self.course.status(),
            Status::Finished(Ending::ProgramEnded(_))
        ) {
            self.stop_tracing(receiver)?;
        }
        Ok(self.course.status())
    }

    /// Has the target stand still. It may have come somewhere just before.
    fn halt(&mut self) -> Result<(), RecordError> {
        match self.debugger.halt()? {
            Some(halt) => self.arrive(halt).map(drop),
            None => Ok(()),
        }
    }

    fn stop_tracing(&mut self, receiver: &mut dyn Receiver) -> Result<(), RecordError> {
        if std::mem::replace(&mut self.trace, Trace::None) != Trace::Runs {
            return Ok(());
        }
        let command = self.destination.stop_command();
        let text = match self.debugger.client.monitor_patiently(command) {
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

    /// Stops tracing if that was not done, and lets the target go. To be called after errors too.
    pub fn leave(mut self) -> Result<GdbDebugger, RecordError> {
        self.halt()?;
        if self.trace == Trace::Runs && !self.debugger.has_ended() {
            let command = self.destination.stop_command();
            self.debugger.client.monitor(command)?;
        }
        if let Some(image) = self.image.take().filter(|_| !self.debugger.has_ended()) {
            self.debugger.freeze()?;
            image.take(&mut self.debugger);
        }
        self.debugger.carry_out(&self.course.leave())?;
        Ok(self.debugger)
    }
}
