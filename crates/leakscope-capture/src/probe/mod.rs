//! A debug probe at this computer, through the crate `probe-rs`: what `leakscope record --probe` records. Only with
//! the cargo feature `probe`.
//!
//! - [`connect`] finds the probe, attaches it to the chip, and makes a [`Source`](crate::source::Source) of it.
//! - [`Target`] is the little that a recording needs of a processor; `Attached` is the one behind a probe.
//! - [`TargetMemory`] is the [`Memory`](crate::memory::Memory) of a target.
//! - [`ProbeRecording`] reads RTT's buffers out of it, between two breakpoints, while the target runs.

mod attached;
mod error;
mod find;
mod recording;
mod source;
mod target;

pub use error::ProbeError;
pub use find::Found;
pub use recording::ProbeRecording;
pub use source::{ABILITIES, ProbeOptions, connect};
pub use target::{Target, TargetMemory};
