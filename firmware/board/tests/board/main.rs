//! The board, through its public interface.
//!
//! - [`operations`]: arithmetic against a twin that counts bit by bit
//! - [`instructions`]: 32-bit instructions against an encoder ([`formats`])
//! - [`compressed`]: 16-bit instructions against the manual's table
//! - [`programs`]: what programs do: traps, interrupts, semihosting
//! - [`debugger`]: what OpenOCD does, scan by scan

mod compressed;
mod debugger;
mod formats;
mod instructions;
mod operations;
mod programs;
