//! Recording through OpenOCD, driven by its Tcl interface (port 6666).
//!
//! - [`Rpc`] is the protocol without a socket: scripts out, replies in.
//! - [`Client`] asks, through a socket; [`Target`](target) is what it can say of the target, and it is the target's
//!   [`Memory`](crate::memory::Memory).
//! - [`SysviewSource`] has Espressif's OpenOCD read an ESP chip's trace; [`RttSource`] reads RTT's buffers, of
//!   other chips.
//! - [`connect`] chooses between the two.
//!
//! Where the facts are from: OpenOCD's manual, chapters "Tcl Scripting API" and "RTT"; Espressif's OpenOCD,
//! `src/target/espressif/esp32_apptrace.c` and `esp32_sysview.c`; and trying.

mod client;
mod course;
mod destination;
mod error;
mod memory;
mod registers;
mod rpc;
mod rtt;
mod statistics;
mod sysview;
pub mod target;

pub use client::Client;
pub(crate) use destination::{Destination, Received};
pub use error::OpenOcdError;
pub use rpc::{Notification, Reply, Rpc};
pub use rtt::RttSource;
pub(crate) use statistics::Statistics;
pub use sysview::SysviewSource;

use crate::course::Options;
use crate::gdb::Endpoint;
use crate::source::{Abilities, Source, SourceError};

/// What can be asked of a recording through OpenOCD.
pub const ABILITIES: Abilities = Abilities {
    breakpoints: true,
    reset: true,
};

/// Connects to the OpenOCD whose Tcl port is at `endpoint`, and prepares to record the target that it has.
///
/// # Errors
/// If there is no OpenOCD, or if it cannot record this target.
pub fn connect(endpoint: &Endpoint, options: Options) -> Result<Box<dyn Source>, SourceError> {
    let mut client = Client::connect(endpoint, &options.interrupt)?;
    let cores = target::cores(&mut client)?;
    if target::is_espressif(&cores) {
        return Ok(Box::new(SysviewSource::new(client, &cores, options)?));
    }
    Ok(Box::new(RttSource::new(client, options)?))
}
