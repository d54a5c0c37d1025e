//! What a recording needs of a processor behind a debug probe.

use std::ops::Range;
use std::thread;
use std::time::Duration;

use super::error::ProbeError;
use crate::course::{Debugger, Halt};
use crate::memory::{Memory, MemoryError, Registers};

/// A processor in the hands of a debug probe.
pub trait Target {
    /// Reads 32-bit words, each whole, whether the target runs or not. `address` and the number of `bytes` are
    /// multiples of four.
    fn read_words(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), MemoryError>;

    /// Writes bytes; a 32-bit word at a multiple of four that all of is written, whole.
    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryError>;

    /// Resets it; it stands still before its first instruction.
    fn reset(&mut self) -> Result<(), ProbeError>;

    /// Lets it run, if it stands still: past a breakpoint, if there is one.
    fn run(&mut self) -> Result<(), ProbeError>;

    /// Stops it, if it runs.
    fn halt(&mut self) -> Result<(), ProbeError>;

    /// The registers of all cores of one that stands still; none if they cannot be had.
    fn registers(&mut self) -> Vec<Registers>;

    /// Where it has RAM, by what is known of the chip.
    fn ram(&self) -> Vec<Range<u64>>;

    /// The address of the instruction before which it stands still; `None` while it runs.
    fn halted_at(&mut self) -> Result<Option<u64>, ProbeError>;

    /// Has it stand still when it comes to this instruction: a breakpoint of the hardware.
    fn set_breakpoint(&mut self, address: u64) -> Result<(), ProbeError>;

    /// Takes a breakpoint away.
    fn clear_breakpoint(&mut self, address: u64) -> Result<(), ProbeError>;
}

/// A target that is recorded. It runs meanwhile: it stands still only at the breakpoints, and while they are set.
#[derive(Debug)]
pub struct ProbeDebugger<T>(pub T);

impl<T: Target> Debugger for ProbeDebugger<T> {
    type Error = ProbeError;

    fn reset(&mut self) -> Result<(), ProbeError> {
        self.0.reset()
    }

    fn run(&mut self) -> Result<(), ProbeError> {
        self.0.run()
    }

    fn wait(&mut self, limit: Duration) -> Result<Option<Halt>, ProbeError> {
        /// Until a target that stands at the start is seen to.
        const GLANCE: Duration = Duration::from_millis(10);
        thread::sleep(limit.min(GLANCE));
        Ok(self.0.halted_at()?.map(Halt::at))
    }

    fn set_breakpoint(&mut self, address: u64) -> Result<(), ProbeError> {
        self.0.set_breakpoint(address)
    }

    fn clear_breakpoint(&mut self, address: u64) -> Result<(), ProbeError> {
        self.0.clear_breakpoint(address)
    }

    fn renew_breakpoint(&mut self, address: u64) -> Result<(), ProbeError> {
        self.0.set_breakpoint(address)
    }

    fn freeze(&mut self) -> Result<(), ProbeError> {
        self.0.halt()
    }

    fn registers(&mut self) -> Vec<Registers> {
        self.0.registers()
    }

    fn ram(&mut self) -> Vec<Range<u64>> {
        self.0.ram()
    }
}

impl<T: Target> Memory for ProbeDebugger<T> {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), MemoryError> {
        const WORD: usize = 4;
        let before = (address % WORD as u64) as usize;
        let length = (before + bytes.len()).next_multiple_of(WORD);
        if length == bytes.len() {
            return self.0.read_words(address, bytes);
        }
        let mut words = vec![0; length];
        self.0.read_words(address - before as u64, &mut words)?;
        bytes.copy_from_slice(&words[before..before + bytes.len()]);
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryError> {
        self.0.write(address, bytes)
    }
}
