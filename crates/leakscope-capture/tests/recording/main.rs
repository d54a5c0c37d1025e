//! Recordings that are being made: what arrives is what the device sent, whatever happens meanwhile.
//!
//! - [`links`]: devices on the network and on a serial line, with their handshakes.
//! - [`faults`]: links that are lost, peers that die, files that take no more.
//! - [`files`]: what stands in the file, and what is never overwritten.
//! - [`cores`]: one stream of two cores is split as OpenOCD does it.
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

mod cores;
#[path = "../device/mod.rs"]
#[allow(dead_code, reason = "the tests of the command use the rest")]
mod device;
mod faults;
mod files;
mod links;
mod record;
