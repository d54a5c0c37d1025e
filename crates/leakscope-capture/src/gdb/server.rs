//! Which program a server is: what it can do besides the protocol, and how it is told to reset the target.

use super::client::Client;
use super::error::GdbError;

/// A GDB server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// OpenOCD, which reads memory while the target runs.
    OpenOcd,
    /// Espressif's OpenOCD, which has commands for tracing (`esp sysview`).
    EspressifOpenOcd,
    /// QEMU, which does nothing while the target runs.
    Qemu,
    /// SEGGER's server.
    JLink,
    /// Another one.
    Other,
}

impl Server {
    /// Asks. Most servers have monitor commands, of which `version` harms none.
    pub(super) fn identify(client: &mut Client) -> Result<Self, GdbError> {
        // A query that QEMU added to the protocol.
        let answer = client.ask(b"qqemu.sstepbits", "whether it is QEMU")?;
        if answer.starts_with(b"ENABLE") {
            return Ok(Self::Qemu);
        }
        let text = match client.monitor("version") {
            Ok(text) => text,
            Err(GdbError::Refused { .. } | GdbError::Unsupported { .. }) => return Ok(Self::Other),
            Err(error) => return Err(error),
        };
        Ok(match text {
            _ if text.contains("Open On-Chip Debugger") && text.contains("-esp32-") => {
                Self::EspressifOpenOcd
            }
            _ if text.contains("Open On-Chip Debugger") => Self::OpenOcd,
            _ if text.contains("J-Link") || text.contains("SEGGER") => Self::JLink,
            _ => Self::Other,
        })
    }

    /// Whether memory can be read while the target runs.
    pub fn reads_running_target(self) -> bool {
        matches!(self, Self::OpenOcd | Self::EspressifOpenOcd)
    }

    /// The monitor command that resets the target, and leaves it before its first instruction.
    pub fn reset_command(self) -> &'static str {
        match self {
            Self::OpenOcd | Self::EspressifOpenOcd | Self::Other => "reset halt",
            Self::Qemu => "system_reset",
            Self::JLink => "reset",
        }
    }
}
