//! Recordings that are being made: what arrives is what the device sent, whatever happens meanwhile.
//!
//! - [`links`]: devices on the network and on a serial line, with their handshakes.
//! - [`faults`]: links that are lost, peers that die, files that take no more.
//! - [`files`]: what stands in the file, and what is never overwritten.
//! - [`growing`]: files that another program is still writing.
//! - [`parts`]: recordings in parts, and those to which a session is added.
//! - [`cores`]: one stream of two cores is split as OpenOCD does it.

mod cores;
mod faults;
mod files;
mod growing;
mod links;
mod parts;
mod record;
