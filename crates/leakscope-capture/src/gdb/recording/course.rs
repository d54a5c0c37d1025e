//! The course of a recording: reset, the start, the stop, and what comes between.

use std::time::{Duration, Instant};

use super::{Ending, Halted, Plan};
use crate::gdb::client::Client;
use crate::gdb::error::GdbError;
use crate::gdb::reply::Stop;
use crate::gdb::run::Breakpoint;

/// GDB's number for an interrupt, and what some servers say instead.
const ASKED: [u8; 2] = [2, 0];

/// A client, and how far the target has come.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) client: Client,
    pub(super) plan: Plan,
    pub(super) phase: Phase,
    /// The next one that the target should come to.
    breakpoint: Option<Breakpoint>,
    /// Where the target stood still unexpectedly, and how often in a row.
    odd: Option<(Option<u64>, u32)>,
    stood_since: Instant,
    pub(super) halted: Halted,
    /// There is no target any more.
    pub(super) has_ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    BeforeStart,
    Recording,
}

/// Why the target stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    Start {
        address: u64,
    },
    Stop {
        address: u64,
    },
    /// We stopped it.
    Asked,
    /// Neither.
    Odd {
        signal: u8,
        address: Option<u64>,
        is_stuck: bool,
    },
    Ended {
        code: u8,
    },
}

impl Course {
    /// Prepares a target that stands still. It does not run yet.
    pub(super) fn new(client: Client, plan: Plan) -> Result<Self, GdbError> {
        let mut course = Self {
            client,
            plan,
            phase: if plan.start.is_some() {
                Phase::BeforeStart
            } else {
                Phase::Recording
            },
            breakpoint: None,
            odd: None,
            stood_since: Instant::now(),
            halted: Halted::default(),
            has_ended: false,
        };
        if plan.reset {
            let command = course.client.server().reset_command();
            course.client.monitor(command)?;
        }
        course.set_breakpoint(plan.start.or(plan.stop))?;
        Ok(course)
    }

    /// Goes on from here through another connection, and resets the target first if it `resets`.
    pub(super) fn again(&self, mut client: Client, resets: bool) -> Result<Self, GdbError> {
        if let Some(breakpoint) = self.breakpoint {
            forget(&mut client, breakpoint)?;
        }
        let plan = Plan {
            reset: resets,
            start: match self.phase {
                Phase::BeforeStart => self.plan.start,
                Phase::Recording => None,
            },
            stop: self.plan.stop,
        };
        let mut course = Self::new(client, plan)?;
        course.plan.reset = self.plan.reset;
        course.halted = self.halted;
        // As if we had stopped it: it may have come to a breakpoint, and not have said so.
        course.client.put_back(Stop::Signal {
            number: ASKED[0],
            registers: Vec::new(),
        });
        Ok(course)
    }

    /// Sets the breakpoint anew, which the target has forgotten: it was reset.
    pub(super) fn set_again(&mut self) -> Result<(), GdbError> {
        let Some(breakpoint) = self.breakpoint else {
            return Ok(());
        };
        forget(&mut self.client, breakpoint)?;
        self.set_breakpoint(Some(breakpoint.address))
    }

    fn set_breakpoint(&mut self, address: Option<u64>) -> Result<(), GdbError> {
        if let Some(address) = address {
            self.breakpoint = Some(self.client.set_breakpoint(address)?);
        }
        Ok(())
    }

    /// Lets the target run, if it stands still.
    pub(super) fn resume(&mut self) -> Result<(), GdbError> {
        if self.client.is_running() {
            return Ok(());
        }
        self.client.resume()?;
        // What it stood before the recording is not the recording's fault.
        if self.phase == Phase::Recording {
            let stood = self.stood_since.elapsed();
            self.halted.total += stood;
            self.halted.longest = self.halted.longest.max(stood);
            self.halted.times += 1;
        }
        Ok(())
    }

    /// Waits until the target stands still; `None` if it runs for all of `limit`.
    pub(super) fn wait(&mut self, limit: Duration) -> Result<Option<Arrival>, GdbError> {
        match self.client.wait(limit)? {
            Some(stop) => self.arrive(&stop).map(Some),
            None => Ok(None),
        }
    }

    /// Stops the target.
    pub(super) fn interrupt(&mut self) -> Result<Arrival, GdbError> {
        let stop = self.client.interrupt()?;
        self.arrive(&stop)
    }

    /// Stops a target that may run, to end the recording; why it ends.
    pub(super) fn interrupt_to_end(&mut self) -> Result<Ending, GdbError> {
        if !self.client.is_running() {
            return Ok(Ending::Asked);
        }
        Ok(match self.interrupt()? {
            Arrival::Ended { code } => Ending::ProgramEnded(code),
            Arrival::Stop { .. } => Ending::ReachedStop,
            _ => Ending::Asked,
        })
    }

    /// Stops the running target for a moment, to see where it is.
    pub(super) fn look_where(&mut self) -> Result<Option<u64>, GdbError> {
        let stop = self.client.interrupt()?;
        let address = match stop {
            Stop::Signal { .. } => self.client.program_counter(&stop)?,
            Stop::Exited(_) | Stop::Killed(_) => None,
        };
        // It is for the caller that waits for it.
        self.client.put_back(stop);
        Ok(address)
    }

    fn arrive(&mut self, stop: &Stop) -> Result<Arrival, GdbError> {
        const BREAKPOINT: u8 = 5;
        const STUCK: u32 = 3;
        self.stood_since = Instant::now();
        let signal = match stop {
            Stop::Signal { number, .. } => *number,
            Stop::Exited(code) => return Ok(self.end(*code)),
            Stop::Killed(signal) => return Ok(self.end(128 | signal)),
        };
        let address = match self.breakpoint {
            // Nothing to compare it with.
            None if ASKED.contains(&signal) => None,
            _ => self.client.program_counter(stop)?,
        };
        if let Some(breakpoint) = self.breakpoint
            && (address == Some(breakpoint.address) || (address.is_none() && signal == BREAKPOINT))
        {
            return self.reach(breakpoint);
        }
        if ASKED.contains(&signal) {
            self.odd = None;
            return Ok(Arrival::Asked);
        }
        let times = match self.odd {
            Some((place, times)) if place == address => times + 1,
            _ => 1,
        };
        self.odd = Some((address, times));
        Ok(Arrival::Odd {
            signal,
            address,
            is_stuck: times >= STUCK,
        })
    }

    fn end(&mut self, code: u8) -> Arrival {
        self.has_ended = true;
        Arrival::Ended { code }
    }

    fn reach(&mut self, breakpoint: Breakpoint) -> Result<Arrival, GdbError> {
        let address = breakpoint.address;
        self.odd = None;
        self.breakpoint = None;
        self.client.remove_breakpoint(breakpoint)?;
        if self.phase == Phase::Recording {
            return Ok(Arrival::Stop { address });
        }
        self.phase = Phase::Recording;
        self.set_breakpoint(self.plan.stop)?;
        Ok(Arrival::Start { address })
    }

    /// Takes what was set away.
    pub(super) fn clear(&mut self) -> Result<(), GdbError> {
        match self.breakpoint.take() {
            Some(breakpoint) => self.client.remove_breakpoint(breakpoint),
            None => Ok(()),
        }
    }

    /// Lets the target run on, without us.
    pub(super) fn leave(mut self) -> Result<Halted, GdbError> {
        if self.client.is_running() {
            self.interrupt()?;
        }
        if !self.has_ended {
            self.clear()?;
            self.client.detach()?;
        }
        Ok(self.halted)
    }
}

/// Takes a breakpoint away that the server may not know of.
fn forget(client: &mut Client, breakpoint: Breakpoint) -> Result<(), GdbError> {
    match client.remove_breakpoint(breakpoint) {
        Ok(()) | Err(GdbError::Refused { .. } | GdbError::Unsupported { .. }) => Ok(()),
        result => result,
    }
}
