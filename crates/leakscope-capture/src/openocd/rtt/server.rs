//! OpenOCD's own RTT server: a port for each channel. It knows RTT for Arm's targets only.
//!
//! OpenOCD's manual, chapter "Real Time Transfer (RTT)".

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use super::Received;
use crate::openocd::client::Client;
use crate::openocd::error::{NO_REASON, OpenOcdError};
use crate::rtt::{NAME, Place};

/// How often OpenOCD looks for data, in milliseconds.
const POLLING_INTERVAL: u32 = 5;
const CHUNK: usize = 64 * 1024;
/// SEGGER's control block begins with this, and zeros up to 16 bytes.
const ID: &str = "SEGGER RTT";
const ID_LENGTH: u64 = 16;

/// A channel that OpenOCD serves.
#[derive(Debug)]
pub(super) struct Server {
    port: u16,
    stream: TcpStream,
}

impl Server {
    /// Has OpenOCD find the buffers and serve the channel `SysView`; `None` if it has no RTT for this target.
    pub(super) fn start(client: &mut Client, place: &Place) -> Result<Option<Self>, OpenOcdError> {
        if !setup(client, place)? {
            return Ok(None);
        }
        client.command(&format!("rtt polling_interval {POLLING_INTERVAL}"))?;
        let channels = client.command("rtt channels")?;
        let channel = up_channel(&channels)?;
        let port = free_port(client)?;
        client.command(&format!("rtt server start {port} {channel}"))?;
        let stream = TcpStream::connect((client.peer()?, port)).map_err(OpenOcdError::Failed)?;
        Ok(Some(Self { port, stream }))
    }

    /// What has come, within `timeout` at most.
    pub(super) fn read(
        &mut self,
        bytes: &mut Vec<u8>,
        timeout: Duration,
    ) -> Result<Received, OpenOcdError> {
        // No time at all would mean for ever.
        let wait = Some(timeout.max(Duration::from_millis(1)));
        let read = self.stream.set_read_timeout(wait).and_then(|()| {
            bytes.resize(CHUNK, 0);
            self.stream.read(bytes)
        });
        bytes.truncate(*read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => Ok(Received::End),
            Ok(_) => Ok(Received::Bytes(0)),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
                    Ok(Received::Nothing)
                }
                _ => Err(OpenOcdError::Failed(error)),
            },
        }
    }

    pub(super) fn send(&mut self, command: u8) -> Result<(), OpenOcdError> {
        let sent = self.stream.write_all(&[command]);
        sent.map_err(OpenOcdError::Failed)
    }

    /// Has OpenOCD stop serving.
    pub(super) fn stop(self, client: &mut Client) -> Result<(), OpenOcdError> {
        drop(self.stream);
        client.command(&format!("rtt server stop {}", self.port))?;
        client.command("rtt stop").map(drop)
    }
}

/// Has OpenOCD find the control block; false if it has no RTT for this target.
fn setup(client: &mut Client, place: &Place) -> Result<bool, OpenOcdError> {
    let places: Vec<(u64, u64)> = match place {
        Place::At(address) => vec![(*address, ID_LENGTH)],
        Place::Within(ranges) => ranges
            .iter()
            .map(|range| (range.start, range.end - range.start))
            .collect(),
    };
    for (start, length) in places {
        match client.command(&format!("rtt setup {start:#x} {length} {{{ID}}}")) {
            // The usage of the commands that it has: `rtt server` only.
            Err(OpenOcdError::Refused { answer, .. }) if !answer.contains("setup") => {
                return Ok(false);
            }
            result => result?,
        };
        match client.command("rtt start") {
            Ok(_) => return Ok(true),
            Err(OpenOcdError::Refused { answer, .. })
                if answer == NO_REASON || answer.to_lowercase().contains("control block") => {}
            Err(error) => return Err(error),
        }
    }
    Err(OpenOcdError::NoRtt)
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

/// A port that is free at the moment; OpenOCD cannot choose one.
fn free_port(client: &Client) -> Result<u16, OpenOcdError> {
    let listener = TcpListener::bind((client.own_address()?, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    Ok(address.map_err(OpenOcdError::Failed)?.port())
}
