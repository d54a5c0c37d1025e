//! A client that talks to a server through a socket: requests and their answers.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use super::connection::{Connection, ProtocolError};
use super::endpoint::{Endpoint, Stream};
use super::error::GdbError;
use super::features::{Architecture, Description, Features};
use super::reply::{self, Stop};
use super::server::Server;
use crate::interrupt::{Interrupt, Wait};
use crate::memory::WordLayout;

/// A connection to a GDB server, whose target stands still or runs.
///
/// Every call returns after the time-out at the latest, or soon after the interrupt.
#[derive(Debug)]
pub struct Client {
    pub(super) endpoint: Endpoint,
    stream: Stream,
    connection: Connection,
    pub(super) time_out: Duration,
    pub(super) features: Features,
    pub(super) description: Description,
    pub(super) server: Server,
    pub(super) layout: WordLayout,
    pub(super) has_vcont: bool,
    pub(super) is_running: bool,
    /// The target stood still while something else was waited for.
    pub(super) pending_stop: Option<Stop>,
    text: VecDeque<String>,
    pub(super) interrupt: Interrupt,
    /// Memory is read to its end, whatever the user wants.
    pub(super) reads_patiently: bool,
}

impl Client {
    /// Connects, and learns what the server can do. Servers stop the target then.
    ///
    /// `time_out` is how long any answer may take.
    pub fn connect(
        endpoint: &Endpoint,
        time_out: Duration,
        interrupt: &Interrupt,
    ) -> Result<Self, GdbError> {
        let unreachable = |source| GdbError::Unreachable {
            endpoint: endpoint.to_string(),
            source,
        };
        let stream = endpoint.connect(time_out, interrupt).map_err(unreachable)?;
        let mut client = Self {
            endpoint: endpoint.clone(),
            stream,
            connection: Connection::default(),
            time_out,
            features: Features::parse(b""),
            description: Description::default(),
            server: Server::Other,
            layout: WordLayout::default(),
            has_vcont: false,
            is_running: false,
            pending_stop: None,
            text: VecDeque::new(),
            interrupt: interrupt.clone(),
            reads_patiently: false,
        };
        client.greet()?;
        Ok(client)
    }

    fn greet(&mut self) -> Result<(), GdbError> {
        let request = b"qSupported:swbreak+;hwbreak+;vContSupported+;binary-upload+";
        let answer = self.ask(request, "its features")?;
        self.features = Features::parse(&answer);
        if self.features.has_no_ack_mode && self.ask(b"QStartNoAckMode", "no-ack mode")? == b"OK" {
            self.connection.stop_acknowledging();
        }
        self.send(b"?")?;
        let stop = self.receive_until("why the target stands still", Stop::parse)?;
        if let Stop::Exited(_) | Stop::Killed(_) = stop {
            return Err(GdbError::Ended);
        }
        let actions = self.ask(b"vCont?", "how the target can be run")?;
        self.has_vcont = actions.starts_with(b"vCont")
            && actions.split(|&b| b == b';').any(|action| action == b"c");
        if self.features.has_target_description {
            self.read_description()?;
        }
        if let Some((_, bits)) = self.description.pc {
            self.layout.is_64_bit = bits == 64;
        }
        self.server = self.identify()?;
        Ok(())
    }

    /// Asks which program the server is. Most servers have monitor commands, of which `version` harms none.
    fn identify(&mut self) -> Result<Server, GdbError> {
        // A query that QEMU added to the protocol.
        let answer = self.ask(b"qqemu.sstepbits", "whether it is QEMU")?;
        if answer.starts_with(b"ENABLE") {
            return Ok(Server::Qemu);
        }
        match self.monitor("version") {
            Ok(text) => Ok(Server::of_version(&text)),
            Err(GdbError::Refused { .. } | GdbError::Unsupported { .. }) => Ok(Server::Other),
            Err(error) => Err(error),
        }
    }

    /// Reads `target.xml`, and what it includes.
    fn read_description(&mut self) -> Result<(), GdbError> {
        /// As many files do we read; the largest description known to us has ten.
        const FILES: usize = 32;
        let mut names = VecDeque::from(["target.xml".to_owned()]);
        for _ in 0..FILES {
            let Some(name) = names.pop_front() else {
                break;
            };
            let xml = self.transfer("features", &name)?;
            names.extend(self.description.read(&xml));
        }
        Ok(())
    }

    /// A document that the server has on the target, such as a file of its description; empty if it does not have it.
    pub(super) fn transfer(&mut self, kind: &str, name: &str) -> Result<String, GdbError> {
        const LONGEST: usize = 1 << 20;
        let mut file = Vec::new();
        // The answer has to fit into a packet, escaped.
        let part = self.features.packet_size.min(0x1000) / 2;
        while file.len() < LONGEST {
            let request = format!("qXfer:{kind}:read:{name}:{:x},{part:x}", file.len());
            let answer = self.ask(request.as_bytes(), "what it says of the target")?;
            match answer.split_first() {
                Some((b'm', data)) if !data.is_empty() => file.extend(data),
                Some((b'l', data)) => {
                    file.extend(data);
                    break;
                }
                _ => break,
            }
        }
        Ok(String::from_utf8_lossy(&file).into_owned())
    }

    /// Where the server listens.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Where the server finds this computer.
    pub fn own_address(&self) -> IpAddr {
        self.stream.own_address()
    }

    /// What it can do, as far as it says.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// Which program the server is.
    pub fn server(&self) -> Server {
        self.server
    }

    /// How numbers lie in the target's memory.
    pub fn layout(&self) -> WordLayout {
        self.layout
    }

    /// Says what the server may not know of the target: the caller has its ELF file.
    pub fn assume(&mut self, architecture: Architecture, layout: WordLayout) {
        self.description.architecture.get_or_insert(architecture);
        self.layout = layout;
    }

    /// The next piece of text that the server, or the target through it, has sent.
    pub fn next_text(&mut self) -> Option<String> {
        self.text.pop_front()
    }

    /// Sends a request; its answer. `what` is what we then wait for.
    pub(super) fn ask(&mut self, request: &[u8], what: &str) -> Result<Vec<u8>, GdbError> {
        self.send(request)?;
        self.receive_until(what, |packet| match Stop::parse(packet) {
            // Nobody is left to answer.
            Some(Stop::Exited(_) | Stop::Killed(_)) => Some(Err(GdbError::Ended)),
            // A stop that was reported late is no answer to anything.
            Some(Stop::Signal { .. }) => None,
            None => Some(Ok(packet.to_owned())),
        })?
    }

    /// The same for a request that changes something.
    pub(super) fn ask_for_ok(&mut self, request: &[u8], what: &str) -> Result<(), GdbError> {
        let answer = self.ask(request, what)?;
        self.expect_ok(&answer, what)
    }

    #[allow(clippy::unused_self, reason = "reads as part of the conversation")]
    pub(super) fn expect_ok(&self, answer: &[u8], what: &str) -> Result<(), GdbError> {
        match answer {
            b"OK" => Ok(()),
            b"" => Err(GdbError::Unsupported {
                request: what.to_owned(),
            }),
            _ => Err(refused(what, answer)),
        }
    }

    /// Sends a packet.
    pub(super) fn send(&mut self, payload: &[u8]) -> Result<(), GdbError> {
        self.connection.send(payload);
        self.flush("it to listen")
    }

    /// Sends the byte that stops a running target.
    pub(super) fn send_interrupt(&mut self) -> Result<(), GdbError> {
        self.connection.send_interrupt();
        self.flush("it to listen")
    }

    /// The first packet that `accept` takes. Text is kept for [`next_text`](Self::next_text); a stop of the running
    /// target that nobody waits for here, for the caller that does.
    pub(super) fn receive_until<T>(
        &mut self,
        awaited: &str,
        accept: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<T, GdbError> {
        let interrupt = self.interrupt.clone();
        let mut wait = Wait::new(self.time_out, &interrupt);
        loop {
            let Some(packet) = self.receive(&mut wait, awaited)? else {
                return Err(self.silence(awaited, &wait));
            };
            if self.is_about_something_else(&packet) {
                continue;
            }
            if let Some(answer) = accept(&packet) {
                return Ok(answer);
            }
        }
    }

    fn is_about_something_else(&mut self, packet: &[u8]) -> bool {
        if self.keep_text(packet) {
            return true;
        }
        if !self.is_running {
            return false;
        }
        let stop = Stop::parse(packet);
        let is_stop = stop.is_some();
        self.pending_stop = stop.or(self.pending_stop.take());
        is_stop
    }

    /// Whether the packet is text, which is kept.
    pub(super) fn keep_text(&mut self, packet: &[u8]) -> bool {
        /// Keeps at most this many pieces of this length, in bytes; forgets the rest until somebody fetches them.
        const KEPT: usize = 1_000;
        const LONGEST: usize = 10_000;
        let Some(mut text) = reply::text(packet) else {
            return false;
        };
        text.truncate(text.floor_char_boundary(LONGEST));
        if !text.is_empty() && self.text.len() < KEPT {
            self.text.push_back(text);
        }
        true
    }

    /// The next packet; `None` if none comes in time.
    pub(super) fn receive(
        &mut self,
        wait: &mut Wait<'_>,
        awaited: &str,
    ) -> Result<Option<Vec<u8>>, GdbError> {
        let mut bytes = [0; 4096];
        loop {
            if let Some(packet) = self.connection.next_packet() {
                return Ok(Some(packet));
            }
            let Some(turn) = wait.turn() else {
                return Ok(None);
            };
            let count = match self.stream.read(&mut bytes, turn) {
                Ok(0) => return Err(self.closed(awaited)),
                Ok(count) => count,
                Err(error) if is_time_out(&error) => continue,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.failed(awaited, error)),
            };
            self.connection
                .receive(&bytes[..count])
                .map_err(|source| GdbError::Protocol {
                    endpoint: self.endpoint.to_string(),
                    source,
                })?;
            self.flush(awaited)?;
        }
    }

    fn flush(&mut self, awaited: &str) -> Result<(), GdbError> {
        let outgoing = self.connection.take_outgoing();
        if outgoing.is_empty() {
            return Ok(());
        }
        let interrupt = self.interrupt.clone();
        let mut wait = Wait::new(self.time_out, &interrupt);
        let mut rest = &outgoing[..];
        while !rest.is_empty() {
            // Who only talks does not listen.
            let Some(turn) = wait.turn() else {
                return Err(self.silence(awaited, &wait));
            };
            match self.stream.write(rest, turn) {
                Ok(0) => return Err(self.closed(awaited)),
                Ok(count) => rest = &rest[count..],
                Err(error) if is_time_out(&error) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(awaited, error)),
            }
        }
        Ok(())
    }

    fn failed(&self, awaited: &str, source: io::Error) -> GdbError {
        match source.kind() {
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => self.closed(awaited),
            _ => GdbError::Failed {
                awaited: awaited.to_owned(),
                source,
            },
        }
    }

    fn closed(&self, awaited: &str) -> GdbError {
        self.not_gdb().unwrap_or_else(|| GdbError::Closed {
            awaited: awaited.to_owned(),
        })
    }

    fn silence(&self, awaited: &str, wait: &Wait<'_>) -> GdbError {
        self.not_gdb().unwrap_or_else(|| GdbError::TimeOut {
            awaited: awaited.to_owned(),
            limit: wait.waited(),
        })
    }

    /// If what was heard so far was no packet.
    fn not_gdb(&self) -> Option<GdbError> {
        let said = self.connection.other_language()?;
        Some(GdbError::Protocol {
            endpoint: self.endpoint.to_string(),
            source: ProtocolError::NotGdb { said },
        })
    }
}

pub(super) fn refused(request: &str, answer: &[u8]) -> GdbError {
    /// More of an answer says no more.
    const SHOWN: usize = 64;
    let said = reply::error(answer).unwrap_or_else(|| {
        let (shown, rest) = answer.split_at(answer.len().min(SHOWN));
        match rest.len() {
            0 => shown.escape_ascii().to_string(),
            more => format!("{} … and {more} bytes more", shown.escape_ascii()),
        }
    });
    GdbError::Refused {
        request: request.to_owned(),
        answer: said,
    }
}

fn is_time_out(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
