//! A GDB server as the debugger of a recording.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::client::Client;
use super::error::GdbError;
use super::record_error::RecordError;
use super::reply::Stop;
use super::run::Breakpoint;
use crate::course::{Debugger, Halt};
use crate::memory::{Memory, MemoryError, Registers};

/// A client, and what has to be known of the target besides.
#[derive(Debug)]
pub struct GdbDebugger {
    pub(super) client: Client,
    breakpoint: Option<Breakpoint>,
    stood_since: Instant,
    halted: Halted,
    /// There is no target any more.
    has_ended: bool,
}

/// How long a target stood still because it was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Halted {
    /// In all.
    pub total: Duration,
    /// At most at once.
    pub longest: Duration,
    /// How often.
    pub times: u64,
}

impl GdbDebugger {
    /// Of a target that stands still.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            breakpoint: None,
            stood_since: Instant::now(),
            halted: Halted::default(),
            has_ended: false,
        }
    }

    /// Goes on through another connection. The target stands still then.
    pub(super) fn turn_to(&mut self, client: Client) {
        self.client = client;
        self.stood_since = Instant::now();
    }

    /// As if we had just stopped it: it may have come to a breakpoint, and not have said so.
    pub(super) fn put_back_halt(&mut self) {
        self.client.put_back(Stop::asked());
    }

    /// Whether the program has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// How long the target stood still since the recording began.
    pub fn halted(&self) -> Halted {
        self.halted
    }

    fn arrive(&mut self, stop: &Stop) -> Result<Halt, GdbError> {
        self.stood_since = Instant::now();
        let signal = match *stop {
            Stop::Signal { number, .. } => number,
            Stop::Exited(code) => return Ok(self.end(code)),
            Stop::Killed(signal) => return Ok(self.end(128 | signal)),
        };
        let address = match self.breakpoint {
            // Nothing to compare it with.
            None if Halt::was_asked(signal) => None,
            _ => self.client.program_counter(stop)?,
        };
        Ok(Halt::At { address, signal })
    }

    fn end(&mut self, code: u8) -> Halt {
        self.has_ended = true;
        Halt::Exited { code }
    }
}

impl Debugger for GdbDebugger {
    type Error = RecordError;

    fn reset(&mut self) -> Result<(), RecordError> {
        let command = self.client.server().reset_command();
        self.client.monitor(command)?;
        Ok(())
    }

    fn run(&mut self) -> Result<(), RecordError> {
        if self.client.is_running() || self.has_ended {
            return Ok(());
        }
        self.client.resume()?;
        let stood = self.stood_since.elapsed();
        self.halted.total += stood;
        self.halted.longest = self.halted.longest.max(stood);
        self.halted.times += 1;
        Ok(())
    }

    fn wait(&mut self, limit: Duration) -> Result<Option<Halt>, RecordError> {
        match self.client.wait(limit)? {
            Some(stop) => Ok(Some(self.arrive(&stop)?)),
            None => Ok(None),
        }
    }

    fn halt(&mut self) -> Result<Option<Halt>, RecordError> {
        if !self.client.is_running() {
            return Ok(None);
        }
        let stop = self.client.interrupt()?;
        Ok(Some(self.arrive(&stop)?))
    }

    fn halt_to_read(&mut self) -> Result<Option<Halt>, RecordError> {
        if self.client.can_read_memory() {
            return Ok(None);
        }
        self.halt()
    }

    fn registers(&mut self) -> Vec<Registers> {
        self.client.registers()
    }

    fn ram(&mut self) -> Vec<Range<u64>> {
        self.client.ram().unwrap_or_default()
    }

    /// What it stood before is not the recording's fault.
    fn begin(&mut self) {
        self.halted = Halted::default();
    }

    fn set_breakpoint(&mut self, address: u64) -> Result<(), RecordError> {
        self.breakpoint = Some(self.client.set_breakpoint(address)?);
        Ok(())
    }

    fn clear_breakpoint(&mut self, _: u64) -> Result<(), RecordError> {
        if let Some(breakpoint) = self.breakpoint.take() {
            self.client.remove_breakpoint(breakpoint)?;
        }
        Ok(())
    }

    fn renew_breakpoint(&mut self, address: u64) -> Result<(), RecordError> {
        match self.clear_breakpoint(address) {
            Ok(())
            | Err(RecordError::Gdb(GdbError::Refused { .. } | GdbError::Unsupported { .. })) => {
                self.set_breakpoint(address)
            }
            error => error,
        }
    }

    fn let_go(&mut self) -> Result<(), RecordError> {
        Ok(self.client.detach()?)
    }

    fn look_where(&mut self) -> Result<Option<u64>, RecordError> {
        let stop = self.client.interrupt()?;
        let address = match stop {
            Stop::Signal { .. } => self.client.program_counter(&stop)?,
            Stop::Exited(_) | Stop::Killed(_) => None,
        };
        // It is for the caller that waits for it.
        self.client.put_back(stop);
        Ok(address)
    }

    fn next_text(&mut self) -> Option<String> {
        self.client.next_text()
    }

    fn is_gone(&mut self, error: &RecordError) -> bool {
        self.has_ended |= matches!(
            error,
            RecordError::Gdb(GdbError::Closed { .. } | GdbError::Ended)
        );
        self.has_ended
    }
}

impl Memory for GdbDebugger {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), MemoryError> {
        self.client.read(address, bytes)
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryError> {
        self.client.write(address, bytes)
    }
}
