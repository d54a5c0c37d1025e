//! Recording a target behind a debug probe, between two breakpoints.

use std::thread;
use std::time::Duration;

use super::error::ProbeError;
use super::target::{Target, TargetMemory};
use crate::gdb::{Ending, Plan, Status};
use crate::receiver::{Receiver, TargetEvent};
use crate::rtt::{Pace, Reader, Session, SessionLook};

/// A recording through a debug probe, out of RTT's buffers. The target runs meanwhile: it stands still only at the
/// breakpoints, and while they are set.
#[derive(Debug)]
pub struct ProbeRecording<T> {
    target: T,
    plan: Plan,
    session: Session,
    pace: Pace,
    phase: Phase,
    /// Where the target is to stand still next.
    breakpoint: Option<u64>,
    /// Where the target stood still unexpectedly, and how often in a row.
    odd: Option<(u64, u32)>,
    ending: Option<Ending>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    BeforeStart,
    Recording,
}

impl<T: Target> ProbeRecording<T> {
    /// Prepares the target, and lets it run.
    pub fn new(target: T, plan: Plan, reader: Reader) -> Result<Self, ProbeError> {
        let mut recording = Self {
            target,
            plan,
            session: Session::new(reader),
            pace: Pace::lively(),
            phase: if plan.start.is_some() {
                Phase::BeforeStart
            } else {
                Phase::Recording
            },
            breakpoint: None,
            odd: None,
            ending: None,
        };
        if plan.reset {
            recording.target.reset()?;
        }
        recording.set_breakpoint(plan.start.or(plan.stop))?;
        recording.target.run()?;
        Ok(recording)
    }

    /// Waits until it is time for a look, for `limit` at most, and hands what has come to `receiver`.
    pub fn advance(
        &mut self,
        receiver: &mut dyn Receiver,
        limit: Duration,
    ) -> Result<Status, ProbeError> {
        /// Until a target that stands at the start is seen to.
        const GLANCE: Duration = Duration::from_millis(10);
        if let Some(ending) = self.ending {
            return Ok(Status::Finished(ending));
        }
        let pause = match self.phase {
            Phase::BeforeStart => GLANCE,
            Phase::Recording => self.pace.interval(),
        };
        thread::sleep(pause.min(limit));
        // In this order: of a target that stands still, all is read.
        let halted_at = self.target.halted_at()?;
        if self.phase == Phase::Recording {
            let look = self.look(receiver)?;
            self.pace.found(look.fill);
        }
        if let Some(address) = halted_at {
            self.attend(address, receiver)?;
        }
        Ok(match (self.ending, self.phase) {
            (Some(ending), _) => Status::Finished(ending),
            (None, Phase::BeforeStart) => Status::Waiting,
            (None, Phase::Recording) => Status::Recording,
        })
    }

    /// Does what is due where the target stands still.
    fn attend(&mut self, address: u64, receiver: &mut dyn Receiver) -> Result<(), ProbeError> {
        if self.breakpoint != Some(address) {
            return self.go_on(address, receiver);
        }
        self.odd = None;
        self.clear_breakpoint()?;
        if self.phase == Phase::Recording {
            receiver.event(TargetEvent::ReachedStop { address });
            self.ending = Some(Ending::ReachedStop);
            return self.stop_target(receiver);
        }
        self.phase = Phase::Recording;
        let address = Some(address);
        receiver.event(TargetEvent::Started { address });
        self.set_breakpoint(self.plan.stop)?;
        self.target.run()
    }

    /// Lets a target run on that stands still unexpectedly: at an instruction in the program that
    /// has it do so.
    fn go_on(&mut self, address: u64, receiver: &mut dyn Receiver) -> Result<(), ProbeError> {
        /// GDB's number for a breakpoint.
        const SIGNAL: u8 = 5;
        const STUCK: u32 = 3;
        let times = match self.odd {
            Some((place, times)) if place == address => times + 1,
            _ => 1,
        };
        self.odd = Some((address, times));
        let (signal, address) = (SIGNAL, Some(address));
        if times >= STUCK {
            self.ending = Some(Ending::Stuck { signal, address });
            return self.clear_breakpoint();
        }
        receiver.event(TargetEvent::Interrupted { signal, address });
        self.target.run()
    }

    /// Ends the recording now.
    pub fn stop(&mut self, receiver: &mut dyn Receiver) -> Result<Ending, ProbeError> {
        if let Some(ending) = self.ending {
            return Ok(ending);
        }
        self.ending = Some(Ending::Asked);
        self.clear_breakpoint()?;
        if self.phase == Phase::Recording {
            self.stop_target(receiver)?;
        }
        Ok(Ending::Asked)
    }

    /// Has the target stop recording, and hands over what it sends until then.
    fn stop_target(&mut self, receiver: &mut dyn Receiver) -> Result<(), ProbeError> {
        /// A target answers within one event; one that has none, never.
        const LOOKS: usize = 10;
        const PAUSE: Duration = Duration::from_millis(20);
        self.look(receiver)?;
        let mut memory = TargetMemory(&mut self.target);
        self.session.send_stop(&mut memory)?;
        self.target.run()?;
        for _ in 0..LOOKS {
            thread::sleep(PAUSE);
            if self.look(receiver)?.bytes == 0 {
                break;
            }
        }
        Ok(())
    }

    fn look(&mut self, receiver: &mut dyn Receiver) -> Result<SessionLook, ProbeError> {
        let mut memory = TargetMemory(&mut self.target);
        Ok(self.session.look(&mut memory, receiver)?)
    }

    fn set_breakpoint(&mut self, address: Option<u64>) -> Result<(), ProbeError> {
        if let Some(address) = address {
            self.target.set_breakpoint(address)?;
            self.breakpoint = Some(address);
        }
        Ok(())
    }

    fn clear_breakpoint(&mut self) -> Result<(), ProbeError> {
        match self.breakpoint.take() {
            Some(address) => self.target.clear_breakpoint(address),
            None => Ok(()),
        }
    }

    /// Whether the target's buffer was found.
    pub fn has_found(&self) -> bool {
        self.session.has_found()
    }

    /// Lets the target run on, without a breakpoint. To be called after errors too: otherwise the target may
    /// stand still for ever.
    pub fn leave(mut self) -> Result<T, ProbeError> {
        let cleared = self.clear_breakpoint();
        if !matches!(self.ending, Some(Ending::Stuck { .. })) {
            self.target.run()?;
        }
        cleared.map(|()| self.target)
    }
}
