//! What can go wrong with a GDB server.

use std::io;
use std::time::Duration;

use super::connection::ProtocolError;
use crate::memory::MemoryError;
use crate::source::SourceError;

/// Why a GDB server did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum GdbError {
    /// There is none.
    #[error("no GDB server answers at {endpoint}: {source}")]
    Unreachable {
        /// Where.
        endpoint: String,
        /// What the system says.
        source: io::Error,
    },
    /// It went away, perhaps in the middle of a packet.
    #[error("the GDB server closed the connection, while we waited for {awaited}")]
    Closed {
        /// What was waited for.
        awaited: String,
    },
    /// It is silent, or too slow.
    #[error("the GDB server sent no whole answer within {} s, while we waited for {awaited}", .limit.as_secs_f32())]
    TimeOut {
        /// What was waited for.
        awaited: String,
        /// How long.
        limit: Duration,
    },
    /// The connection fails.
    #[error("the connection to the GDB server failed, while we waited for {awaited}: {source}")]
    Failed {
        /// What was waited for.
        awaited: String,
        /// What the system says.
        source: io::Error,
    },
    /// It speaks another language.
    #[error("the program at {endpoint} does not speak GDB's protocol: {source}")]
    Protocol {
        /// Where.
        endpoint: String,
        /// What it did.
        source: ProtocolError,
    },
    /// It cannot, or does not want to.
    #[error("the GDB server refused {request}: {answer}")]
    Refused {
        /// What it was asked for.
        request: String,
        /// What it said.
        answer: String,
    },
    /// It does not know this request.
    #[error("the GDB server does not support {request}")]
    Unsupported {
        /// What it was asked for.
        request: String,
    },
    /// The user has had enough, and memory takes longer than that.
    #[error("the GDB server takes too long to read the memory")]
    TooSlow,
    /// The program has ended.
    #[error("the target's program has ended")]
    Ended,
}

impl GdbError {
    /// Whether it is the connection that fails: another one may do.
    pub(super) fn is_lost_link(&self) -> bool {
        matches!(
            self,
            Self::Closed { .. } | Self::TimeOut { .. } | Self::Failed { .. }
        )
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unreachable { .. } => Some(
                "start the GDB server first: OpenOCD listens at port 3333, QEMU (-s) at 1234, J-Link at 2331",
            ),
            Self::Protocol { .. } => Some(
                "OpenOCD has other ports too: 3333 is GDB's, 4444 Telnet's, 6666 Tcl's (--openocd)",
            ),
            Self::TimeOut { .. } => {
                Some("is another GDB connected? Most servers talk to one at a time")
            }
            _ => None,
        }
    }
}

impl From<GdbError> for SourceError {
    fn from(error: GdbError) -> Self {
        let message = Self::new(error.to_string());
        match error.hint() {
            Some(hint) => message.with_hint(hint),
            None => message,
        }
    }
}

impl From<GdbError> for MemoryError {
    fn from(error: GdbError) -> Self {
        Self::Lost(Box::new(error))
    }
}
