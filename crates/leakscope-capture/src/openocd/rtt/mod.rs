//! Recording a chip that is not Espressif's: by RTT.
//!
//! - [`server`]: OpenOCD reads the buffers, and serves a channel at a port.
//! - [`memory`]: where it cannot, we read them, through OpenOCD.

mod memory;
mod server;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::client::Client;
use super::course::Looks;
use super::error::OpenOcdError;
use crate::course::{Arrival, Options};
use crate::rtt::{Place, Reader};
use crate::source::{Item, Source, SourceError, SourceEvent};
use memory::Buffers;
use server::Server;

/// SystemView's commands.
const START: u8 = 1;
const STOP: u8 = 2;

/// A target that sends nothing for this long is asked to start.
const SILENCE: Duration = Duration::from_millis(500);
/// How long a target that was told to stop may take.
const LAST_TIME: Duration = Duration::from_millis(500);

/// A recording by RTT.
#[derive(Debug)]
pub struct RttSource {
    client: Client,
    course: Looks,
    place: Place,
    phase: Phase,
    way: Option<Way>,
    events: VecDeque<SourceEvent>,
    /// When the target was last heard, or told something.
    heard: Instant,
    was_asked: bool,
}

/// How the buffers are read.
#[derive(Debug)]
enum Way {
    Server(Server),
    Memory(Box<Buffers>),
}

/// What a look has brought.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Received {
    /// Bytes of this core.
    Bytes(u8),
    Notice(String),
    Reset,
    Nothing,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Waiting,
    Recording,
    Stopping,
    Ended,
}

impl RttSource {
    /// Prepares to record. The target is left alone until the first [`Source::next`].
    ///
    /// # Errors
    /// If it is not known where RTT's control block is.
    pub fn new(client: Client, options: Options) -> Result<Self, OpenOcdError> {
        Ok(Self {
            client,
            place: options.rtt.clone().ok_or(OpenOcdError::NoRtt)?,
            course: Looks::new(options),
            phase: Phase::New,
            way: None,
            events: VecDeque::new(),
            heard: Instant::now(),
            was_asked: false,
        })
    }

    fn advance(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, OpenOcdError> {
        match self.phase {
            Phase::New => self.begin()?,
            Phase::Waiting => {
                std::thread::sleep(self.course.until_next().min(timeout));
                self.look()?;
            }
            Phase::Recording | Phase::Stopping => {
                if self.phase == Phase::Recording {
                    self.look()?;
                }
                if self.events.is_empty() {
                    return self.read(bytes, timeout);
                }
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
                let event = SourceEvent::Waiting(format!("until the program reaches {name}"));
                self.events.push_back(event);
                self.phase = Phase::Waiting;
            }
            None => self.start()?,
        }
        Ok(())
    }

    fn look(&mut self) -> Result<(), OpenOcdError> {
        let looked = self.course.look(&mut self.client)?;
        self.events.extend(looked.notice.map(SourceEvent::Notice));
        match looked.arrival {
            Some(Arrival::Start { .. }) => self.start()?,
            Some(Arrival::Stop { .. }) => {
                self.events.push_back(SourceEvent::Stopped);
                self.client.resume()?;
                self.tell_to_stop()?;
            }
            _ if self.course.is_over() => self.tell_to_stop()?,
            _ => {}
        }
        Ok(())
    }

    /// Finds a way to the buffers. The target may stand still, and runs after that.
    fn start(&mut self) -> Result<(), OpenOcdError> {
        self.way = Some(match Server::start(&mut self.client, &self.place)? {
            Some(server) => Way::Server(server),
            None => {
                let layout = self.course.options().layout();
                let reader = Reader::new(self.place.clone(), layout);
                Way::Memory(Box::new(Buffers::new(reader)))
            }
        });
        self.client.resume_if_halted()?;
        self.heard = Instant::now();
        self.phase = Phase::Recording;
        self.events.push_back(SourceEvent::Started);
        Ok(())
    }

    fn read(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, OpenOcdError> {
        let timeout = timeout.min(self.course.until_next().max(Duration::from_millis(1)));
        let received = match &mut self.way {
            None => Received::End,
            Some(Way::Server(server)) => server.read(bytes, timeout)?,
            Some(Way::Memory(buffers)) => buffers.read(&mut self.client, bytes, timeout)?,
        };
        match received {
            Received::Bytes(stream) => {
                self.heard = Instant::now();
                self.was_asked = true;
                Ok(Item::Bytes { stream })
            }
            Received::Notice(text) => Ok(Item::Event(SourceEvent::Notice(text))),
            Received::Reset => Ok(Item::Event(SourceEvent::TargetReset)),
            Received::Nothing => self.silence(),
            Received::End => self.end(),
        }
    }

    fn silence(&mut self) -> Result<Item, OpenOcdError> {
        let silence = self.heard.elapsed();
        if self.phase == Phase::Stopping && silence >= LAST_TIME {
            return self.end();
        }
        // (Who reads memory asks by itself.)
        if self.phase == Phase::Recording
            && !self.was_asked
            && silence >= SILENCE
            && let Some(Way::Server(server)) = &mut self.way
        {
            self.was_asked = true;
            server.send(START)?;
        }
        Ok(Item::Nothing)
    }

    fn tell_to_stop(&mut self) -> Result<(), OpenOcdError> {
        self.phase = Phase::Stopping;
        self.heard = Instant::now();
        match &mut self.way {
            None => Ok(()),
            Some(Way::Server(server)) => server.send(STOP),
            Some(Way::Memory(buffers)) => buffers.send_stop(&mut self.client),
        }
    }

    fn end(&mut self) -> Result<Item, OpenOcdError> {
        self.phase = Phase::Ended;
        if let Some(Way::Server(server)) = self.way.take() {
            server.stop(&mut self.client)?;
        }
        self.course.leave(&mut self.client)?;
        Ok(Item::Ended)
    }
}

impl Source for RttSource {
    fn name(&self) -> String {
        format!("RTT at OpenOCD {}", self.client.endpoint())
    }

    fn next(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, SourceError> {
        self.advance(bytes, timeout).map_err(|error| {
            // What is wrong is said; the target is not to stand still because of us.
            let _ = self.end();
            error.into()
        })
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        match self.phase {
            Phase::New => self.phase = Phase::Ended,
            Phase::Waiting => {
                self.phase = Phase::Ended;
                self.course.leave(&mut self.client)?;
            }
            Phase::Recording => self.tell_to_stop()?,
            Phase::Stopping | Phase::Ended => {}
        }
        Ok(())
    }
}
