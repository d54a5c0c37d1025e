//! The way in for a debugger: JTAG, and the debug module behind it.
//!
//! The RISC-V External Debug Support, version 0.13.
//!
//! - [`jtag_dpi`]: OpenOCD's protocol for simulated adapters, scans over TCP
//! - [`tap`]: JTAG instructions and data registers
//! - [`module`]: the debug module's registers: halt, resume, reset
//! - [`abstract_command`]: access to the hart's registers
//! - [`system_bus`]: access to memory, also while the hart runs

pub mod abstract_command;
pub mod jtag_dpi;
pub mod module;
pub mod system_bus;
pub mod tap;
