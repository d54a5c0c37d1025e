//! Targets and what reads them, through the public interface.
//!
//! - [`device`] is a target in a few lines: RAM with RTT's control block, and a program that fills it.
//! - [`rtt`]: its buffers, read out of simulated memory; [`memory`]: memory that is a file.
//! - [`course`]: what is done when, without a debugger.
//! - [`packets`]: GDB's packets, cut in any way. [`server`]: an independent GDB server, the crate `gdbstub`, that
//!   runs a device; [`gdb`]: a client of it, through a [`line`] that does whatever lines do.
//! - [`openocd`]: recording through OpenOCD, whose part plays [`openocd_model`].
//! - `probe` (with the cargo feature of that name): recording through a debug probe, as far as it needs none.
//! - [`scripted`]: servers that say one thing after another, however wrong.

mod course;
mod device;
mod gdb;
mod line;
mod memory;
mod openocd;
mod openocd_model;
mod packets;
#[cfg(feature = "probe")]
mod probe;
mod rtt;
mod scripted;
mod server;
mod snapshot;
