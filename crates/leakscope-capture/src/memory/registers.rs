//! What the registers hold while a target stands still.

/// The registers of a core, or of a task that does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registers {
    /// The debugger's number of it, from 1 on.
    pub number: u64,
    /// Their values in GDB's order, as the answer to `g` has them.
    pub values: Vec<u8>,
}
