//! OpenOCD as the debugger of a recording, and when it is asked where the target is.

use std::thread;
use std::time::{Duration, Instant};

use super::client::Client;
use super::error::OpenOcdError;
use crate::course::{Arrival, Course, Debugger, Halt, Options, Status};
use crate::memory::Registers;
use crate::receiver::place;

/// How often the target's state is asked for. OpenOCD prints each answer on its own screen, too.
const INTERVAL: Duration = Duration::from_millis(100);

impl Client {
    fn halt_if_running(&mut self) -> Result<(), OpenOcdError> {
        if !self.is_halted()? {
            self.halt()?;
        }
        Ok(())
    }
}

impl Debugger for Client {
    type Error = OpenOcdError;

    fn reset(&mut self) -> Result<(), OpenOcdError> {
        self.reset_and_halt()
    }

    fn run(&mut self) -> Result<(), OpenOcdError> {
        self.resume_if_halted()
    }

    fn wait(&mut self, limit: Duration) -> Result<Option<Halt>, OpenOcdError> {
        thread::sleep(limit);
        if !self.is_halted()? {
            return Ok(None);
        }
        self.program_counter().map(Halt::at).map(Some)
    }

    fn registers(&mut self) -> Vec<Registers> {
        self.all_registers()
    }

    fn set_breakpoint(&mut self, address: u64) -> Result<(), OpenOcdError> {
        self.halt_if_running()?;
        self.add_breakpoint(address)
    }

    fn clear_breakpoint(&mut self, address: u64) -> Result<(), OpenOcdError> {
        self.halt_if_running()?;
        self.remove_breakpoint(address)
    }

    /// The target runs on, unless it stands there.
    fn renew_breakpoint(&mut self, address: u64) -> Result<(), OpenOcdError> {
        match self.clear_breakpoint(address) {
            Ok(()) | Err(OpenOcdError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        self.add_breakpoint(address)?;
        if self.program_counter()? == address {
            return Ok(());
        }
        self.resume()
    }

    fn look_where(&mut self) -> Result<Option<u64>, OpenOcdError> {
        self.halt()?;
        let address = self.program_counter()?;
        self.resume()?;
        Ok(Some(address))
    }
}

/// A course, and when to look how far it is.
#[derive(Debug)]
pub(super) struct Looks {
    course: Course,
    options: Options,
    next: Instant,
}

/// What a look has shown.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// Where the target has come to.
    pub(super) arrival: Option<Arrival>,
    /// What the user is to know of that.
    pub(super) notice: Option<String>,
}

impl Looks {
    pub(super) fn new(options: Options) -> Self {
        let now = Instant::now();
        Self {
            course: Course::new(options.plan, options.patience, now),
            options,
            next: now,
        }
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// The name of the place where the recording begins, if that is still to come.
    pub(super) fn start_name(&self) -> Option<String> {
        let is_ahead = self.course.status() == Status::Waiting;
        let start = self.options.plan.start.filter(|_| is_ahead);
        start.map(&self.options.name)
    }

    /// Whether the recording is over.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.course.status(), Status::Finished(_))
    }

    /// Prepares the target. It stands still then if a breakpoint was to be set, or if it was reset.
    pub(super) fn prepare(&mut self, client: &mut Client) -> Result<(), OpenOcdError> {
        client.carry_out(&self.course.prepare())
    }

    /// Sets the breakpoint anew: a reset has taken it out of the chip, or another OpenOCD does not know of it. The
    /// target runs on, unless it stands there.
    pub(super) fn set_again(&self, client: &mut Client) -> Result<(), OpenOcdError> {
        match self.course.renew().as_slice() {
            [] => client.resume_if_halted(),
            actions => client.carry_out(actions),
        }
    }

    /// When to ask for the target's state next.
    pub(super) fn until_next(&self) -> Duration {
        self.next.saturating_duration_since(Instant::now())
    }

    /// Looks where the target is, if it is time to.
    pub(super) fn look(&mut self, client: &mut Client) -> Result<Looked, OpenOcdError> {
        if !self.until_next().is_zero() {
            return Ok(Looked::default());
        }
        let now = Instant::now();
        self.next = now + INTERVAL;
        let Some(halt) = client.wait(Duration::ZERO)? else {
            let notice = match self.course.missed_start(now) {
                Some(start) => Some(self.options.missed(start, client.look_where()?)),
                None => None,
            };
            return Ok(Looked {
                arrival: None,
                notice,
            });
        };
        let (arrival, actions) = self.course.arrive(halt);
        client.carry_out(&actions)?;
        let name = &*self.options.name;
        let notice = match (self.course.status(), arrival) {
            (Status::Finished(ending), _) => ending.sentence(name),
            (_, Arrival::Elsewhere { address, .. }) => Some(format!(
                "the program stood still at {}, and was told to run on",
                place(address, name)
            )),
            _ => None,
        };
        Ok(Looked {
            arrival: Some(arrival),
            notice,
        })
    }

    /// Lets the target go, without breakpoints; before, its memory is read if that is wanted.
    pub(super) fn leave(&mut self, client: &mut Client) -> Result<(), OpenOcdError> {
        if let Some(image) = self.options.image.take() {
            client.halt_if_running()?;
            image.take(client);
        }
        client.carry_out(&self.course.leave())
    }
}
