//! What comes out of a target that is recorded: bytes, and what happened between them.

use std::collections::VecDeque;
use std::io;

use crate::source::{Item, SourceEvent};

/// Takes what a target sends.
pub trait Receiver {
    /// Takes the next bytes of a core's stream. Once this has returned `Ok`, the target may overwrite them.
    fn bytes(&mut self, core: usize, bytes: &[u8]) -> io::Result<()>;

    /// Learns what happened.
    fn event(&mut self, event: TargetEvent);
}

/// What happened to a target while it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetEvent {
    /// The recording begins: at a breakpoint at this address, or at once.
    Started {
        /// Where the target stood.
        address: Option<u64>,
    },
    /// The target has come to the breakpoint where the recording ends.
    ReachedStop {
        /// Where the target stood.
        address: Option<u64>,
    },
    /// The target stopped unexpectedly, and was told to go on.
    Interrupted {
        /// Why: a signal's number, as GDB counts them (5: a breakpoint; 11: an access to no memory).
        signal: u8,
        /// Where the target stood, if it says so.
        address: Option<u64>,
    },
    /// The program has ended; what was in its buffer then cannot be read.
    Ended {
        /// Its exit code.
        code: u8,
    },
    /// The target was reset, or the program began anew.
    Reset,
    /// The buffer of the recorder was found.
    Found {
        /// The names of all channels to the host, those that cannot be read left empty.
        channels: Vec<String>,
        /// The numbers of those that are read, one for each core.
        read: Vec<usize>,
    },
    /// The target was asked to start, because nothing came by itself.
    Asked,
    /// Text from the debug server, or the target through it: hostile, like all of a device's.
    Text(String),
    /// Something that lowers the value of the recording, in words.
    Notice(String),
}

impl TargetEvent {
    /// The same as a source says it, if it says it. `name` has a name for an address of the program.
    pub(crate) fn for_source(self, name: &dyn Fn(u64) -> String) -> Option<SourceEvent> {
        Some(match self {
            Self::Started { .. } => SourceEvent::Started,
            Self::ReachedStop { .. } => SourceEvent::Stopped,
            Self::Reset => SourceEvent::TargetReset,
            Self::Text(text) => SourceEvent::Text(text),
            Self::Notice(text) => SourceEvent::Notice(text),
            Self::Interrupted { signal, address } => SourceEvent::Notice(format!(
                "the program stopped at {} (signal {signal}) and was resumed",
                place(address, name)
            )),
            Self::Ended { .. } | Self::Found { .. } | Self::Asked => return None,
        })
    }
}

/// A name for where the target stands.
pub(crate) fn place(address: Option<u64>, name: &dyn Fn(u64) -> String) -> String {
    address.map_or_else(|| "an unknown address".to_owned(), name)
}

/// A receiver that keeps what it is given until somebody fetches it.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    pieces: VecDeque<Piece>,
}

/// What was received.
#[derive(Debug)]
pub(crate) enum Piece {
    Bytes { core: usize, bytes: Vec<u8> },
    Event(TargetEvent),
}

impl Inbox {
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(crate) fn put(&mut self, core: usize, bytes: Vec<u8>) {
        self.pieces.push_back(Piece::Bytes { core, bytes });
    }

    pub(crate) fn next(&mut self) -> Option<Piece> {
        self.pieces.pop_front()
    }

    /// The next bytes of one of this many streams, or event that `tell` makes something of.
    pub(crate) fn next_item(
        &mut self,
        streams: u8,
        bytes: &mut Vec<u8>,
        mut tell: impl FnMut(TargetEvent) -> Option<SourceEvent>,
    ) -> Option<Item> {
        while let Some(piece) = self.next() {
            match piece {
                Piece::Bytes { core, .. } if core >= usize::from(streams) => {}
                Piece::Bytes { core, bytes: sent } => {
                    *bytes = sent;
                    return Some(Item::Bytes { stream: core as u8 });
                }
                Piece::Event(event) => {
                    if let Some(event) = tell(event) {
                        return Some(Item::Event(event));
                    }
                }
            }
        }
        None
    }

    /// Adds a notice, if there is one.
    pub(crate) fn notice(&mut self, text: Option<String>) {
        let event = text.map(TargetEvent::Notice);
        self.pieces.extend(event.map(Piece::Event));
    }
}

impl Receiver for Inbox {
    fn bytes(&mut self, core: usize, bytes: &[u8]) -> io::Result<()> {
        self.put(core, bytes.to_owned());
        Ok(())
    }

    fn event(&mut self, event: TargetEvent) {
        self.pieces.push_back(Piece::Event(event));
    }
}
