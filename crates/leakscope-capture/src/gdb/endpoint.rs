//! Where a server listens, and the socket.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::interrupt::Interrupt;
use crate::source::network::dial_within;

/// Where a server listens: `HOST:PORT`, `:PORT` or `PORT` on this machine, or, where there are such, the path
/// of a Unix socket (with a `/` in it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A host and a port.
    Tcp {
        /// Name or address.
        host: String,
        /// Its port.
        port: u16,
    },
    /// A socket in the file system.
    Unix(PathBuf),
}

/// Why a text is no [`Endpoint`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not HOST:PORT, such as localhost:3333")]
pub struct EndpointError(String);

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        if text.contains('/') {
            return Ok(Self::Unix(text.into()));
        }
        let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let port = port.parse().map_err(|_| EndpointError(text.to_owned()))?;
        Ok(Self::Tcp {
            host: if host.is_empty() { "localhost" } else { host }.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

impl Endpoint {
    pub(super) fn connect(&self, limit: Duration, interrupt: &Interrupt) -> io::Result<Stream> {
        match self {
            Self::Tcp { .. } => dial_within(&self.to_string(), limit, interrupt).map(Stream::Tcp),
            #[cfg(unix)]
            Self::Unix(path) => Ok(Stream::Unix(std::os::unix::net::UnixStream::connect(path)?)),
            #[cfg(not(unix))]
            Self::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// A connected socket.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixStream),
}

impl Stream {
    /// Reads what there is. If there is nothing until `limit` has passed, that is an error of the kind
    /// `WouldBlock` or `TimedOut`.
    pub(super) fn read(&mut self, bytes: &mut [u8], limit: Duration) -> io::Result<usize> {
        // No time at all would mean for ever.
        let limit = Some(limit.max(Duration::from_millis(1)));
        match self {
            Self::Tcp(stream) => {
                stream.set_read_timeout(limit)?;
                stream.read(bytes)
            }
            #[cfg(unix)]
            Self::Unix(stream) => {
                stream.set_read_timeout(limit)?;
                stream.read(bytes)
            }
        }
    }

    /// Where this computer is, seen from the other one; its own address if it is the same.
    pub(super) fn own_address(&self) -> IpAddr {
        let address = match self {
            Self::Tcp(stream) => stream.local_addr().ok(),
            #[cfg(unix)]
            Self::Unix(_) => None,
        };
        address.map_or(Ipv4Addr::LOCALHOST.into(), |address| address.ip())
    }

    /// Writes what there is room for; if there is none until `limit` has passed, that is an error as with reading.
    pub(super) fn write(&mut self, bytes: &[u8], limit: Duration) -> io::Result<usize> {
        let limit = Some(limit.max(Duration::from_millis(1)));
        match self {
            Self::Tcp(stream) => {
                stream.set_write_timeout(limit)?;
                stream.write(bytes)
            }
            #[cfg(unix)]
            Self::Unix(stream) => {
                stream.set_write_timeout(limit)?;
                stream.write(bytes)
            }
        }
    }
}
