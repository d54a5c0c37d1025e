//! Which program a server is: what it can do besides the protocol, and how it is told to reset the target.

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
    /// Which one answers the monitor command `version` like this.
    pub(super) fn of_version(text: &str) -> Self {
        match text {
            _ if text.contains("Open On-Chip Debugger") && text.contains("-esp32-") => {
                Self::EspressifOpenOcd
            }
            _ if text.contains("Open On-Chip Debugger") => Self::OpenOcd,
            _ if text.contains("J-Link") || text.contains("SEGGER") => Self::JLink,
            _ => Self::Other,
        }
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
