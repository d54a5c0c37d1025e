//! SEGGER's Real Time Transfer: rings in the target's memory, which the target writes and the host empties.
//!
//! - [`ControlBlock`] says where they are; [`Place`] where to look for it.
//! - [`Reader`] takes what has come, and sends commands; [`Session`] asks a silent target to start.
//! - [`MemoryRecording`] is all of it, for a target that is never stopped. One that has to be stopped for each look
//!   is recorded by [`course::RingRecording`](crate::course::RingRecording).
//!
//! The words: *up* is from the target to the host, *down* the other way; a *channel* is a ring with a name; the
//! writer moves the *write position*, the reader the *read position*, and they are equal when nothing waits.

mod control_block;
mod pace;
mod reader;
mod recording;
mod search;
mod session;
mod source;

pub use control_block::{Channel, ControlBlock, ID, Look};
pub use pace::Pace;
pub use reader::{NAME, Progress, ReadError, Reader};
pub use recording::MemoryRecording;
pub use search::Place;
pub use session::{Look as SessionLook, Session};
pub use source::{ABILITIES, open_file};
