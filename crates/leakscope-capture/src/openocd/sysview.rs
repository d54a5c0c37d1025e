//! Recording an ESP chip: Espressif's OpenOCD takes the trace out of the device, and hands it to us.
//!
//! While it traces, OpenOCD is asked short questions only: it reads the device's blocks between them. (`wait_halt`
//! would keep it from reading, and the device from getting on.)

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use super::client::Client;
use super::course::{Arrival, Course};
use super::destination::{Destination, Received};
use super::error::OpenOcdError;
use super::options::Options;
use super::statistics::Statistics;
use super::target::Core;
use crate::source::{Event, Form, Item, Source, SourceError};

/// When OpenOCD has stopped, and nothing comes for so long, all has come. (It may leave the connection open.)
const SILENCE: Duration = Duration::from_millis(500);

/// A recording through Espressif's OpenOCD.
#[derive(Debug)]
pub struct SysviewSource {
    client: Client,
    course: Course,
    chip: String,
    form: Form,
    destination: Destination,
    phase: Phase,
    events: VecDeque<Event>,
    /// Whether something came that is no header.
    has_data: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing was done yet.
    New,
    /// The target runs to the start.
    Waiting,
    /// The target was reset, and has not told OpenOCD of its buffers.
    Announcing {
        until: Instant,
    },
    /// OpenOCD traces.
    Tracing,
    /// OpenOCD was told to stop.
    Stopping,
    /// OpenOCD has stopped; the last bytes are under way.
    Stopped {
        last: Instant,
    },
    Ended,
}

impl SysviewSource {
    /// Prepares to record `cores`. The target is left alone until the first [`Source::next`].
    ///
    /// # Errors
    /// If this OpenOCD cannot trace, or is tracing already.
    pub fn new(mut client: Client, cores: &[Core], options: Options) -> Result<Self, OpenOcdError> {
        let chip = cores.first().map_or("", |core| &core.kind).to_owned();
        let status = match client.command("esp sysview status") {
            Err(OpenOcdError::Refused { answer, .. }) if answer.contains("invalid command") => {
                return Err(OpenOcdError::NotEspressifs { chip });
            }
            status => status?,
        };
        // OpenOCD itself does not refuse a second one, and breaks.
        if status.contains("Tracing is RUNNING") {
            return Err(OpenOcdError::AlreadyTracing);
        }
        let count = cores.len().clamp(1, 2);
        Ok(Self {
            destination: Destination::new(count, client.own_address()?)?,
            client,
            course: Course::new(options),
            chip,
            form: match count {
                1 => Form::Plain,
                count => Form::Streams(count as u8),
            },
            phase: Phase::New,
            events: VecDeque::new(),
            has_data: false,
        })
    }

    fn advance(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, OpenOcdError> {
        match self.phase {
            Phase::New => self.begin()?,
            Phase::Waiting => self.wait(timeout)?,
            Phase::Announcing { until } => self.start_when_announced(until, timeout)?,
            Phase::Tracing | Phase::Stopping | Phase::Stopped { .. } => {
                return self.read(bytes, timeout);
            }
            Phase::Ended => return Ok(Item::Ended),
        }
        Ok(self.events.pop_front().map_or(Item::Nothing, Item::Event))
    }

    fn begin(&mut self) -> Result<(), OpenOcdError> {
        self.course.prepare(&mut self.client)?;
        let options = self.course.options();
        if let Some(name) = self.course.start_name() {
            self.client.resume()?;
            self.say_waiting(format!("until the program comes to {name}"));
            self.phase = Phase::Waiting;
        } else if options.plan.reset {
            let until = Instant::now() + options.start_limit;
            self.client.resume()?;
            self.say_waiting("until the program tells OpenOCD of its trace buffers".to_owned());
            self.phase = Phase::Announcing { until };
        } else {
            self.start()?;
        }
        Ok(())
    }

    fn say_waiting(&mut self, what_for: String) {
        self.events.push_back(Event::Waiting(what_for));
    }

    fn wait(&mut self, timeout: Duration) -> Result<(), OpenOcdError> {
        thread::sleep(self.course.until_look().min(timeout));
        match self.course.look(&mut self.client)? {
            Some(Arrival::Start) => self.start()?,
            Some(Arrival::Elsewhere(place)) => self.notice_stop(&place),
            Some(Arrival::Stop) | None => {}
        }
        Ok(())
    }

    fn start_when_announced(
        &mut self,
        until: Instant,
        timeout: Duration,
    ) -> Result<(), OpenOcdError> {
        const PAUSE: Duration = Duration::from_millis(50);
        thread::sleep(PAUSE.min(timeout));
        match self.start() {
            Err(OpenOcdError::NoBuffers) if Instant::now() < until => Ok(()),
            result => result,
        }
    }

    /// Begins to trace. The target may stand still, and runs after that.
    fn start(&mut self) -> Result<(), OpenOcdError> {
        match self.client.command(&self.destination.start_command()?) {
            Err(OpenOcdError::Refused { answer, .. }) if answer.contains("Could not connect") => {
                let text = "OpenOCD cannot connect to this computer, and writes a file instead";
                self.events.push_back(Event::Notice(text.to_owned()));
                self.destination = Destination::files(1)?;
                self.client.command(&self.destination.start_command()?)?;
            }
            result => drop(result?),
        }
        self.phase = Phase::Tracing;
        if self.client.is_halted()? {
            self.client.resume()?;
        }
        self.events.push_back(Event::Started);
        Ok(())
    }

    fn read(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, OpenOcdError> {
        match self.phase {
            Phase::Tracing => self.look()?,
            Phase::Stopping => self.finish_stopping()?,
            _ => {}
        }
        if let Some(event) = self.events.pop_front() {
            return Ok(Item::Event(event));
        }
        let wait = match self.phase {
            Phase::Tracing => timeout.min(self.course.until_look()),
            _ => timeout.min(Duration::from_millis(20)),
        };
        let received = self.destination.read(bytes, wait)?;
        if let Received::Bytes(stream) = received {
            self.has_data |= bytes.contains(&0);
            if let Phase::Stopped { last } = &mut self.phase {
                *last = Instant::now();
            }
            return Ok(Item::Bytes { stream });
        }
        match (self.phase, received) {
            (Phase::Stopped { .. }, Received::End) => self.end(),
            (Phase::Stopped { last }, _) if last.elapsed() >= SILENCE => self.end(),
            (Phase::Tracing, Received::End) => {
                // OpenOCD gives up by itself if what it reads makes no sense to it.
                let text = "OpenOCD has ended the trace by itself";
                self.events.push_back(Event::Notice(text.to_owned()));
                self.begin_stopping()?;
                Ok(Item::Nothing)
            }
            _ => Ok(Item::Nothing),
        }
    }

    /// Looks where the target is.
    fn look(&mut self) -> Result<(), OpenOcdError> {
        match self.course.look(&mut self.client)? {
            Some(Arrival::Stop) => {
                self.events.push_back(Event::Stopped);
                self.begin_stopping()?;
            }
            Some(Arrival::Elsewhere(place)) => self.notice_stop(&place),
            Some(Arrival::Start) | None => {}
        }
        Ok(())
    }

    /// Has OpenOCD stop, which takes it seconds: meanwhile it sends us the last bytes.
    fn begin_stopping(&mut self) -> Result<(), OpenOcdError> {
        self.phase = Phase::Stopping;
        self.client.begin_command(self.destination.stop_command())
    }

    fn finish_stopping(&mut self) -> Result<(), OpenOcdError> {
        let text = match self.client.finish(Duration::from_millis(1)) {
            Ok(None) => return Ok(()),
            Ok(Some(text)) => text,
            Err(OpenOcdError::Refused { answer, .. }) => {
                let text = "OpenOCD could not end the trace as it should; its own output says why";
                self.events.push_back(Event::Notice(text.to_owned()));
                answer
            }
            Err(error) => return Err(error),
        };
        if let Some(complaint) = Statistics::parse(&text).complaint() {
            self.events.push_back(Event::Notice(complaint));
        }
        self.course.leave(&mut self.client)?;
        self.phase = Phase::Stopped {
            last: Instant::now(),
        };
        Ok(())
    }

    fn end(&mut self) -> Result<Item, OpenOcdError> {
        self.phase = Phase::Ended;
        if self.has_data {
            Ok(Item::Ended)
        } else {
            Err(OpenOcdError::Empty)
        }
    }

    /// Leaves a target that cannot be recorded as it was found, as far as that is possible.
    fn abandon(&mut self) {
        let is_tracing = matches!(self.phase, Phase::Tracing | Phase::Stopping);
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

    fn notice_stop(&mut self, place: &str) {
        let text = format!("the program stood still at {place}, and was told to run on");
        self.events.push_back(Event::Notice(text));
    }
}

impl Source for SysviewSource {
    fn name(&self) -> String {
        format!("{} at OpenOCD {}", self.chip, self.client.endpoint())
    }

    fn form(&self) -> Form {
        self.form
    }

    fn next(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, SourceError> {
        self.advance(bytes, timeout).map_err(|error| {
            self.abandon();
            error.into()
        })
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        match self.phase {
            Phase::New => self.phase = Phase::Ended,
            Phase::Waiting | Phase::Announcing { .. } => {
                self.phase = Phase::Ended;
                self.course.leave(&mut self.client)?;
            }
            Phase::Tracing => self.begin_stopping()?,
            Phase::Stopping | Phase::Stopped { .. } | Phase::Ended => {}
        }
        Ok(())
    }
}
