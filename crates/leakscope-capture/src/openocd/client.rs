//! Asking OpenOCD, through a socket.

use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::time::{Duration, Instant};

use super::error::OpenOcdError;
use super::rpc::{Notification, Reply, Rpc};
use crate::gdb::Endpoint;
use crate::interrupt::{Interrupt, Wait, tenths};
use crate::source::network::dial_within;

/// OpenOCD answers most things at once, and a reset within seconds.
const LIMIT: Duration = Duration::from_secs(20);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// A script of a few bytes is taken within this time.
const WRITE_LIMIT: Duration = Duration::from_secs(1);
/// The most that something else may say before we know that it is not OpenOCD.
const STRAY: usize = 128;

/// A connection to OpenOCD's Tcl port.
#[derive(Debug)]
pub struct Client {
    endpoint: Endpoint,
    stream: TcpStream,
    rpc: Rpc,
    /// How long an answer may take.
    limit: Duration,
    /// What is being done, without anybody waiting for it.
    pending: Option<String>,
    interrupt: Interrupt,
}

impl Client {
    /// Connects, and makes sure that it is OpenOCD.
    pub fn connect(endpoint: &Endpoint, interrupt: &Interrupt) -> Result<Self, OpenOcdError> {
        Self::connect_within(endpoint, LIMIT, interrupt)
    }

    /// The same, with this much time for OpenOCD to answer.
    pub(super) fn connect_within(
        endpoint: &Endpoint,
        limit: Duration,
        interrupt: &Interrupt,
    ) -> Result<Self, OpenOcdError> {
        let stream = connect(endpoint, interrupt).map_err(|source| OpenOcdError::Unreachable {
            endpoint: endpoint.to_string(),
            source,
        })?;
        let mut client = Self {
            endpoint: endpoint.clone(),
            stream,
            rpc: Rpc::default(),
            limit,
            pending: None,
            interrupt: interrupt.clone(),
        };
        match client.query("version") {
            Ok(_) => {
                client.limit = LIMIT;
                Ok(client)
            }
            Err(OpenOcdError::Refused { answer, .. }) => {
                Err(client.other_server(answer.as_bytes()))
            }
            Err(OpenOcdError::TimeOut { .. } | OpenOcdError::Closed { .. }) => {
                Err(client.other_server(client.rpc.incomplete()))
            }
            Err(error) => Err(error),
        }
    }

    /// Where it is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// OpenOCD's machine.
    pub(super) fn peer(&self) -> Result<IpAddr, OpenOcdError> {
        let address = self.stream.peer_addr().map_err(OpenOcdError::Failed)?;
        Ok(address.ip())
    }

    /// This machine's address, as OpenOCD sees it.
    pub(super) fn own_address(&self) -> Result<IpAddr, OpenOcdError> {
        let address = self.stream.local_addr().map_err(OpenOcdError::Failed)?;
        Ok(address.ip())
    }

    /// Has OpenOCD say what happens to the target, from now on.
    pub(super) fn subscribe(&mut self) -> Result<(), OpenOcdError> {
        match self.query("tcl_notifications on") {
            // One that cannot is of use all the same.
            Err(OpenOcdError::Refused { .. }) => Ok(()),
            result => result.map(drop),
        }
    }

    /// The next thing that has happened to the target, as far as it was heard while an answer was waited for.
    pub(super) fn next_notification(&mut self) -> Option<Notification> {
        self.rpc.next_notification()
    }

    /// The result of a script.
    pub fn query(&mut self, script: &str) -> Result<String, OpenOcdError> {
        self.rpc.query(script);
        self.wait(script)
    }

    /// What a script prints.
    pub fn command(&mut self, script: &str) -> Result<String, OpenOcdError> {
        self.rpc.command(script);
        self.wait(script)
    }

    /// Begins something that takes time, while other things go on: [`finish`](Self::finish) it.
    pub(super) fn begin_command(&mut self, script: &str) -> Result<(), OpenOcdError> {
        self.rpc.command(script);
        self.pending = Some(script.to_owned());
        self.send()
    }

    /// What the command that was begun has printed; `None` if it is not done yet.
    pub(super) fn finish(&mut self, limit: Duration) -> Result<Option<String>, OpenOcdError> {
        let Some(script) = self.pending.take() else {
            return Ok(Some(String::new()));
        };
        match self.reply(&script, limit)? {
            Some(reply) => result(&script, reply).map(Some),
            None => {
                self.pending = Some(script);
                Ok(None)
            }
        }
    }

    fn wait(&mut self, script: &str) -> Result<String, OpenOcdError> {
        self.send()?;
        let began = Instant::now();
        match self.reply(script, self.limit)? {
            Some(reply) => result(script, reply),
            None => Err(OpenOcdError::TimeOut {
                script: script.to_owned(),
                // A wait that was ended took less than its limit.
                limit: self.limit.min(tenths(began.elapsed())),
            }),
        }
    }

    fn send(&mut self) -> Result<(), OpenOcdError> {
        let outgoing = self.rpc.take_outgoing();
        self.stream
            .write_all(&outgoing)
            .map_err(OpenOcdError::Failed)
    }

    /// The next reply, if it comes within `limit`.
    fn reply(&mut self, script: &str, limit: Duration) -> Result<Option<Reply>, OpenOcdError> {
        let interrupt = self.interrupt.clone();
        let mut wait = Wait::new(limit, &interrupt);
        loop {
            if let Some(reply) = self.rpc.next_reply() {
                return Ok(Some(reply));
            }
            let Some(turn) = wait.turn() else {
                return Ok(None);
            };
            if self.rpc.incomplete().len() > STRAY && self.is_other_server() {
                return Err(self.other_server(self.rpc.incomplete()));
            }
            // No time at all would mean for ever.
            let time_out = turn.max(Duration::from_millis(1));
            self.stream
                .set_read_timeout(Some(time_out))
                .map_err(OpenOcdError::Failed)?;
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes) {
                Ok(0) => {
                    return Err(OpenOcdError::Closed {
                        script: script.to_owned(),
                    });
                }
                Ok(length) => self.rpc.receive(&bytes[..length]),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock
                    | io::ErrorKind::TimedOut
                    | io::ErrorKind::Interrupted => {}
                    _ => return Err(OpenOcdError::Failed(error)),
                },
            }
        }
    }

    /// A reply of OpenOCD begins with a number.
    fn is_other_server(&self) -> bool {
        let first = self.rpc.incomplete().first();
        first.is_none_or(|byte| !byte.is_ascii_digit() && *byte != b'-')
    }

    fn other_server(&self, said: &[u8]) -> OpenOcdError {
        let said = &said[..said.len().min(STRAY)];
        OpenOcdError::OtherServer {
            endpoint: self.endpoint.to_string(),
            said: said.escape_ascii().to_string(),
        }
    }
}

fn result(script: &str, reply: Reply) -> Result<String, OpenOcdError> {
    if reply.is_ok {
        Ok(reply.text)
    } else {
        Err(OpenOcdError::refused(script, &reply.text))
    }
}

fn connect(endpoint: &Endpoint, interrupt: &Interrupt) -> io::Result<TcpStream> {
    let Endpoint::Tcp { .. } = endpoint else {
        return Err(io::ErrorKind::Unsupported.into());
    };
    let stream = dial_within(&endpoint.to_string(), CONNECT_LIMIT, interrupt)?;
    stream.set_write_timeout(Some(WRITE_LIMIT))?;
    Ok(stream)
}
