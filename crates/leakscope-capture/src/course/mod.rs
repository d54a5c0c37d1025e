//! The course of a recording in a debugger's hands: reset, the start, the stop, and what comes between.
//!
//! - [`Plan`] says from where to where, [`Options`] what else has to be known, [`Status`] and [`Ending`] how far it came.
//! - [`Course`] decides, and does no I/O: it is told what the target does, and says what is to be done.
//! - [`Debugger`] is what does it: a GDB server, OpenOCD, a debug probe.
//! - [`RingRecording`] reads the recorder's buffer through a debugger meanwhile.

mod debugger;
mod options;
mod plan;
mod ring;
mod state;

pub use debugger::Debugger;
pub use options::Options;
pub use plan::{Ending, Plan, Status};
pub use ring::RingRecording;
pub use state::{Action, Arrival, Course, Halt};
