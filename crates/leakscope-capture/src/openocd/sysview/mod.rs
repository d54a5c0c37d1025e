//! Recording an ESP chip: Espressif's OpenOCD takes the trace out of the device, and hands it to us.
//!
//! While it traces, OpenOCD is asked short questions only: it reads the device's blocks between them. (`wait_halt`
//! would keep it from reading, and the device from getting on.)
//!
//! - [`reset`] finds out that the target was reset.
//! - [`again`]: after that, or after OpenOCD was gone, the trace is begun again, in the same recording.

mod again;
mod reset;

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use super::client::Client;
use super::course::Looks;
use super::destination::{Destination, Received};
use super::error::OpenOcdError;
use super::statistics::Statistics;
use super::target::Core;
use crate::course::{Arrival, Options};
use crate::gdb::Endpoint;
use crate::recording::END_OF_TRACE;
use crate::source::{Form, Item, Lost, Source, SourceError, SourceEvent};
use reset::ResetWatch;

/// When OpenOCD has stopped, and nothing comes for this long, all has come. (It may leave the connection open.)
const SILENCE: Duration = Duration::from_millis(500);
/// As long as this at most.
const LAST_TIME: Duration = Duration::from_secs(1);
/// How often OpenOCD is asked to begin, where that may be too early.
const RETRY: Duration = Duration::from_millis(50);
const FOR_BUFFERS: &str = "until the program tells OpenOCD of its trace buffers";

/// A recording through Espressif's OpenOCD.
#[derive(Debug)]
pub struct SysviewSource {
    endpoint: Endpoint,
    client: Client,
    course: Looks,
    chip: String,
    form: Form,
    destination: Destination,
    /// OpenOCD has begun to trace there.
    is_used: bool,
    phase: Phase,
    watch: ResetWatch,
    events: VecDeque<SourceEvent>,
    /// Whether something came that is no header.
    has_data: bool,
    /// OpenOCD has put the end of a trace where the target's is missing.
    is_closed: bool,
    /// The streams that are to have one from us.
    unclosed: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Nothing was done yet.
    New,
    /// The target runs to the start.
    Waiting,
    /// The target was reset, or OpenOCD is a new one: it may not know the target's buffers.
    Announcing {
        /// When that is said to be missed, if it was not said.
        missed_at: Option<Instant>,
        next_attempt: Instant,
        /// It was said that the target was reset.
        is_reset: bool,
    },
    /// OpenOCD traces.
    Tracing,
    /// OpenOCD was told to stop.
    Stopping(Next),
    /// OpenOCD has stopped; the last bytes are under way.
    Stopped {
        since: Instant,
        last: Instant,
        next: Next,
    },
    /// OpenOCD is gone, and looked for.
    Lost(Lost),
    Ended,
}

/// What comes when a trace has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    End,
    /// Another trace, of a target that was reset.
    Trace,
}

impl SysviewSource {
    /// Prepares to record `cores`. The target is left alone until the first [`Source::next`].
    ///
    /// # Errors
    /// If this OpenOCD cannot trace, or is tracing already.
    pub fn new(mut client: Client, cores: &[Core], options: Options) -> Result<Self, OpenOcdError> {
        let chip = cores.first().map_or("", |core| &core.kind).to_owned();
        // OpenOCD itself does not refuse a second one, and breaks.
        match is_tracing(&mut client) {
            Err(OpenOcdError::Refused { answer, .. }) if answer.contains("invalid command") => {
                return Err(OpenOcdError::NotEspressifs { chip });
            }
            Ok(true) => return Err(OpenOcdError::AlreadyTracing),
            result => drop(result?),
        }
        client.subscribe()?;
        let count = cores.len().clamp(1, 2);
        Ok(Self {
            destination: Destination::new(count, client.own_address()?)?,
            endpoint: client.endpoint().clone(),
            client,
            course: Looks::new(options),
            chip,
            form: Form::of_streams(count as u8),
            is_used: false,
            phase: Phase::New,
            watch: ResetWatch::default(),
            events: VecDeque::new(),
            has_data: false,
            is_closed: false,
            unclosed: Vec::new(),
        })
    }

    fn advance(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, OpenOcdError> {
        match self.phase {
            Phase::New => self.begin()?,
            Phase::Waiting => self.wait(timeout)?,
            Phase::Announcing { .. } => self.start_when_announced(timeout)?,
            Phase::Tracing | Phase::Stopping(_) | Phase::Stopped { .. } => {
                return self.read(bytes, timeout);
            }
            Phase::Lost(lost) => return self.restore(lost, bytes, timeout),
            Phase::Ended => return Ok(Item::Ended),
        }
        Ok(self.events.pop_front().map_or(Item::Nothing, Item::Event))
    }

    fn begin(&mut self) -> Result<(), OpenOcdError> {
        self.course.prepare(&mut self.client)?;
        let options = self.course.options();
        if let Some(name) = self.course.start_name() {
            self.client.resume()?;
            self.say_waiting(format!("until the program reaches {name}"));
            self.phase = Phase::Waiting;
        } else if options.plan.reset {
            let missed_at = Some(Instant::now() + options.patience);
            self.client.resume()?;
            self.say_waiting(FOR_BUFFERS.to_owned());
            self.phase = Phase::Announcing {
                missed_at,
                next_attempt: Instant::now() + RETRY,
                is_reset: true,
            };
        } else {
            self.start()?;
        }
        Ok(())
    }

    fn say_waiting(&mut self, what_for: String) {
        self.events.push_back(SourceEvent::Waiting(what_for));
    }

    fn wait(&mut self, timeout: Duration) -> Result<(), OpenOcdError> {
        thread::sleep(self.course.until_next().min(timeout));
        let looked = self.course.look(&mut self.client)?;
        self.look_for_reset_before_start()?;
        self.notice(looked.notice);
        if let Some(Arrival::Start { .. }) = looked.arrival {
            self.start()?;
        } else if self.course.is_over() {
            self.phase = Phase::Ended;
            self.course.leave(&mut self.client)?;
        }
        Ok(())
    }

    /// Begins to trace. The target may stand still, and runs after that.
    fn start(&mut self) -> Result<(), OpenOcdError> {
        self.forget_notifications();
        match self.client.command(&self.destination.start_command()?) {
            Err(OpenOcdError::Refused { answer, .. }) if answer.contains("Could not connect") => {
                let text = "OpenOCD cannot connect to this computer, and writes a file instead";
                self.events.push_back(SourceEvent::Notice(text.to_owned()));
                self.destination = self.destination.as_file()?;
                self.client.command(&self.destination.start_command()?)?;
            }
            result => drop(result?),
        }
        self.phase = Phase::Tracing;
        self.is_used = true;
        self.is_closed = false;
        self.client.resume_if_halted()?;
        self.events.push_back(SourceEvent::Started);
        Ok(())
    }

    fn read(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, OpenOcdError> {
        match self.phase {
            Phase::Tracing => {
                self.look()?;
                self.look_for_reset()?;
            }
            Phase::Stopping(next) => self.finish_stopping(next)?,
            // Who still sends does not send what was under way.
            Phase::Stopped { since, next, .. } if since.elapsed() >= LAST_TIME => {
                return self.end_trace(next);
            }
            _ => {}
        }
        if let Some(event) = self.events.pop_front() {
            return Ok(Item::Event(event));
        }
        if let Some(stream) = self.unclosed.pop() {
            bytes.extend(END_OF_TRACE);
            return Ok(Item::Bytes { stream });
        }
        let wait = match self.phase {
            Phase::Tracing => timeout.min(self.course.until_next()),
            _ => timeout.min(Duration::from_millis(20)),
        };
        let received = self.destination.read(bytes, wait)?;
        if let Received::Bytes(stream) = received {
            return Ok(self.hear(stream, bytes));
        }
        match (self.phase, received) {
            (Phase::Stopped { next, .. }, Received::End) => self.end_trace(next),
            (Phase::Stopped { last, next, .. }, _) if last.elapsed() >= SILENCE => {
                self.end_trace(next)
            }
            (Phase::Tracing, Received::End) => {
                // It may have gone. If not: it gives up if what it reads makes no sense to it.
                self.client.query("version")?;
                let text = "OpenOCD has ended the trace by itself";
                self.events.push_back(SourceEvent::Notice(text.to_owned()));
                self.begin_stopping(Next::End)?;
                Ok(Item::Nothing)
            }
            _ => Ok(Item::Nothing),
        }
    }

    /// Bytes have come.
    fn hear(&mut self, stream: u8, bytes: &[u8]) -> Item {
        self.has_data |= bytes.contains(&0);
        match &mut self.phase {
            Phase::Tracing => self.watch.heard(Instant::now()),
            Phase::Stopped { last, .. } => *last = Instant::now(),
            _ => {}
        }
        Item::Bytes { stream }
    }

    /// Looks where the target is.
    fn look(&mut self) -> Result<(), OpenOcdError> {
        let looked = self.course.look(&mut self.client)?;
        self.notice(looked.notice);
        if let Some(Arrival::Stop { .. }) = looked.arrival {
            self.events.push_back(SourceEvent::Stopped);
        }
        if self.course.is_over() {
            self.begin_stopping(Next::End)?;
        }
        Ok(())
    }

    /// Has OpenOCD stop, which takes it seconds: meanwhile it sends us the last bytes.
    fn begin_stopping(&mut self, next: Next) -> Result<(), OpenOcdError> {
        self.phase = Phase::Stopping(next);
        self.client.begin_command(self.destination.stop_command())
    }

    fn finish_stopping(&mut self, next: Next) -> Result<(), OpenOcdError> {
        let text = match self.client.finish(Duration::from_millis(1)) {
            Ok(None) => return Ok(()),
            Ok(Some(text)) => text,
            Err(OpenOcdError::Refused { answer, .. }) => {
                if next == Next::End {
                    let text =
                        "OpenOCD could not end the trace as it should; its own output says why";
                    self.events.push_back(SourceEvent::Notice(text.to_owned()));
                }
                answer
            }
            Err(error) => return Err(error),
        };
        if let Some(complaint) = Statistics::parse(&text).complaint() {
            self.events.push_back(SourceEvent::Notice(complaint));
        }
        self.is_closed = text.contains("TRACE_STOP missing");
        if next == Next::End {
            self.course.leave(&mut self.client)?;
        }
        let now = Instant::now();
        self.phase = Phase::Stopped {
            since: now,
            last: now,
            next,
        };
        Ok(())
    }

    /// All of a trace has come.
    fn end_trace(&mut self, next: Next) -> Result<Item, OpenOcdError> {
        if next == Next::Trace {
            self.trace_on(true)?;
            return Ok(Item::Nothing);
        }
        self.phase = Phase::Ended;
        if self.has_data {
            Ok(Item::Ended)
        } else {
            Err(OpenOcdError::Empty)
        }
    }

    /// Leaves a target that cannot be recorded as it was found, as far as that is possible.
    fn abandon(&mut self) {
        let is_tracing = matches!(self.phase, Phase::Tracing | Phase::Stopping(_));
        self.phase = Phase::Ended;
        if is_tracing
            && self
                .client
                .command(self.destination.stop_command())
                .is_err()
        {
            return;
        }
        // What is wrong was said already.
        let _ = self.course.leave(&mut self.client);
    }

    fn notice(&mut self, text: Option<String>) {
        self.events.extend(text.map(SourceEvent::Notice));
    }
}

/// Whether this OpenOCD traces.
fn is_tracing(client: &mut Client) -> Result<bool, OpenOcdError> {
    let status = client.command("esp sysview status")?;
    Ok(status.contains("Tracing is RUNNING"))
}

impl Source for SysviewSource {
    fn name(&self) -> String {
        format!("{} at OpenOCD {}", self.chip, self.endpoint)
    }

    fn form(&self) -> Form {
        self.form
    }

    fn next(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, SourceError> {
        match self.advance(bytes, timeout) {
            Ok(item) => Ok(item),
            Err(error) if self.may_return(&error) => Ok(self.lose(&error)),
            Err(error) => {
                self.abandon();
                Err(error.into())
            }
        }
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        match self.phase {
            // A lost link cannot be told anything.
            Phase::New | Phase::Lost(_) => self.phase = Phase::Ended,
            Phase::Tracing => self.begin_stopping(Next::End)?,
            Phase::Stopping(Next::Trace) => self.phase = Phase::Stopping(Next::End),
            Phase::Waiting
            | Phase::Announcing { .. }
            | Phase::Stopped {
                next: Next::Trace, ..
            } => {
                self.phase = Phase::Ended;
                self.course.leave(&mut self.client)?;
            }
            Phase::Stopping(Next::End) | Phase::Stopped { .. } | Phase::Ended => {}
        }
        Ok(())
    }
}
