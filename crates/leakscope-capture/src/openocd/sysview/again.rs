//! Tracing on in the same recording: after the target was reset, and after OpenOCD was gone.
//!
//! A target that was reset has forgotten that it is traced, and its breakpoint. An OpenOCD that was restarted knows
//! nothing of either, and of an ESP chip with a RISC-V core not even where its buffers are, until the program says so
//! again: when it is reset.

use std::thread;
use std::time::{Duration, Instant};

use super::reset::ResetWatch;
use super::{FOR_BUFFERS, Next, Phase, RETRY, SysviewSource, is_tracing};
use crate::openocd::client::Client;
use crate::openocd::destination::Received;
use crate::openocd::error::OpenOcdError;
use crate::openocd::target;
use crate::source::{Item, Lost, SourceEvent};

/// An OpenOCD that does not answer by then is not back yet.
const ATTEMPT: Duration = Duration::from_secs(2);
/// How often OpenOCD is asked to trace on, if the program has not called it.
const PATIENCE: Duration = Duration::from_secs(1);

impl SysviewSource {
    /// Begins the trace anew if the target was reset.
    pub(super) fn look_for_reset(&mut self) -> Result<(), OpenOcdError> {
        self.take_notifications();
        if !matches!(self.phase, Phase::Tracing) || !self.watch.was_reset(Instant::now()) {
            return Ok(());
        }
        // Even if nothing more is expected of it: OpenOCD has one trace at a time.
        self.begin_stopping(Next::Trace)
    }

    /// A target that is reset before it comes to the start would run past it.
    pub(super) fn look_for_reset_before_start(&mut self) -> Result<(), OpenOcdError> {
        self.take_notifications();
        if !self.watch.take_call() || self.course.start_name().is_none() {
            return Ok(());
        }
        self.course.set_again(&mut self.client)
    }

    fn take_notifications(&mut self) {
        while let Some(notification) = self.client.next_notification() {
            self.watch.notified(notification, Instant::now());
        }
    }

    /// What was said so far is of no interest to the trace that begins.
    pub(super) fn forget_notifications(&mut self) {
        self.take_notifications();
        self.watch = ResetWatch::default();
    }

    /// Records on where a trace has ended. The target runs then.
    pub(super) fn trace_on(&mut self, is_reset: bool) -> Result<(), OpenOcdError> {
        let mut destination = self.destination.again(self.client.own_address()?)?;
        if self.has_data {
            destination = destination.without_headers();
        }
        self.course.set_again(&mut self.client)?;
        self.destination = destination;
        self.is_used = false;
        if is_reset {
            self.say_reset();
        }
        self.say_waiting(FOR_BUFFERS.to_owned());
        // A target that was reset is not to be disturbed before it has come so far.
        let time = if is_reset { PATIENCE } else { Duration::ZERO };
        self.phase = Phase::Announcing {
            missed_at: None,
            next_attempt: Instant::now() + time,
            is_reset,
        };
        Ok(())
    }

    fn say_reset(&mut self) {
        self.events.push_back(SourceEvent::TargetReset);
        if self.has_data && !std::mem::replace(&mut self.is_closed, true) {
            self.unclosed = (0..self.destination.cores() as u8).collect();
        }
    }

    /// Begins to trace if it is time for an attempt, or the program has told OpenOCD of its buffers.
    pub(super) fn start_when_announced(&mut self, timeout: Duration) -> Result<(), OpenOcdError> {
        let Phase::Announcing {
            missed_at,
            next_attempt,
            is_reset,
        } = self.phase
        else {
            return Ok(());
        };
        thread::sleep(RETRY.min(timeout));
        // With the answer comes what has happened.
        self.client.is_halted()?;
        self.take_notifications();
        let has_called = self.watch.take_call();
        if !has_called && Instant::now() < next_attempt {
            return Ok(());
        }
        if has_called {
            self.course.set_again(&mut self.client)?;
        }
        if has_called && !is_reset {
            self.say_reset();
        }
        let is_missed = missed_at.is_some_and(|at| Instant::now() >= at);
        match self.start() {
            // It may know the buffers of before the reset, or of one core only.
            Err(error) if error.is_early() => {
                let hint = error.hint().unwrap_or_default();
                self.notice(is_missed.then(|| format!("{error}: {hint}")));
            }
            result => return result,
        }
        let missed_at = missed_at.filter(|_| !is_missed);
        // OpenOCD may have halted it before it failed.
        self.client.resume_if_halted()?;
        let pause = if missed_at.is_some() { RETRY } else { PATIENCE };
        self.phase = Phase::Announcing {
            missed_at,
            next_attempt: Instant::now() + pause,
            is_reset: is_reset || has_called,
        };
        Ok(())
    }

    /// Whether what has happened is that OpenOCD is gone, and recording can go on when it is back.
    pub(super) fn may_return(&self, error: &OpenOcdError) -> bool {
        let is_recording = matches!(
            self.phase,
            Phase::Waiting
                | Phase::Announcing { .. }
                | Phase::Tracing
                | Phase::Stopping(Next::Trace)
                | Phase::Stopped {
                    next: Next::Trace,
                    ..
                }
                | Phase::Lost(_)
        );
        is_recording && error.is_lost_link()
    }

    pub(super) fn lose(&mut self, error: &OpenOcdError) -> Item {
        self.phase = Phase::Lost(Lost::now());
        Item::Event(SourceEvent::LinkLost(error.to_string()))
    }

    /// Connects again, if it is time for that and OpenOCD is there.
    pub(super) fn restore(
        &mut self,
        mut lost: Lost,
        bytes: &mut Vec<u8>,
        timeout: Duration,
    ) -> Result<Item, OpenOcdError> {
        if let Some(event) = self.events.pop_front() {
            return Ok(Item::Event(event));
        }
        // What it had sent before, or sends on: the trace has a connection of its own.
        if self.is_used
            && let Received::Bytes(stream) =
                self.destination.read(bytes, Duration::from_millis(1))?
        {
            return Ok(self.hear(stream, bytes));
        }
        let is_due = lost.is_due(timeout);
        // Why it cannot be had yet does not matter: the user knows that it is lost.
        if !is_due || self.reconnect(lost).is_err() {
            self.events.clear();
            self.phase = Phase::Lost(lost);
        }
        Ok(self.events.pop_front().map_or(Item::Nothing, Item::Event))
    }

    fn reconnect(&mut self, lost: Lost) -> Result<(), OpenOcdError> {
        let mut client =
            Client::connect_within(&self.endpoint, ATTEMPT, &self.course.options().interrupt)?;
        target::cores(&mut client)?;
        client.subscribe()?;
        let is_tracing = is_tracing(&mut client)?;
        self.client = client;
        self.watch = ResetWatch::default();
        if self.course.start_name().is_some() {
            self.course.set_again(&mut self.client)?;
            self.say_restored(lost, true);
            self.phase = Phase::Waiting;
            return Ok(());
        }
        // It may never have been gone: only our way to it was.
        if is_tracing && !self.destination.has_ended() {
            self.say_restored(lost, true);
            self.phase = Phase::Tracing;
            return Ok(());
        }
        if is_tracing {
            self.client.command(self.destination.stop_command())?;
        }
        let resets = self.course.options().plan.reset;
        if resets {
            self.client.reset_and_halt()?;
        }
        self.say_restored(lost, !self.has_data);
        self.trace_on(resets)
    }

    fn say_restored(&mut self, lost: Lost, is_whole: bool) {
        self.events.push_back(SourceEvent::LinkRestored {
            gone: lost.gone(),
            is_whole,
        });
    }
}
