//! What a host is told again, in case it came late or missed something, and how much of the stream that may be.

/// Repetitions are this part of the bytes at most: less than 5 %.
const PART: usize = 21;
/// Credit for more bytes than this is not kept.
const MOST: usize = 512;

/// The account of repetitions: what is sent earns credit, what is repeated is paid from it.
#[derive(Debug)]
pub(crate) struct Repeats {
    /// Bytes that may be repeated, times [`PART`].
    credit: usize,
    /// Up to where in the buffer bytes were counted.
    counted: usize,
    /// Ticks since sync and time were told, as far as they were counted.
    elapsed: u32,
    /// When they were counted last.
    checked: u32,
    /// Which part of the start sequence comes next.
    pub(crate) next: usize,
}

impl Repeats {
    pub(crate) const NEW: Self = Self {
        credit: 0,
        counted: 0,
        elapsed: 0,
        checked: 0,
        next: 0,
    };

    /// Counts what was sent, and how much time went by. `position` is where the next byte goes.
    pub(crate) fn count(&mut self, position: usize, capacity: usize, now: u32, mask: u32) {
        let sent = if position >= self.counted {
            position - self.counted
        } else {
            position + capacity - self.counted
        };
        self.counted = position;
        self.credit = (self.credit + sent).min(MOST * PART);
        let passed = now.wrapping_sub(self.checked) & mask;
        self.checked = now;
        self.elapsed = self.elapsed.saturating_add(passed);
    }

    /// Whether sync and time are to be told: every second, if there is credit for that.
    pub(crate) fn is_due(&self, hz: u32) -> bool {
        const BEACON: usize = 10 + 1 + 5 + 5;
        self.elapsed >= hz && self.credit >= BEACON * PART
    }

    /// A recording begins, and tells everything.
    pub(crate) fn begin(&mut self, now: u32) {
        self.checked = now;
        self.told();
        self.next = 0;
    }

    /// Sync and time were told.
    pub(crate) fn told(&mut self) {
        self.elapsed = 0;
    }

    /// Whether there is credit for one more of the usual repetitions.
    pub(crate) fn may_repeat(&self) -> bool {
        const USUAL: usize = 64;
        self.credit >= USUAL * PART
    }

    /// Takes so many bytes that were repetitions off the budget.
    pub(crate) fn pay(&mut self, bytes: usize) {
        self.credit = self.credit.saturating_sub(bytes * PART);
    }
}
