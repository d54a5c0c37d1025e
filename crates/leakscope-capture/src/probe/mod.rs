//! A debug probe at this computer, through the crate `probe-rs`: what `leakscope record --probe` records. Only with
//! the cargo feature `probe`.
//!
//! - [`connect`] finds the probe, attaches it to the chip, and makes a [`Source`](crate::source::Source) of it.
//! - [`Target`] is the little that a recording needs of a processor; `Attached` is the one behind a probe.
//! - [`ProbeDebugger`] has a target in hand for a [`RingRecording`](crate::course::RingRecording), which reads RTT's
//!   buffers out of it while it runs.

mod attached;
mod error;
mod find;
mod source;
mod target;

pub use error::ProbeError;
pub use find::Found;
pub use source::{ABILITIES, connect};
pub use target::{ProbeDebugger, Target};
