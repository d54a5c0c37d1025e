//! Devices on the network: that are connected to, or that connect to us.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::conversation::Protocol;
use super::device::{Device, Line, Port};
use super::{Abilities, Source, SourceError};
use crate::interrupt::Interrupt;

/// What can be asked of devices on the network.
pub const ABILITIES: Abilities = Abilities {
    breakpoints: false,
    reset: false,
};

/// The port of "SystemView via IP", where the device is the server.
pub const SYSTEMVIEW_PORT: u16 = 19111;

/// A host on the same network answers within this time.
const CONNECT: Duration = Duration::from_secs(3);
/// A command of a few bytes is taken within this time.
const WRITE: Duration = Duration::from_secs(1);
/// While somebody is waited for, this often is looked whether he came.
const LOOK: Duration = Duration::from_millis(20);

/// Connects to a device at `address` (`HOST` or `HOST:PORT`) that speaks "SystemView via IP", or sends a
/// plain stream of packets.
///
/// # Errors
/// If nobody answers there.
pub fn connect(address: &str, interrupt: &Interrupt) -> Result<Box<dyn Source>, SourceError> {
    let address = if address.rsplit_once(':').is_none() {
        format!("{address}:{SYSTEMVIEW_PORT}")
    } else {
        address.to_owned()
    };
    dial(&address, Protocol::Ip, interrupt).map_err(|error| {
        error.with_hint(
            "is the device on, on this network, and is its SystemView server running? With \
             `--listen PORT` the device connects to this computer instead",
        )
    })
}

/// Connects to an RTT server at `address` (`HOST:PORT`), which hands over the channel `SysView`: OpenOCD's
/// (`rtt server start PORT CHANNEL`), or J-Link's, which is told the channel.
///
/// # Errors
/// If nobody answers there.
pub fn connect_rtt(
    address: &str,
    jlink_channel: Option<u8>,
    interrupt: &Interrupt,
) -> Result<Box<dyn Source>, SourceError> {
    dial(address, Protocol::Rtt { jlink_channel }, interrupt).map_err(|error| {
        error.with_hint(
            "OpenOCD's RTT server is started with `rtt server start PORT CHANNEL`; J-Link's has the \
             port 19021",
        )
    })
}

/// Waits at `address` (`PORT` or `ADDRESS:PORT`) for a device to connect. Port 0 is one that the system
/// chooses; [`Source::name`] says which.
///
/// # Errors
/// If the address is not to be had.
pub fn listen(address: &str) -> Result<Box<dyn Source>, SourceError> {
    let address = if address.contains(':') {
        address.to_owned()
    } else {
        format!("0.0.0.0:{address}")
    };
    let failed = |error: io::Error| {
        SourceError::new(format!("cannot listen at {address}"))
            .caused_by(error)
            .with_hint("another program may have this port; `--listen 0` chooses a free one")
    };
    let listener = TcpListener::bind(&address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let line = Box::new(Listening { listener, address });
    Ok(Box::new(Device::open(line, Protocol::Ip).map_err(failed)?))
}

fn dial(
    address: &str,
    protocol: Protocol,
    interrupt: &Interrupt,
) -> Result<Box<dyn Source>, SourceError> {
    let failed =
        |error| SourceError::new(format!("`{address}` cannot be connected to")).caused_by(error);
    let line = Box::new(Dialled {
        address: address.to_owned(),
        interrupt: interrupt.clone(),
    });
    Ok(Box::new(Device::open(line, protocol).map_err(failed)?))
}

/// A device that we connect to.
struct Dialled {
    address: String,
    interrupt: Interrupt,
}

impl Line for Dialled {
    fn name(&self) -> String {
        self.address.clone()
    }

    fn open(&mut self, _: Duration) -> io::Result<Option<Box<dyn Port>>> {
        let stream = dial_within(&self.address, CONNECT, &self.interrupt)?;
        ready(stream).map(Some)
    }
}

/// Connects to the first of the addresses that `name` (`HOST:PORT`) has where somebody answers.
pub(crate) fn dial_within(
    name: &str,
    limit: Duration,
    interrupt: &Interrupt,
) -> io::Result<TcpStream> {
    let name = name.to_owned();
    interrupt.unless_set(move || {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for address in name.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, limit) {
                Ok(stream) => {
                    // What is sent is small, and waited for.
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    })
}

/// A device that connects to us.
struct Listening {
    listener: TcpListener,
    address: SocketAddr,
}

impl Line for Listening {
    fn name(&self) -> String {
        format!("a device that connects to {}", self.address)
    }

    fn open(&mut self, timeout: Duration) -> io::Result<Option<Box<dyn Port>>> {
        let deadline = Instant::now() + timeout;
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false)?;
                    return ready(stream).map(Some);
                }
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                Err(_) if Instant::now() >= deadline => return Ok(None),
                Err(_) => std::thread::sleep(LOOK.min(timeout)),
            }
        }
    }

    fn another(&mut self) -> Option<Box<dyn Port>> {
        self.open(Duration::ZERO).ok().flatten()
    }
}

fn ready(stream: TcpStream) -> io::Result<Box<dyn Port>> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE))?;
    Ok(Box::new(stream))
}

impl Port for TcpStream {
    fn set_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(timeout))
    }
}
