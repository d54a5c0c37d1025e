//! What is to be done when: a state that is told what the target does. Nothing else happens here.

use std::time::{Duration, Instant};

use super::{Ending, Plan, Status};

/// GDB's number for a breakpoint.
const BREAKPOINT: u8 = 5;
/// GDB's number for an interrupt, and what some servers say instead: we stopped it.
const ASKED: [u8; 2] = [2, 0];
/// Stops at one place, where it should not stop, this often before it is given up.
const STUCK: u32 = 3;

/// How far a target has come.
#[derive(Clone, Debug)]
pub struct Course {
    plan: Plan,
    /// The target has come to the start, or needs none.
    has_started: bool,
    ending: Option<Ending>,
    /// The one that is set.
    breakpoint: Option<u64>,
    /// Where the target stood still unexpectedly, and how often in a row.
    odd: Option<(Option<u64>, u32)>,
    /// When a start that was not reached is said to be missed, if that was not said.
    missed_at: Option<Instant>,
}

/// What a debugger is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Reset the target.
    Reset,
    /// Let it run.
    Run,
    /// Set a breakpoint.
    Set(u64),
    /// Take it away.
    Clear(u64),
    /// Set it again, though it may be set.
    Renew(u64),
    /// Let it run, without the debugger.
    LetGo,
}

/// The target does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// It stands still before an instruction.
    At {
        /// Which one, if the debugger says so.
        address: Option<u64>,
        /// Why: a signal's number, as GDB counts them (2: we stopped it; 5: a breakpoint; 11: an access to no memory).
        signal: u8,
    },
    /// The program has ended.
    Exited {
        /// Its exit code.
        code: u8,
    },
}

impl Halt {
    /// At this instruction, for a breakpoint: so it is with debuggers that do not say why.
    pub fn at(address: u64) -> Self {
        Self::At {
            address: Some(address),
            signal: BREAKPOINT,
        }
    }

    /// For us.
    pub(crate) fn was_asked(signal: u8) -> bool {
        ASKED.contains(&signal)
    }
}

/// What that means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The recording begins.
    Start {
        /// Where the target stands.
        address: Option<u64>,
    },
    /// It ends.
    Stop {
        /// Where the target stands.
        address: Option<u64>,
    },
    /// We stopped it.
    Asked,
    /// Something else did. It is told to run on, until that has happened too often: then the recording ends.
    Elsewhere {
        /// Why.
        signal: u8,
        /// Where, if known.
        address: Option<u64>,
    },
    /// There is no program any more.
    Exited {
        /// Its exit code.
        code: u8,
    },
}

impl Course {
    /// Before anything was done. A start that is not reached within `patience` is missed.
    pub fn new(plan: Plan, patience: Duration, now: Instant) -> Self {
        Self {
            plan,
            has_started: plan.start.is_none(),
            ending: None,
            breakpoint: None,
            odd: None,
            missed_at: plan.start.and(now.checked_add(patience)),
        }
    }

    /// From where to where.
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// How far it has come.
    pub fn status(&self) -> Status {
        match self.ending {
            Some(ending) => Status::Finished(ending),
            None if self.has_started => Status::Recording,
            None => Status::Waiting,
        }
    }

    /// What is to be done first. The target is then to run.
    pub fn prepare(&mut self) -> Vec<Action> {
        self.breakpoint = self.plan.start.or(self.plan.stop);
        let reset = self.plan.reset.then_some(Action::Reset);
        reset
            .into_iter()
            .chain(self.breakpoint.map(Action::Set))
            .collect()
    }

    /// The target stands still, or is no more: what that means, and what is to be done before anything else.
    pub fn arrive(&mut self, halt: Halt) -> (Arrival, Vec<Action>) {
        let (address, signal) = match halt {
            Halt::At { address, signal } => (address, signal),
            Halt::Exited { code } => {
                self.breakpoint = None;
                self.end(Ending::ProgramEnded(code));
                return (Arrival::Exited { code }, Vec::new());
            }
        };
        if let Some(breakpoint) = self.breakpoint
            && (address == Some(breakpoint) || (address.is_none() && signal == BREAKPOINT))
        {
            return self.reach(breakpoint);
        }
        if Halt::was_asked(signal) {
            self.odd = None;
            return (Arrival::Asked, Vec::new());
        }
        let times = match self.odd {
            Some((place, times)) if place == address => times + 1,
            _ => 1,
        };
        self.odd = Some((address, times));
        let arrival = Arrival::Elsewhere { signal, address };
        if times < STUCK {
            return (arrival, vec![Action::Run]);
        }
        self.end(Ending::Stuck { signal, address });
        (arrival, self.clear())
    }

    fn reach(&mut self, breakpoint: u64) -> (Arrival, Vec<Action>) {
        self.odd = None;
        let mut actions = self.clear();
        let address = Some(breakpoint);
        if self.has_started {
            self.end(Ending::ReachedStop);
            return (Arrival::Stop { address }, actions);
        }
        self.has_started = true;
        self.missed_at = None;
        self.breakpoint = self.plan.stop;
        actions.extend(self.breakpoint.map(Action::Set));
        (Arrival::Start { address }, actions)
    }

    /// The caller wants an end; what is to be done, of a target that stands still or can be seen to while it runs.
    pub fn stop(&mut self) -> Vec<Action> {
        self.end(Ending::Asked);
        self.clear()
    }

    /// The target was reset, or another debugger has it: what was set may be forgotten.
    pub fn renew(&self) -> Vec<Action> {
        self.breakpoint.map(Action::Renew).into_iter().collect()
    }

    /// What is to be done at last. A target that is stuck is left as it stands, for whoever looks for the reason.
    pub fn leave(&mut self) -> Vec<Action> {
        let mut actions = self.clear();
        let goes_on = !matches!(
            self.ending,
            Some(Ending::Stuck { .. } | Ending::ProgramEnded(_))
        );
        actions.extend(goes_on.then_some(Action::LetGo));
        actions
    }

    /// The start, if it is missed by now; said once.
    pub fn missed_start(&mut self, now: Instant) -> Option<u64> {
        let is_missed =
            self.status() == Status::Waiting && self.missed_at.is_some_and(|at| now >= at);
        if !is_missed {
            return None;
        }
        self.missed_at = None;
        self.plan.start
    }

    fn clear(&mut self) -> Vec<Action> {
        self.breakpoint
            .take()
            .map(Action::Clear)
            .into_iter()
            .collect()
    }

    /// What ended it first is the reason.
    fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }
}
