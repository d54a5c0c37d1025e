//! From where to where a target is recorded, and how far that came.

use crate::receiver::place;
use crate::source::SourceEvent;

/// From where to where a target is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Reset the target first.
    pub reset: bool,
    /// Begin when the target comes to this instruction; `None`: at once.
    pub start: Option<u64>,
    /// End when the target comes to this instruction; `None`: when the caller says so.
    pub stop: Option<u64>,
}

impl Plan {
    /// What a source says first: what it waits for, or that recording begins at once.
    pub(crate) fn first_event(self, name: &dyn Fn(u64) -> String) -> SourceEvent {
        match self.start {
            Some(address) => {
                SourceEvent::Waiting(format!("until the program reaches {}", name(address)))
            }
            None => SourceEvent::Started,
        }
    }
}

/// How far a recording has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The target has not come to the start yet.
    Waiting,
    /// The target is recorded.
    Recording,
    /// Nothing more will come.
    Finished(Ending),
}

/// Why a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The target came to the instruction where it ends.
    ReachedStop,
    /// The caller wanted it.
    Asked,
    /// The program ended, with this exit code. What it had sent last may be lost.
    ProgramEnded(u8),
    /// The target stands still, again and again, and does not get on: it has crashed.
    Stuck {
        /// Why it stands still: a signal's number, as GDB counts them.
        signal: u8,
        /// Where, if known.
        address: Option<u64>,
    },
}

impl Ending {
    /// What there is to say of it; nothing if it is the usual one.
    pub(crate) fn sentence(self, name: &dyn Fn(u64) -> String) -> Option<String> {
        match self {
            Self::ReachedStop | Self::Asked => None,
            Self::ProgramEnded(code) => Some(format!(
                "the program ended with code {code}; what it had sent last may be lost"
            )),
            Self::Stuck { signal, address } => Some(format!(
                "the program stopped at {} (signal {signal}) and does not continue: it has crashed, or another \
                 debugger has set a breakpoint there",
                place(address, name)
            )),
        }
    }
}
