//! Recording an ESP chip: Espressif's OpenOCD takes the trace out of the device, and hands it to us.
//!
//! While it traces, OpenOCD is asked short questions only: it reads the device's blocks between them. (`wait_halt`
//! would keep it from reading, and the device from getting on.)

use std::collections::VecDeque;
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
            destination: Destination::new(count, &client)?,
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
            Phase::Tracing | Phase::Stopping | Phase::Stopped { .. } => {
                return self.read(bytes, timeout);
            }
            Phase::Ended => return Ok(Item::Ended),
        }
        Ok(self.events.pop_front().map_or(Item::Nothing, Item::Event))
    }

    fn begin(&mut self) -> Result<(), OpenOcdError> {
        self.course.prepare(&mut self.client)?;
        match self.course.start_name() {
            Some(name) => {
                self.client.resume()?;
                let event = Event::Waiting(format!("until the program comes to {name}"));
                self.events.push_back(event);
                self.phase = Phase::Waiting;
            }
            None => self.start()?,
        }
        Ok(())
    }

    fn wait(&mut self, timeout: Duration) -> Result<(), OpenOcdError> {
        std::thread::sleep(self.course.until_look().min(timeout));
        match self.course.look(&mut self.client)? {
            Some(Arrival::Start) => self.start()?,
            Some(Arrival::Elsewhere(place)) => self.notice_stop(&place),
            Some(Arrival::Stop) | None => {}
        }
        Ok(())
    }

    /// Begins to trace. The target may stand still, and runs after that.
    fn start(&mut self) -> Result<(), OpenOcdError> {
        let command = self.destination.start_command()?;
        if let Err(error) = self.client.command(&command) {
            // It is not to stand still because of us.
            let _ = self.course.leave(&mut self.client);
            return Err(error);
        }
        if self.client.is_halted()? {
            self.client.resume()?;
        }
        self.phase = Phase::Tracing;
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
                let text = "OpenOCD has ended the trace by itself; its own output says why";
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
            // It had given up before.
            Err(OpenOcdError::Refused { answer, .. }) => answer,
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
        Ok(self.advance(bytes, timeout)?)
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        match self.phase {
            Phase::New => self.phase = Phase::Ended,
            Phase::Waiting => {
                self.phase = Phase::Ended;
                self.course.leave(&mut self.client)?;
            }
            Phase::Tracing => self.begin_stopping()?,
            Phase::Stopping | Phase::Stopped { .. } | Phase::Ended => {}
        }
        Ok(())
    }
}
