//! A client of GDB's remote protocol: any program that GDB can connect to with `target remote` will do (OpenOCD,
//! QEMU, J-Link's server, pyOCD, probe-rs).
//!
//! - [`Connection`] is the protocol without a socket: payloads in, bytes out, and back ([`packet`]).
//! - [`Client`] asks, through a socket ([`Endpoint`]), and is the target's [`Memory`](crate::memory::Memory).
//! - [`connect`] makes a [`Source`](crate::source::Source) of it.
//! - [`GdbDebugger`] has the target in hand for a [`RingRecording`](crate::course::RingRecording), which reads the
//!   recorder's buffer out of its memory, and for an [`EspressifRecording`], which has Espressif's OpenOCD read it.
//!
//! Everything is blocking, with time-outs. What a server says may be wrong, late, or hostile.
//!
//! The protocol: GDB manual, appendix "GDB Remote Serial Protocol".

mod client;
mod connection;
mod debugger;
mod endpoint;
mod error;
mod espressif;
mod features;
mod hex;
mod lines;
mod memory;
pub mod packet;
mod record_error;
mod reply;
mod run;
mod server;
mod source;

pub use client::Client;
pub use connection::{Connection, ProtocolError};
pub use debugger::{GdbDebugger, Halted};
pub use endpoint::{Endpoint, EndpointError};
pub use error::GdbError;
pub use espressif::EspressifRecording;
pub use features::{Architecture, Features};
pub use record_error::RecordError;
pub use reply::Stop;
pub use run::Breakpoint;
pub use server::Server;
pub use source::{ABILITIES, connect};
