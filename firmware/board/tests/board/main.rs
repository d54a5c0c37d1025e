//! The board, through its public interface.
//!
//! - [`operations`]: arithmetic against a twin that counts bit by bit
//! - [`compressed`]: 16-bit instructions against the manual's table
//! - [`programs`]: what programs do: traps, interrupts, semihosting
//! - [`debugger`]: what OpenOCD does, scan by scan

mod compressed;
mod debugger;
mod operations;
mod programs;
