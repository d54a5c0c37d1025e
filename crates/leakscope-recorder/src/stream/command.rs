//! What the host may ask for, byte by byte.

/// A command of SystemView's host (the numbers are SEGGER's).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// 1
    Start,
    /// 2
    Stop,
    /// 3
    GetSystemTime,
    /// 4
    GetTaskList,
    /// 5
    GetSystemDescription,
    /// 6
    GetModuleCount,
    /// 7
    GetModuleDescriptions,
    /// 128, and the module's number
    GetModule(u8),
}

/// Reads commands: one byte each, except those from 128 on, which have a parameter.
#[derive(Debug)]
pub(super) struct Parser {
    /// A command that waits for its parameter.
    pending: Option<u8>,
}

impl Parser {
    pub(super) const NEW: Self = Self { pending: None };

    /// The command that `byte` completes. Unknown ones (and 127, the host's sign of life) are none.
    pub(super) fn push(&mut self, byte: u8) -> Option<Command> {
        if let Some(command) = self.pending.take() {
            return (command == 128).then_some(Command::GetModule(byte));
        }
        Some(match byte {
            1 => Command::Start,
            2 => Command::Stop,
            3 => Command::GetSystemTime,
            4 => Command::GetTaskList,
            5 => Command::GetSystemDescription,
            6 => Command::GetModuleCount,
            7 => Command::GetModuleDescriptions,
            128.. => {
                self.pending = Some(byte);
                return None;
            }
            _ => return None,
        })
    }
}
