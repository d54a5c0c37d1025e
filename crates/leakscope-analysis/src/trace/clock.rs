//! Whether a new start sequence means that the target was reset: its own clock tells.

use leakscope_systemview::Init;

/// What a target's clock says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Clock {
    Microseconds(u64),
    Cycles(u32),
}

impl Clock {
    /// The same in ticks of time stamps.
    pub(super) fn in_ticks(self, init: &Init) -> u64 {
        match self {
            Self::Microseconds(now) => {
                (u128::from(now) * u128::from(init.timestamp_hz) / u128::from(SECOND)) as u64
            }
            Self::Cycles(now) => now.into(),
        }
    }
}

/// What a target's clock says of a start sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It has run on, or says nothing.
    RunsOn,
    /// It began anew.
    Reset,
    /// Both may be.
    Either,
}

/// What the target's clock said last, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TargetClock {
    microseconds: Option<(u64, u64)>,
    /// What it said behind the first start sequence since the target was reset, in microseconds, and when.
    at_first: Option<(u64, u64)>,
    /// At how many start sequences it said more than at the one before, and never less.
    rises: u32,
    cycles: Option<(u32, u64)>,
    /// Whether a start sequence came since.
    began: bool,
    /// How many packets there were at the last start behind a stop, if the target's INIT has not followed: who records may have
    /// said it.
    unsaid: Option<u64>,
    /// Whether packets followed such a start since: how much time had passed before them, nobody knows.
    is_cut: bool,
    /// Whether it has stood still: then it proves nothing.
    stands: bool,
}

/// A system's clock runs in steps of a hundredth of a second at most, in microseconds; seldom of a tenth, or it has not begun
/// to run when it is told first.
const STEP: u64 = 10_000;
const LONGEST_STEP: u64 = 100_000;

/// An advance of so many units of a clock is more than chance.
const LEAST_ADVANCE: u64 = 1000;

/// A clock that begins anew each time says more than before so often by a chance of one in 720.
const RISES: u32 = 6;

/// A target that tells of itself so long after its reset, in microseconds, may do so after the next one, too: at most so
/// much later, beside twice that.
const EARLY: u64 = 60_000_000;
const LATER: u64 = 2_000_000;

const SECOND: u64 = 1_000_000;

impl TargetClock {
    /// The clock says this many microseconds at `time`. The target was reset if, behind a start sequence, or where one may have
    /// been lost, it runs backwards and has not come round, or it cannot have come there by running on, and may have from zero.
    /// (The time alone is told again now and then.)
    pub(super) fn microseconds(
        &mut self,
        now: u64,
        time: u64,
        init: &Init,
        damaged_at: Option<u64>,
    ) -> Told {
        let began = std::mem::take(&mut self.began);
        let before = self.microseconds.replace((now, time));
        let (first, since) = *self.at_first.get_or_insert((now, time));
        let Some((before, then)) = before else {
            return Told::RunsOn;
        };
        let ticks = time.saturating_sub(then);
        if !began && now == before && init.timestamp_hz > 0 && ticks > init.timestamp_hz.into() {
            self.stands = true;
        }
        let is_broken = damaged_at.is_some_and(|at| at >= then);
        if self.stands || !began && !is_broken {
            return Told::RunsOn;
        }
        let is_from_zero = began && first <= EARLY && now <= 2 * first + LATER;
        let told = if now < before {
            self.rises = 0;
            if is_from_zero || !comes_round(before, now, ticks, init) {
                Told::Reset
            } else {
                Told::RunsOn
            }
        } else if is_from_zero {
            self.rises += u32::from(now > before);
            let told = match advances(before, now, ticks, init) {
                // So little has passed since: more has since the first one.
                Told::Either if first <= now => {
                    advances(first, now, time.saturating_sub(since), init)
                }
                told => told,
            };
            // One that stands still in sleep goes on all the same.
            if self.rises >= RISES {
                Told::RunsOn
            } else {
                told
            }
        } else {
            Told::RunsOn
        };
        if told == Told::Reset {
            self.at_first = Some((now, time));
        }
        told
    }

    /// It turns out that all this was so many ticks later.
    pub(super) fn catch_up(&mut self, ticks: u64) {
        let told = self.microseconds.iter_mut().chain(&mut self.at_first);
        let times = told.map(|(_, time)| time);
        for time in times.chain(self.cycles.iter_mut().map(|(_, time)| time)) {
            *time += ticks;
        }
    }

    /// Whether the target tells what it says.
    pub(super) fn is_known(&self) -> bool {
        self.microseconds.is_some() || self.cycles.is_some()
    }

    /// A start sequence comes behind so many packets.
    pub(super) fn begin(&mut self, packets: u64, after_stop: bool) {
        self.began = true;
        self.is_cut |= self.unsaid.is_some_and(|at| packets > at + 1);
        self.unsaid = after_stop.then_some(packets);
    }

    /// It was the target that has begun, or nothing follows.
    pub(super) fn is_said(&mut self) {
        self.unsaid = None;
    }

    /// Whether it went on by just what has passed, however little that is: of a clock that began anew, this is chance.
    pub(super) fn keeps_step(&self, clock: Clock, time: u64, init: &Init) -> bool {
        let (Clock::Microseconds(now), Some((before, then))) = (clock, self.microseconds) else {
            return false;
        };
        let tick = SECOND / u64::from(init.timestamp_hz.max(1)) + 1;
        let elapsed = u128::from(time.saturating_sub(then)) * u128::from(SECOND)
            / u128::from(init.timestamp_hz.max(1));
        let tolerance = elapsed / 50 + u128::from(2 * tick);
        let advance = u128::from(now.saturating_sub(before));
        advance >= 8 * tolerance && advance.abs_diff(elapsed) <= tolerance
    }

    /// Another core tells that the target was reset before the clock was told last.
    pub(super) fn was_reset(&mut self) {
        (self.at_first, self.rises) = (self.microseconds, 0);
    }

    /// Whether one came since the clock was told.
    pub(super) fn has_begun(&self) -> bool {
        self.began && self.is_known()
    }

    /// The counter from which time stamps are taken has this value at `time`. The target was reset if, behind a start sequence
    /// (the time alone is told again now and then, and lost data make it look wrong), it cannot have come there by running on in the
    /// time that has passed, if that is known.
    ///
    /// The number wraps (after 18 s at 240 MHz), so that only one that is far off proves something. A recorder that shortens its
    /// time stamps by some bits tells all of the counter (`may_be_shifted`): it runs with the processor then.
    pub(super) fn cycles(
        &mut self,
        now: u32,
        time: u64,
        init: &Init,
        may_be_shifted: bool,
        damaged_at: Option<u64>,
    ) -> Told {
        let began = std::mem::take(&mut self.began);
        let is_cut = std::mem::take(&mut self.is_cut) || self.unsaid.is_some();
        let Some((before, then)) = self.cycles.replace((now, time)) else {
            return Told::RunsOn;
        };
        if !began || is_cut || init.timestamp_hz == 0 {
            return Told::RunsOn;
        }
        let ticks = time.saturating_sub(then);
        let (hz, cpu_hz) = (u64::from(init.timestamp_hz), u64::from(init.cpu_hz));
        let is_shifted = may_be_shifted && cpu_hz % hz == 0 && (cpu_hz / hz).is_power_of_two();
        let rates = [
            Some(hz),
            Some(cpu_hz).filter(|_| is_shifted && cpu_hz != hz),
        ];
        let (before, now) = (before.into(), now.into());
        let may_run_on = |drift: &Drift| {
            let mut rates = rates.into_iter().flatten();
            rates.any(|rate| runs_on(before, now, ticks, hz, rate, WRAP, drift) != Some(false))
        };
        let is_paced = ticks > 3 * (ticks / PACED.of_elapsed + hz / PACED.of_second);
        let shifts = if may_be_shifted { MOST_SHIFT } else { 0 };
        // No counter runs faster than the processor.
        let mut shifts = (0..=shifts).filter(|&shift| shift == 0 || hz << shift <= cpu_hz);
        if shifts.any(|shift| keeps_pace(before, now, ticks, 1 << shift))
            || is_paced && may_run_on(&PACED)
        {
            return Told::RunsOn;
        }
        // Where bytes were lost, time was.
        if damaged_at.is_some_and(|at| at >= then) {
            return if may_run_on(&LOOSE) {
                Told::RunsOn
            } else {
                Told::Reset
            };
        }
        if may_run_on(&STEPPED) {
            Told::Either
        } else {
            Told::Reset
        }
    }
}

/// How far a clock may be from where it is expected: a part of what has elapsed, and a part of a second.
struct Drift {
    of_elapsed: u64,
    of_second: u64,
}

/// One that takes the time stamps' counter, or another one as good.
const PACED: Drift = Drift {
    of_elapsed: 1000,
    of_second: 1000,
};
/// Another one, which is told in steps and a little late …
const STEPPED: Drift = Drift {
    of_elapsed: 20,
    of_second: SECOND / STEP,
};
/// … or is slow to be told.
const LOOSE: Drift = Drift {
    of_elapsed: 20,
    of_second: SECOND / LONGEST_STEP,
};

/// Where a number of 32 bits comes round.
const WRAP: u64 = 1 << 32;

/// How many bits a counter may have.
const WIDTHS: std::ops::RangeInclusive<u32> = 16..=32;

/// Time stamps leave out at most this many bits.
const MOST_SHIFT: u32 = 8;

/// Whether a clock of this rate that comes round at `wrap` may have come from `before` to `now` in so many ticks; `None` if it
/// can have come anywhere.
fn runs_on(
    before: u64,
    now: u64,
    ticks: u64,
    hz: u64,
    rate: u64,
    wrap: u64,
    drift: &Drift,
) -> Option<bool> {
    let [before, now, ticks, hz, rate, wrap] = [before, now, ticks, hz, rate, wrap].map(u128::from);
    let elapsed = ticks * rate / hz;
    let tolerance = elapsed / u128::from(drift.of_elapsed) + rate / u128::from(drift.of_second);
    if tolerance > wrap / 4 {
        return None;
    }
    let off = (now + wrap - (before + elapsed) % wrap) % wrap;
    Some(off.min(wrap - off) <= tolerance)
}

/// Whether a counter from which the time stamps are taken as well, each of them `tick` of its steps long, has gone from `before`
/// to `now`: then these agree, however often it came round, and if it has fewer than 32 bits. A counter that began anew does so
/// by chance alone.
fn keeps_pace(before: u64, now: u64, ticks: u64, tick: u64) -> bool {
    let passed = now
        .wrapping_sub(before)
        .wrapping_sub(ticks.wrapping_mul(tick));
    let mut widths = WIDTHS;
    widths.any(|bits| {
        let wrap = 1 << bits;
        let off = passed % wrap;
        before.max(now) < wrap && tick <= wrap >> 12 && off.min(wrap - off) <= tick
    })
}

/// Whether a clock that went back has only come round: a counter of 32 bits or a tick of 16, that is told in microseconds or
/// in their place.
fn comes_round(before: u64, now: u64, ticks: u64, init: &Init) -> bool {
    let hz = u64::from(init.timestamp_hz);
    if hz == 0 {
        return false;
    }
    let rates = [hz, u64::from(init.cpu_hz.max(1))];
    let counters = rates.map(|rate| (SECOND, WRAP * SECOND / rate));
    let in_their_place = rates.map(|rate| (rate, WRAP));
    let tick_of_16 = [(SECOND, (1 << 16) * 1000), (1000, 1 << 16)];
    let of_32 = [(SECOND, WRAP), (1000, WRAP)];
    let mut clocks = [counters, in_their_place, tick_of_16, of_32]
        .into_iter()
        .flatten();
    clocks.any(|(rate, wrap)| {
        before.max(now) < wrap && runs_on(before, now, ticks, hz, rate, wrap, &LOOSE) == Some(true)
    })
}

/// Whether a clock that is told in microseconds has run on from `before` to `now` in so many ticks. Some systems count
/// milliseconds or ticks in their place.
fn advances(before: u64, now: u64, ticks: u64, init: &Init) -> Told {
    if init.timestamp_hz == 0 {
        return Told::RunsOn;
    }
    let advance = u128::from(now - before);
    let microseconds = u128::from(ticks) * 1_000_000 / u128::from(init.timestamp_hz);
    let step = u128::from(step_of(before, now));
    let units = [
        (microseconds, step),
        (microseconds / 1000, 0),
        (ticks.into(), 0),
    ];
    let runs_on = |&(elapsed, step): &(u128, u128)| {
        let is_far = advance >= (3 * step).max(LEAST_ADVANCE.into());
        is_far && advance.abs_diff(elapsed) <= elapsed / 50 + step
    };
    if units.iter().any(runs_on) {
        return Told::RunsOn;
    }
    let slowest = if before == 0 || step == LONGEST_STEP.into() {
        LONGEST_STEP
    } else {
        STEP
    };
    let may_run_on = (units.iter()).any(|&(elapsed, _)| advance.abs_diff(elapsed) <= elapsed / 20);
    if !may_run_on && advance + microseconds / 20 + u128::from(slowest) < microseconds {
        Told::Reset
    } else {
        Told::Either
    }
}

/// The steps in which a clock that says these numbers may run: the longest power of ten of which both are multiples.
fn step_of(before: u64, now: u64) -> u64 {
    let mut step = LONGEST_STEP;
    while !before.is_multiple_of(step) || !now.is_multiple_of(step) {
        step /= 10;
    }
    step
}
