//! How long it is since the last packet, and since the first core began, however often the clock came round.

use leakscope_systemview::id;

use super::output::{Mode, Output};

/// How a clock counts.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    /// Which of its bits count.
    pub(crate) mask: u32,
    /// How many low bits of a time are not sent: a tick is `1 << shift` units.
    pub(crate) shift: u32,
}

impl Scale {
    /// A quarter of the clock's period.
    pub(crate) const fn quarter(self) -> u32 {
        self.mask / 4 + 1
    }

    /// Whether these units are a step back: a clock that counts an operating system's ticks makes some, if interrupts are
    /// off for longer than a tick. Where `poll` is called in each half of the period, and carries the time on by quarters,
    /// as much time as that would be otherwise cannot have passed.
    const fn is_step_back(self, units: u32) -> bool {
        units >= self.mask / 8 * 7
    }
}

/// A moment at which a clock was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    clock: u32,
    /// In units since a core first began to record.
    pub(crate) time: u64,
}

/// The time that all cores share: it goes on whether they record or not.
#[derive(Debug)]
pub(crate) struct Time {
    /// The latest look of all cores; `None` before one has begun to record.
    latest: Option<Look>,
}

impl Time {
    pub(crate) const NEW: Self = Self { latest: None };

    /// Counts what went by, by a core's own steps: so it does no harm for long if the cores' clocks differ. Periods for which
    /// this core did not look are known from the others.
    pub(crate) fn look(&mut self, own: &mut Option<Look>, now: u32, scale: Scale) {
        let Some(latest) = self.latest else {
            return;
        };
        let before = own.unwrap_or(latest);
        let mut time = before.time + u64::from(now.wrapping_sub(before.clock) & scale.mask);
        if time < latest.time {
            let behind = latest.time - time + u64::from(scale.mask / 2);
            time += behind & !u64::from(scale.mask);
        }
        if time < latest.time || !scale.is_step_back((time - latest.time) as u32) {
            let look = Look { clock: now, time };
            *own = Some(look);
            if time > latest.time {
                self.latest = Some(look);
            }
        }
    }

    /// The first core begins, if none has.
    pub(crate) fn begin(&mut self, now: u32) {
        self.latest.get_or_insert(Look {
            clock: now,
            time: 0,
        });
    }
}

impl Output<'_> {
    /// Carries the time on where nothing happens: a clock that comes around between two packets would lose its
    /// period.
    pub(crate) fn keep_time(&mut self) {
        if self.chain.mode == Mode::Stopped || self.has_gone_back() {
            return;
        }
        while self.passed() >= self.scale.quarter() {
            self.chain.last = self.chain.last.wrapping_add(self.scale.quarter());
            self.chain.owed = self.chain.owed.saturating_add(1);
        }
        self.settle();
    }

    /// A core that does not record goes on with the time where it ended, or where the first core began.
    pub(crate) fn resume_time(&mut self) {
        let untold = self.time.wrapping_sub(self.chain.told);
        let quarter = self.scale.quarter();
        let quarters = untold / u64::from(quarter);
        self.chain.owed = quarters.try_into().unwrap_or(u32::MAX);
        self.chain.last = self.now.wrapping_sub(untold as u32 & (quarter - 1));
    }

    /// Keeps where the time ends that this core has told, until it goes on.
    pub(crate) fn leave_time(&mut self) {
        let owed = u64::from(self.chain.owed) * u64::from(self.scale.quarter());
        let untold = owed + u64::from(self.passed());
        self.chain.told = self.time.wrapping_sub(untold);
        self.chain.owed = 0;
    }

    /// Whether the clock has stepped back since the last packet.
    fn has_gone_back(&self) -> bool {
        self.scale.is_step_back(self.passed())
    }

    /// A clock that has stepped back stands still in the recording until it has caught up.
    pub(crate) fn never_goes_back(&mut self) {
        if self.chain.mode != Mode::Stopped && self.has_gone_back() {
            self.now = self.chain.last;
        }
    }

    /// Tells of quarters of periods that went by, up to two in a packet: by other times than powers of two, hosts that look
    /// for packets in damaged bytes do not know a silence. Whether there was room for all.
    pub(crate) fn settle(&mut self) -> bool {
        for _ in 0..MOST_AT_ONCE {
            let quarters = self.chain.owed.min(2);
            let ticks = (quarters * self.scale.quarter()) >> self.scale.shift;
            if quarters == 0 || !self.put_short(id::NOP, [None; 2], ticks) {
                break;
            }
            self.chain.owed -= quarters;
        }
        self.chain.owed == 0
    }
}

/// Packets that tell of time before an event, at most: the critical section goes on meanwhile.
const MOST_AT_ONCE: u32 = 16;
