//! What can go wrong with a debug probe.

use crate::memory::MemoryError;
use crate::rtt::ReadError;
use crate::source::SourceError;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a target behind a debug probe cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// It is not of the form `VID:PID[:SERIAL]`.
    #[error("`{0}` selects no debug probe")]
    Selector(String),
    /// No chip, or more than one, has such a name.
    #[error("probe-rs knows no chip `{name}`, or more than one")]
    UnknownChip {
        /// The name.
        name: String,
        /// Names like it.
        similar: Vec<String>,
    },
    /// None is connected.
    #[error("no debug probe was found")]
    NoProbe,
    /// None of those that are connected is the one that was selected.
    #[error("the debug probe {selector} was not found")]
    NotThere {
        /// What was selected.
        selector: String,
        /// The others, each with its selector.
        others: Vec<String>,
    },
    /// It is not known which one is meant.
    #[error("there are {} debug probes", .0.len())]
    Several(
        /// Each with its selector.
        Vec<String>,
    ),
    /// The system does not let us.
    #[error("you have no permission to use the debug probe {0}")]
    NoPermission(
        /// With its selector.
        String,
    ),
    /// It is there, and cannot be used.
    #[error("the debug probe {name} cannot be opened")]
    NotOpened {
        /// With its selector.
        name: String,
        /// What probe-rs says.
        source: Cause,
    },
    /// The chip does not answer, or is another one.
    #[error("the debug probe cannot be attached to the chip {chip}")]
    NotAttached {
        /// The name of the chip.
        chip: String,
        /// What probe-rs says.
        source: Cause,
    },
    /// It was asked for something, and failed.
    #[error("the debug probe failed to {request}")]
    Failed {
        /// What it was asked for: `reset the target`.
        request: &'static str,
        /// What probe-rs says.
        source: Cause,
    },
    /// The target's memory, or the probe with it.
    #[error("the target's memory cannot be read any longer")]
    Memory(#[from] MemoryError),
    /// The receiver failed.
    #[error(transparent)]
    Receiver(std::io::Error),
}

impl ProbeError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Selector(_) => {
                "--probe VID:PID[:SERIAL], the numbers in hexadecimal: --probe 0483:374b".to_owned()
            }
            Self::UnknownChip { similar, .. } if similar.is_empty() => {
                "`probe-rs chip list` has all names; or start another GDB server, and use --gdb"
                    .to_owned()
            }
            Self::UnknownChip { similar, .. } => format!("it knows {}", similar.join(", ")),
            Self::NoProbe => "is its USB cable connected, and does the cable carry data? In a virtual machine, the \
                              device has to be passed on to it"
                .to_owned(),
            Self::NotThere { others, .. } if others.is_empty() => {
                "no debug probe is connected at all".to_owned()
            }
            Self::NotThere { others, .. } => format!("connected are {}", others.join(", ")),
            Self::Several(all) => format!("choose one with --probe SELECTOR: {}", all.join(", ")),
            Self::NoPermission(_) => {
                "on Linux, udev's rules give it: https://probe.rs/docs/getting-started/probe-setup has a file of them; \
                 then plug the probe in again"
                    .to_owned()
            }
            Self::NotOpened { .. } => {
                "does another program use it: a debugger, an IDE, OpenOCD?".to_owned()
            }
            Self::NotAttached { .. } => {
                "is the board powered, are the wires right, is it this chip? A program that sleeps deeply or uses the \
                 debug pins cannot be attached to"
                    .to_owned()
            }
            Self::Failed { .. } | Self::Memory(_) | Self::Receiver(_) => return None,
        })
    }
}

impl From<ReadError> for ProbeError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Memory(error) => Self::Memory(error),
            ReadError::Receiver(error) => Self::Receiver(error),
        }
    }
}

impl From<ProbeError> for SourceError {
    fn from(error: ProbeError) -> Self {
        let hint = error.hint();
        let message = Self::new(error.to_string());
        let message = match hint {
            Some(hint) => message.with_hint(hint),
            None => message,
        };
        match error {
            ProbeError::NotOpened { source, .. }
            | ProbeError::NotAttached { source, .. }
            | ProbeError::Failed { source, .. } => message.caused_by(source),
            ProbeError::Memory(source) => message.caused_by(source),
            _ => message,
        }
    }
}
