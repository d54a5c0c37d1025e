//! The course of a recording: reset, the start, the stop, and where the target is.

use std::time::{Duration, Instant};

use super::client::Client;
use super::error::OpenOcdError;
use super::options::OpenOcdOptions;

/// How often the target's state is asked for. OpenOCD prints each answer on its own screen, too.
const INTERVAL: Duration = Duration::from_millis(100);
/// Stops at one place, where it should not stop, this often before it gives up.
const STUCK: u32 = 3;

/// How far the target has come.
#[derive(Debug)]
pub(super) struct Course {
    options: OpenOcdOptions,
    /// The breakpoint that is set.
    breakpoint: Option<u64>,
    is_before_start: bool,
    waiting_until: Option<Instant>,
    next_look: Instant,
    /// Where the target stood still unexpectedly, and how often in a row.
    odd: Option<(u64, u32)>,
}

/// Why the target stands still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    Start,
    Stop,
    /// Somewhere else; it was told to run on.
    Elsewhere(String),
}

impl Course {
    pub(super) fn new(options: OpenOcdOptions) -> Self {
        Self {
            is_before_start: options.plan.start.is_some(),
            options,
            breakpoint: None,
            waiting_until: None,
            next_look: Instant::now(),
            odd: None,
        }
    }

    pub(super) fn options(&self) -> &OpenOcdOptions {
        &self.options
    }

    /// The name of the place where the recording begins, if that is still to come.
    pub(super) fn start_name(&self) -> Option<String> {
        let start = self.options.plan.start.filter(|_| self.is_before_start);
        start.map(|address| self.name(address))
    }

    fn name(&self, address: u64) -> String {
        (self.options.name)(address)
    }

    /// Prepares the target. It stands still then if a breakpoint was to be set, or if it was reset.
    pub(super) fn prepare(&mut self, client: &mut Client) -> Result<(), OpenOcdError> {
        let plan = self.options.plan;
        if plan.reset {
            client.reset()?;
        }
        if let Some(address) = plan.start.or(plan.stop) {
            if !client.is_halted()? {
                client.halt()?;
            }
            self.set_breakpoint(client, address)?;
        }
        if self.is_before_start {
            self.waiting_until = Some(Instant::now() + self.options.start_limit);
        }
        Ok(())
    }

    fn set_breakpoint(&mut self, client: &mut Client, address: u64) -> Result<(), OpenOcdError> {
        client.set_breakpoint(address)?;
        self.breakpoint = Some(address);
        Ok(())
    }

    /// Sets the breakpoint anew: a reset has taken it out of the chip, or another OpenOCD does not know of it. The
    /// target runs on, unless it stands there.
    pub(super) fn set_again(&mut self, client: &mut Client) -> Result<(), OpenOcdError> {
        if self.is_before_start {
            self.waiting_until = Some(Instant::now() + self.options.start_limit);
        }
        let Some(address) = self.breakpoint else {
            return client.resume_if_halted();
        };
        if !client.is_halted()? {
            client.halt()?;
        }
        match client.remove_breakpoint(address) {
            Ok(()) | Err(OpenOcdError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        client.set_breakpoint(address)?;
        if client.program_counter()? == address {
            return Ok(());
        }
        client.resume()
    }

    /// When to ask for the target's state next.
    pub(super) fn until_look(&self) -> Duration {
        self.next_look.saturating_duration_since(Instant::now())
    }

    /// Looks where the target is, if it is time to.
    pub(super) fn look(&mut self, client: &mut Client) -> Result<Option<Arrival>, OpenOcdError> {
        if !self.until_look().is_zero() {
            return Ok(None);
        }
        self.next_look = Instant::now() + INTERVAL;
        if !client.is_halted()? {
            return self.check_limit(client).map(|()| None);
        }
        let address = client.program_counter()?;
        if self.breakpoint == Some(address) {
            return self.reach(client, address).map(Some);
        }
        let times = match self.odd {
            Some((place, times)) if place == address => times + 1,
            _ => 1,
        };
        self.odd = Some((address, times));
        let place = self.name(address);
        if times >= STUCK {
            self.clear(client)?;
            return Err(OpenOcdError::Stuck { place });
        }
        client.resume()?;
        Ok(Some(Arrival::Elsewhere(place)))
    }

    /// The target stands at the breakpoint, and goes on standing there.
    fn reach(&mut self, client: &mut Client, address: u64) -> Result<Arrival, OpenOcdError> {
        self.odd = None;
        self.breakpoint = None;
        client.remove_breakpoint(address)?;
        if !self.is_before_start {
            return Ok(Arrival::Stop);
        }
        self.is_before_start = false;
        self.waiting_until = None;
        if let Some(address) = self.options.plan.stop {
            self.set_breakpoint(client, address)?;
        }
        Ok(Arrival::Start)
    }

    /// Whether the target has taken too long to come to the start.
    fn check_limit(&mut self, client: &mut Client) -> Result<(), OpenOcdError> {
        let is_late = self.waiting_until.is_some_and(|end| Instant::now() > end);
        let Some(start) = self.start_name().filter(|_| is_late) else {
            return Ok(());
        };
        client.halt()?;
        let place = client.program_counter()?;
        self.leave(client)?;
        Err(OpenOcdError::StartNotReached {
            start,
            limit: self.options.start_limit,
            place: self.name(place),
        })
    }

    /// Takes away what was set. The target must stand still.
    fn clear(&mut self, client: &mut Client) -> Result<(), OpenOcdError> {
        match self.breakpoint.take() {
            Some(address) => client.remove_breakpoint(address),
            None => Ok(()),
        }
    }

    /// Lets the target run on, without breakpoints.
    pub(super) fn leave(&mut self, client: &mut Client) -> Result<(), OpenOcdError> {
        if self.breakpoint.is_some() && !client.is_halted()? {
            client.halt()?;
        }
        self.clear(client)?;
        client.resume_if_halted()
    }
}
