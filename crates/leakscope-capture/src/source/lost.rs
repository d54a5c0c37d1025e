//! A link that was lost, and when it is sought again.

use std::thread;
use std::time::{Duration, Instant};

/// Before each attempt.
const PAUSE: Duration = Duration::from_millis(500);

/// Since when a link is lost, and when the next attempt is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lost {
    since: Instant,
    next_attempt: Instant,
}

impl Lost {
    /// It was lost now.
    pub(crate) fn now() -> Self {
        let since = Instant::now();
        Self {
            since,
            // Not at once: who looks at what has come may find that it is the end.
            next_attempt: since + PAUSE,
        }
    }

    /// Waits for the next attempt, for `timeout` at most; whether to make it.
    pub(crate) fn is_due(&mut self, timeout: Duration) -> bool {
        let wait = self.next_attempt.saturating_duration_since(Instant::now());
        thread::sleep(wait.min(timeout));
        if wait > timeout {
            return false;
        }
        self.next_attempt = Instant::now() + PAUSE;
        true
    }

    /// How long it has been gone.
    pub(crate) fn gone(&self) -> Duration {
        self.since.elapsed()
    }
}
