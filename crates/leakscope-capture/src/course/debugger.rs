//! Who has the target in hand.

use std::ops::Range;
use std::time::Duration;

use super::state::{Action, Halt};
use crate::memory::Registers;

/// A debugger, of which a recording needs little.
pub trait Debugger {
    /// Why it fails.
    type Error;

    /// Resets the target, which then stands still before its first instruction.
    fn reset(&mut self) -> Result<(), Self::Error>;

    /// Lets the target run, if it stands still: past a breakpoint, if there is one.
    fn run(&mut self) -> Result<(), Self::Error>;

    /// Waits until the target stands still, for `limit` at most; `None`: it still runs.
    fn wait(&mut self, limit: Duration) -> Result<Option<Halt>, Self::Error>;

    /// Has the target stand still when it comes to this instruction.
    fn set_breakpoint(&mut self, address: u64) -> Result<(), Self::Error>;

    /// Takes a breakpoint away.
    fn clear_breakpoint(&mut self, address: u64) -> Result<(), Self::Error>;

    /// Sets a breakpoint again that the target, or the debugger, may have forgotten.
    fn renew_breakpoint(&mut self, address: u64) -> Result<(), Self::Error>;

    /// Lets the target, which stands still if the debugger has to stop it for that, go: nothing more is asked of it.
    fn let_go(&mut self) -> Result<(), Self::Error> {
        self.run()
    }

    /// Stops the target, if it runs and breakpoints cannot be changed meanwhile. It may have come somewhere just before.
    fn halt(&mut self) -> Result<Option<Halt>, Self::Error> {
        Ok(None)
    }

    /// Stops the target, if it runs and its memory cannot be read meanwhile.
    fn halt_to_read(&mut self) -> Result<Option<Halt>, Self::Error> {
        Ok(None)
    }

    /// Stops the target, if it runs, for longer than it takes to read a few words.
    fn freeze(&mut self) -> Result<(), Self::Error> {
        self.halt().map(drop)
    }

    /// The registers of each core of a target that stands still, and of each task that the debugger knows; none if they cannot
    /// be had.
    fn registers(&mut self) -> Vec<Registers> {
        Vec::new()
    }

    /// Where the target has RAM, as far as the debugger knows it.
    fn ram(&mut self) -> Vec<Range<u64>> {
        Vec::new()
    }

    /// The recording begins.
    fn begin(&mut self) {}

    /// Text from the debugger, or from the target through it.
    fn next_text(&mut self) -> Option<String> {
        None
    }

    /// Whether the debugger has failed because the program has ended.
    fn is_gone(&mut self, _: &Self::Error) -> bool {
        false
    }

    /// Where the target is, if that can be seen. It runs on.
    fn look_where(&mut self) -> Result<Option<u64>, Self::Error> {
        Ok(None)
    }

    /// Does all this, in this order.
    fn carry_out(&mut self, actions: &[Action]) -> Result<(), Self::Error> {
        actions.iter().try_for_each(|action| match *action {
            Action::Reset => self.reset(),
            Action::Run => self.run(),
            Action::Set(address) => self.set_breakpoint(address),
            Action::Clear(address) => self.clear_breakpoint(address),
            Action::Renew(address) => self.renew_breakpoint(address),
            Action::LetGo => self.let_go(),
        })
    }
}
