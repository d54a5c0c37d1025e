//! Whether the user has had enough, which whoever waits for somebody else looks at meanwhile.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Set by the user, or by a clock. Clones are the same interrupt.
///
/// Everything in this crate that waits returns within a second once it is set.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    wanted: Arc<AtomicBool>,
    /// When it was set, if not by a clock.
    set_at: Arc<OnceLock<Instant>>,
    due: Arc<Mutex<Option<Instant>>>,
}

/// How often is looked at it.
const LOOK: Duration = Duration::from_millis(50);
/// Who was asked something when it was set may still answer within this time.
const GRACE: Duration = Duration::from_millis(500);
/// Who is asked after that has to be quicker.
const LAST_GRACE: Duration = Duration::from_millis(200);

impl Interrupt {
    /// The user wants an end. Whether he wanted it before.
    pub fn want(&self) -> bool {
        self.set();
        self.wanted.swap(true, Ordering::Relaxed)
    }

    /// Sets it, for another reason than that the user wants an end.
    pub fn set(&self) {
        self.set_at.get_or_init(Instant::now);
    }

    /// Whether it is set, and not by a clock.
    pub fn is_wanted(&self) -> bool {
        self.set_at.get().is_some()
    }

    /// It is set so long after now, if at all. What was said of that before is forgotten.
    pub fn after(&self, duration: Option<Duration>) {
        let due = duration.and_then(|duration| Instant::now().checked_add(duration));
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = due;
    }

    /// Whether its time has come.
    pub fn is_due(&self) -> bool {
        self.due_since().is_some()
    }

    fn due_since(&self) -> Option<Instant> {
        let due = *self.due.lock().unwrap_or_else(PoisonError::into_inner);
        due.filter(|&due| Instant::now() >= due)
    }

    /// Since when it is set.
    fn since(&self) -> Option<Instant> {
        let set_at = self.set_at.get().copied();
        set_at.into_iter().chain(self.due_since()).min()
    }

    /// Whether it has been set for so long that nothing more should be begun that takes time.
    pub(crate) fn is_past_grace(&self) -> bool {
        self.since().is_some_and(|since| since.elapsed() >= GRACE)
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.is_wanted() || self.is_due()
    }

    /// Does something that cannot be called off. Once this is set, it is left to itself.
    pub(crate) fn unless_set<T: Send + 'static>(
        &self,
        act: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let (sender, result) = mpsc::sync_channel(1);
        thread::spawn(move || sender.send(act()));
        loop {
            match result.recv_timeout(LOOK) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) if !self.is_set() => {}
                Err(_) => return Err(io::ErrorKind::Interrupted.into()),
            }
        }
    }
}

/// A wait for somebody's answer: for so long, or until soon after the interrupt.
#[derive(Debug)]
pub(crate) struct Wait<'i> {
    interrupt: &'i Interrupt,
    began: Instant,
    limit: Duration,
    deadline: Instant,
    was_set: bool,
    has_begun: bool,
}

impl<'i> Wait<'i> {
    pub(crate) fn new(limit: Duration, interrupt: &'i Interrupt) -> Self {
        Self {
            interrupt,
            began: Instant::now(),
            limit,
            deadline: Instant::now() + limit,
            was_set: false,
            has_begun: false,
        }
    }

    /// How long to wait now; after that, ask again. `None`: it is over, however much the other side says. However short
    /// it is, there is one look.
    pub(crate) fn turn(&mut self) -> Option<Duration> {
        if !self.was_set
            && let Some(since) = self.interrupt.since()
        {
            self.was_set = true;
            let end = (since + GRACE).max(Instant::now() + LAST_GRACE);
            self.deadline = self.deadline.min(end);
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        let is_over = std::mem::replace(&mut self.has_begun, true) && left.is_zero();
        (!is_over).then(|| left.min(LOOK))
    }

    /// How long it was, now that it is over: to a tenth of a second, if that was sooner than the limit.
    pub(crate) fn waited(&self) -> Duration {
        self.limit.min(tenths(self.began.elapsed()))
    }
}

/// To a tenth of a second, rounded up.
pub(crate) fn tenths(time: Duration) -> Duration {
    Duration::from_millis(time.as_millis().div_ceil(100) as u64 * 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody who never answers keeps nobody who has had enough.
    #[test]
    fn what_cannot_be_called_off_is_left_to_itself() {
        let interrupt = Interrupt::default();
        let (answer, never) = mpsc::channel::<()>();
        let asked = interrupt.clone();
        let act = move || {
            asked.want();
            never.recv().map_err(io::Error::other)
        };
        let error = interrupt.unless_set(act).expect_err("nobody answers");
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
        drop(answer);
    }

    #[test]
    fn a_wait_is_cut_short() {
        let interrupt = Interrupt::default();
        let hour = Duration::from_hours(1);
        let mut wait = Wait::new(hour, &interrupt);
        assert_eq!(wait.turn(), Some(LOOK));
        assert!(wait.deadline > Instant::now() + GRACE);
        assert!(!interrupt.want());
        assert!(wait.turn().is_some());
        assert!(wait.deadline <= Instant::now() + GRACE);
        assert!(interrupt.want(), "the second time");
        assert!(wait.waited() < hour);
        let other = Interrupt::default();
        other.set();
        assert!(
            other.is_set() && !other.want(),
            "the user has not wanted it before"
        );
        let mut short = Wait::new(Duration::ZERO, &interrupt);
        assert_eq!([short.turn(), short.turn()], [Some(Duration::ZERO), None]);
    }
}
