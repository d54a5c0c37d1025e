//! Noticing that the target was reset while OpenOCD traced it.
//!
//! OpenOCD says so only if it has done it itself. A program that begins anew by itself calls its debugger, to say
//! where its trace buffers are; OpenOCD connects to them again, but does not send START again
//! (`esp32_apptrace.c`, `esp32_apptrace_check_connection`). So after a call of the program followed by silence, the
//! target was reset. A program that has called for something else goes on sending.

use std::time::{Duration, Instant};

use crate::openocd::rpc::Notification;

/// What was under way when the program called comes within this time.
const UNDER_WAY: Duration = Duration::from_millis(200);
/// A program that does not begin anew sends something within this time.
const SILENCE: Duration = Duration::from_secs(1);

/// What is known of a target that is traced.
#[derive(Debug, Default)]
pub(super) struct ResetWatch {
    /// When the program called its debugger, if it has sent nothing since then.
    called: Option<Instant>,
    was_reset: bool,
}

impl ResetWatch {
    /// OpenOCD has said something.
    pub(super) fn notified(&mut self, notification: Notification, now: Instant) {
        match notification {
            Notification::Reset => {
                *self = Self {
                    called: None,
                    was_reset: true,
                }
            }
            Notification::Call => self.called = Some(now),
            Notification::Other => {}
        }
    }

    /// The target has sent something.
    pub(super) fn heard(&mut self, now: Instant) {
        let is_new = |called: &Instant| now.duration_since(*called) > UNDER_WAY;
        if self.called.as_ref().is_some_and(is_new) {
            self.called = None;
        }
    }

    /// Whether the target was reset.
    pub(super) fn was_reset(&self, now: Instant) -> bool {
        let is_silent = |called: Instant| now.duration_since(called) >= SILENCE;
        self.was_reset || self.called.is_some_and(is_silent)
    }

    /// Whether the program has called since the last time.
    pub(super) fn take_call(&mut self) -> bool {
        self.called.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, milliseconds: u64) -> Instant {
        start + Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_call_with_silence_behind_it_is_a_reset() {
        let start = Instant::now();
        let mut watch = ResetWatch::default();
        watch.notified(Notification::Other, start);
        watch.notified(Notification::Call, at(start, 10));
        watch.heard(at(start, 200));
        assert!(!watch.was_reset(at(start, 1_009)));
        assert!(watch.was_reset(at(start, 1_010)));
    }

    #[test]
    fn a_program_that_goes_on_after_a_call_was_not_reset() {
        let start = Instant::now();
        let mut watch = ResetWatch::default();
        watch.notified(Notification::Call, start);
        watch.heard(at(start, 201));
        assert!(!watch.was_reset(at(start, 9_000)));
    }

    #[test]
    fn what_openocd_resets_is_reset() {
        let start = Instant::now();
        let mut watch = ResetWatch::default();
        watch.notified(Notification::Call, start);
        watch.notified(Notification::Reset, start);
        assert!(watch.was_reset(start));
        assert!(!watch.take_call(), "that was before");
        watch.notified(Notification::Call, start);
        assert!(watch.take_call());
        assert!(!watch.take_call());
    }
}
