//! Whether a new start sequence means that the target was reset: its own clock tells.

use leakscope_systemview::Init;

/// What the target's clock said last, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TargetClock {
    microseconds: Option<(u64, u64)>,
    /// What it said behind the first start sequence since the target was reset, in microseconds.
    at_first: Option<u64>,
    cycles: Option<(u32, u64)>,
    /// Whether a start sequence came since.
    began: bool,
    /// Whether it has stood still: then it proves nothing.
    stands: bool,
}

/// A clock that runs in steps, and a recorder that takes its time, in microseconds.
const STEPS: u64 = 100_000;

/// A target that tells of itself so long after its reset, in microseconds, may do so after the next one, too: at most so
/// much later, beside twice that.
const EARLY: u64 = 60_000_000;
const LATER: u64 = 2_000_000;

const SECOND: u64 = 1_000_000;

impl TargetClock {
    /// The clock says this many microseconds at `time`; returns whether the target was reset: behind a start sequence, or where
    /// one may have been lost, it runs backwards and has not come round, or it cannot have come there by running
    /// on, and may have from zero. (The time alone is told again now and then.)
    pub(super) fn microseconds(
        &mut self,
        now: u64,
        time: u64,
        init: &Init,
        damaged_at: Option<u64>,
    ) -> bool {
        let began = std::mem::take(&mut self.began);
        let before = self.microseconds.replace((now, time));
        let first = *self.at_first.get_or_insert(now);
        let Some((before, then)) = before else {
            return false;
        };
        let ticks = time.saturating_sub(then);
        if !began && now == before && init.timestamp_hz > 0 && ticks > init.timestamp_hz.into() {
            self.stands = true;
        }
        let is_broken = damaged_at.is_some_and(|at| at >= then);
        if self.stands || !began && !is_broken {
            return false;
        }
        let is_from_zero = first <= EARLY && now <= 2 * first + LATER;
        let was_reset = if now < before {
            began && is_from_zero || !comes_round(before, now, ticks, init)
        } else {
            began && is_from_zero && stays_behind(now - before, ticks, init)
        };
        if was_reset {
            self.at_first = Some(now);
        }
        was_reset
    }

    /// A start sequence comes.
    pub(super) fn begin(&mut self) {
        self.began = true;
    }

    /// The counter from which time stamps are taken has this value at `time`, behind a start sequence (the time alone is told
    /// again now and then, and lost data make it look wrong); returns whether it cannot have come there by running on.
    ///
    /// The number wraps (after 18 s at 240 MHz), so that only one that is far off proves something. A recorder that shortens its
    /// time stamps by some bits tells all of the counter (`may_be_shifted`): it runs with the processor then.
    pub(super) fn cycles(
        &mut self,
        now: u32,
        time: u64,
        init: &Init,
        may_be_shifted: bool,
    ) -> bool {
        let began = std::mem::take(&mut self.began);
        let Some((before, then)) = self.cycles.replace((now, time)) else {
            return false;
        };
        if !began || init.timestamp_hz == 0 {
            return false;
        }
        let ticks = time.saturating_sub(then);
        let (hz, cpu_hz) = (u64::from(init.timestamp_hz), u64::from(init.cpu_hz));
        let is_shifted = may_be_shifted && cpu_hz % hz == 0 && (cpu_hz / hz).is_power_of_two();
        let rates = [
            Some(hz),
            Some(cpu_hz).filter(|_| is_shifted && cpu_hz != hz),
        ];
        let (before, now) = (before.into(), now.into());
        let may_run_on = |rate| runs_on(before, now, ticks, hz, rate, WRAP) != Some(false);
        let shifts = if may_be_shifted { MOST_SHIFT } else { 0 };
        !rates.into_iter().flatten().any(may_run_on)
            && !(0..=shifts).any(|shift| keeps_pace(before, now, ticks, 1 << shift))
    }
}

/// Where a number of 32 bits comes round.
const WRAP: u64 = 1 << 32;

/// How many bits a counter may have.
const WIDTHS: std::ops::RangeInclusive<u32> = 16..=32;

/// Time stamps leave out at most this many bits.
const MOST_SHIFT: u32 = 8;

/// Whether a clock of this rate that comes round at `wrap` may have come from `before` to `now` in so many ticks; `None` if it
/// can have come anywhere. It may be told in steps and a little late, and drift: a twentieth is allowed.
fn runs_on(before: u64, now: u64, ticks: u64, hz: u64, rate: u64, wrap: u64) -> Option<bool> {
    let [before, now, ticks, hz, rate, wrap] = [before, now, ticks, hz, rate, wrap].map(u128::from);
    let elapsed = ticks * rate / hz;
    let tolerance = elapsed / 20 + rate / 10;
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
        before.max(now) < wrap && runs_on(before, now, ticks, hz, rate, wrap) == Some(true)
    })
}

/// Whether a clock that runs on would be further than `advance` microseconds after so many ticks. Some systems count
/// milliseconds or ticks in their place: theirs may be.
fn stays_behind(advance: u64, ticks: u64, init: &Init) -> bool {
    if init.timestamp_hz == 0 {
        return false;
    }
    let microseconds = u128::from(ticks) * 1_000_000 / u128::from(init.timestamp_hz);
    let runs_on = [microseconds, microseconds / 1000, u128::from(ticks)]
        .iter()
        .any(|elapsed| u128::from(advance).abs_diff(*elapsed) <= elapsed / 20);
    !runs_on && u128::from(advance) + microseconds / 20 + u128::from(STEPS) < microseconds
}
