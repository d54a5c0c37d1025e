//! Recording a chip that is not Espressif's: OpenOCD reads RTT's buffers, and serves a channel at a port.
//!
//! OpenOCD's manual, chapter "Real Time Transfer (RTT)".

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::client::Client;
use super::course::{Arrival, Course};
use super::error::OpenOcdError;
use super::options::{Options, RttPlace};
use crate::rtt::NAME;
use crate::source::{Event, Item, Source, SourceError};

/// SystemView's commands.
const START: u8 = 1;
const STOP: u8 = 2;

/// A target that sends nothing for so long is asked to start.
const SILENCE: Duration = Duration::from_millis(500);
/// So much time has a target that was told to stop.
const LAST_TIME: Duration = Duration::from_millis(500);
/// How often OpenOCD looks for data, in milliseconds.
const POLLING_INTERVAL: u32 = 5;
const CHUNK: usize = 64 * 1024;

/// A recording through OpenOCD's RTT server.
#[derive(Debug)]
pub struct RttSource {
    client: Client,
    course: Course,
    phase: Phase,
    server: Option<Server>,
    events: VecDeque<Event>,
    /// When the target was last heard, or asked.
    heard: Instant,
    was_asked: bool,
}

#[derive(Debug)]
struct Server {
    port: u16,
    stream: TcpStream,
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
        if options.rtt == RttPlace::Unknown {
            return Err(OpenOcdError::NoRtt);
        }
        Ok(Self {
            client,
            course: Course::new(options),
            phase: Phase::New,
            server: None,
            events: VecDeque::new(),
            heard: Instant::now(),
            was_asked: false,
        })
    }

    fn advance(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, OpenOcdError> {
        match self.phase {
            Phase::New => self.begin()?,
            Phase::Waiting => {
                std::thread::sleep(self.course.until_look().min(timeout));
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
                let event = Event::Waiting(format!("until the program comes to {name}"));
                self.events.push_back(event);
                self.phase = Phase::Waiting;
            }
            None => self.start()?,
        }
        Ok(())
    }

    fn look(&mut self) -> Result<(), OpenOcdError> {
        match self.course.look(&mut self.client)? {
            Some(Arrival::Start) => self.start()?,
            Some(Arrival::Stop) => {
                self.events.push_back(Event::Stopped);
                self.client.resume()?;
                self.tell_to_stop()?;
            }
            Some(Arrival::Elsewhere(place)) => {
                let text = format!("the program stood still at {place}, and was told to run on");
                self.events.push_back(Event::Notice(text));
            }
            None => {}
        }
        Ok(())
    }

    /// Has OpenOCD find the buffers and serve them. The target may stand still, and runs after that.
    fn start(&mut self) -> Result<(), OpenOcdError> {
        let started = self.start_server();
        if self.client.is_halted()? {
            self.client.resume()?;
        }
        if let Err(error) = started {
            let _ = self.course.leave(&mut self.client);
            return Err(error);
        }
        self.heard = Instant::now();
        self.phase = Phase::Recording;
        self.events.push_back(Event::Started);
        Ok(())
    }

    fn start_server(&mut self) -> Result<(), OpenOcdError> {
        /// SEGGER's control block begins with this.
        const ID: &str = "SEGGER RTT";
        let (start, length) = match self.course.options().rtt {
            RttPlace::Unknown => return Err(OpenOcdError::NoRtt),
            RttPlace::At(address) => (address, ID.len() as u64 + 6),
            RttPlace::Within { start, length } => (start, length),
        };
        self.client
            .command(&format!("rtt setup {start:#x} {length} {{{ID}}}"))?;
        match self.client.command("rtt start") {
            Err(OpenOcdError::Refused { .. }) => return Err(OpenOcdError::NoRtt),
            result => result.map(drop)?,
        }
        self.client
            .command(&format!("rtt polling_interval {POLLING_INTERVAL}"))?;
        let channels = self.client.command("rtt channels")?;
        let channel = up_channel(&channels)?;
        let port = free_port(&self.client)?;
        self.client
            .command(&format!("rtt server start {port} {channel}"))?;
        let address = (self.client.peer()?, port);
        let stream = TcpStream::connect(address).map_err(OpenOcdError::Failed)?;
        self.server = Some(Server { port, stream });
        Ok(())
    }

    fn read(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, OpenOcdError> {
        let wait = timeout.min(self.course.until_look());
        let Some(server) = &mut self.server else {
            return Ok(Item::Ended);
        };
        // No time at all would mean for ever.
        let wait = Some(wait.max(Duration::from_millis(1)));
        let read = server.stream.set_read_timeout(wait).and_then(|()| {
            bytes.resize(CHUNK, 0);
            server.stream.read(bytes)
        });
        bytes.truncate(*read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => self.end(),
            Ok(_) => {
                self.heard = Instant::now();
                self.was_asked = true;
                Ok(Item::Bytes { stream: 0 })
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
                    self.silence()
                }
                _ => Err(OpenOcdError::Failed(error)),
            },
        }
    }

    fn silence(&mut self) -> Result<Item, OpenOcdError> {
        let silence = self.heard.elapsed();
        if self.phase == Phase::Stopping && silence >= LAST_TIME {
            return self.end();
        }
        if self.phase == Phase::Recording && !self.was_asked && silence >= SILENCE {
            self.was_asked = true;
            self.send(START)?;
        }
        Ok(Item::Nothing)
    }

    fn send(&mut self, command: u8) -> Result<(), OpenOcdError> {
        match &mut self.server {
            Some(server) => server
                .stream
                .write_all(&[command])
                .map_err(OpenOcdError::Failed),
            None => Ok(()),
        }
    }

    fn tell_to_stop(&mut self) -> Result<(), OpenOcdError> {
        self.phase = Phase::Stopping;
        self.heard = Instant::now();
        self.send(STOP)
    }

    fn end(&mut self) -> Result<Item, OpenOcdError> {
        self.phase = Phase::Ended;
        if let Some(server) = self.server.take() {
            drop(server.stream);
            self.client
                .command(&format!("rtt server stop {}", server.port))?;
            self.client.command("rtt stop")?;
        }
        self.course.leave(&mut self.client)?;
        Ok(Item::Ended)
    }
}

/// The number of the channel that SystemView uses.
///
/// `Channels: up=2, down=2` / `Up-channels:` / `0: Terminal 1024 0` / `1: SysView 4096 0` / `Down-channels:` …
fn up_channel(text: &str) -> Result<u32, OpenOcdError> {
    let up = text
        .lines()
        .skip_while(|line| !line.starts_with("Up-channels"))
        .skip(1)
        .take_while(|line| !line.starts_with("Down-channels"));
    let mut names = Vec::new();
    for line in up {
        let Some((number, rest)) = line.split_once(':') else {
            continue;
        };
        let name = rest.split_whitespace().next().unwrap_or("");
        if let Ok(number) = number.trim().parse()
            && name == NAME
        {
            return Ok(number);
        }
        names.push(name.to_owned());
    }
    Err(OpenOcdError::NoSysViewChannel {
        names: names.join(", "),
    })
}

/// A port that nobody uses at the moment; OpenOCD cannot choose one.
fn free_port(client: &Client) -> Result<u16, OpenOcdError> {
    let listener = TcpListener::bind((client.own_address()?, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    Ok(address.map_err(OpenOcdError::Failed)?.port())
}

impl Source for RttSource {
    fn name(&self) -> String {
        format!("RTT at OpenOCD {}", self.client.endpoint())
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
            Phase::Recording => self.tell_to_stop()?,
            Phase::Stopping | Phase::Ended => {}
        }
        Ok(())
    }
}
