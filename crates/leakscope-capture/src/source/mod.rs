//! Live sources: devices that send a trace while it is being recorded.
//!
//! A [`Source`] is pulled: [`Source::next`] waits a little and hands over bytes, a [`SourceEvent`], or nothing.
//! It delivers bytes as the device sent them, without the transport's own framing, and decodes nothing.
//! The caller writes the bytes to a file first, and looks at them afterwards.
//!
//! ```
//! use std::time::Duration;
//! use leakscope_capture::source::{SourceEvent, Form, Item, Source, SourceError};
//!
//! /// A device that has ten bytes to say.
//! struct Short { said: bool }
//!
//! impl Source for Short {
//!     fn name(&self) -> String {
//!         "a short device".to_owned()
//!     }
//!
//!     fn next(&mut self, bytes: &mut Vec<u8>, _: Duration) -> Result<Item, SourceError> {
//!         if self.said {
//!             return Ok(Item::Ended);
//!         }
//!         self.said = true;
//!         bytes.extend([0; 10]);
//!         Ok(Item::Bytes { stream: 0 })
//!     }
//!
//!     fn stop(&mut self) -> Result<(), SourceError> {
//!         Ok(())
//!     }
//! }
//!
//! let mut source = Short { said: false };
//! let mut bytes = Vec::new();
//! assert_eq!(source.form(), Form::Plain);
//! assert_eq!(source.next(&mut bytes, Duration::ZERO)?, Item::Bytes { stream: 0 });
//! assert_eq!(bytes, [0; 10]);
//! # Ok::<(), SourceError>(())
//! ```
//!
//! The kinds of sources: [`serial`] lines, devices on the [`network`], [`growing`] files, [`stdin`].

mod conversation;
mod device;
mod error;
pub mod growing;
mod line_errors;
mod lost;
pub mod network;
pub mod serial;
pub mod stdin;

pub use error::SourceError;
pub(crate) use lost::Lost;

use std::time::Duration;

/// Where a trace comes from while it is recorded.
///
/// A source is made by its own module, which connects to the device and reports what is wrong with that;
/// the trace begins with the first [`Source::next`]. It may be moved to another thread before.
pub trait Source: Send {
    /// What it is connected to, as it is shown to the user: `/dev/ttyUSB0 at 1000000 baud`.
    fn name(&self) -> String;

    /// How its bytes are laid out. The same for the whole recording.
    fn form(&self) -> Form {
        Form::Plain
    }

    /// The next thing from the device, at the latest after about `timeout`.
    ///
    /// `bytes` is empty when this is called; [`Item::Bytes`] says that some were put there.
    ///
    /// # Errors
    /// What ends the recording: a link that cannot come back, a device that cannot be traced. A link that
    /// may come back is [`SourceEvent::LinkLost`].
    fn next(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, SourceError>;

    /// Ends the tracing on the device, and leaves the device as it was found (running, without our
    /// breakpoints). It returns as soon as the device was told; [`Source::next`] then delivers what is
    /// still under way, and [`Item::Ended`] at last.
    ///
    /// # Errors
    /// If the device could not be told.
    fn stop(&mut self) -> Result<(), SourceError>;

    /// How many bytes stood at this computer when it was stopped (now, if it was not) that [`Source::next`] has not
    /// handed over yet. All of them are taken after a stop, however many: what is left of them is missing.
    fn unread(&self) -> u64 {
        0
    }
}

/// How a source's bytes are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One stream of packets, as SEGGER's recorder writes it.
    Plain,
    /// One stream of two cores with Espressif's core bit in its ids, as an ESP chip sends it over JTAG.
    CoreBit,
    /// This many streams, one a core, each with its own sync; at most 255.
    Streams(u8),
}

impl Form {
    /// The form of this many streams.
    pub(crate) fn of_streams(streams: u8) -> Self {
        match streams {
            1 => Self::Plain,
            streams => Self::Streams(streams),
        }
    }
}

/// What [`Source::next`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The device sent bytes: one or more.
    Bytes {
        /// Of which stream: 0, or less than the number in [`Form::Streams`].
        stream: u8,
    },
    /// Something else happened.
    Event(SourceEvent),
    /// Nothing yet.
    Nothing,
    /// Nothing more will come: the device has stopped, or the other side has ended the connection for
    /// good.
    Ended,
}

/// What happens to a device while it is recorded, other than that it sends bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceEvent {
    /// Nothing can be recorded yet; what is waited for, for example `for 192.168.0.7 to connect` or
    /// `until heap_trace_start is reached`.
    Waiting(String),
    /// Tracing has begun, as far as the source can know that.
    Started,
    /// Tracing has ended on the device by itself (it has reached the place to stop at). What is under way
    /// still comes, then [`Item::Ended`].
    Stopped,
    /// The device was reset; what comes from now on is a new session.
    TargetReset,
    /// The link is gone, for this reason; the source tries to get it back.
    LinkLost(String),
    /// The link is back.
    LinkRestored {
        /// How long it was gone.
        gone: Duration,
        /// Nothing is missing of what the device sent meanwhile, as far as the link can be to blame.
        is_whole: bool,
    },
    /// Bytes may be missing before those that come next, as this sentence without a capital at its front says.
    Gap(String),
    /// A line that the device prints, beside its trace: hostile, like all of a device's text.
    Text(String),
    /// Something that the user should know, in a sentence without a capital at its front.
    Notice(String),
}

/// What can be asked of a kind of source. Each kind says so itself, in a constant, so that what it cannot
/// do is refused before anything is connected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// It can begin and end at an address or a symbol of the program (`--start`, `--stop`).
    pub breakpoints: bool,
    /// It can reset the device before it records (`--reset`).
    pub reset: bool,
}
