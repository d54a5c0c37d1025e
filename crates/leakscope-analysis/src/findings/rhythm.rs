//! Whether blocks that stay keep coming: the question behind every steady leak.

/// The births must cover this share of the observed stretch: less is a burst.
const LEAST_SPREAD: f64 = 0.2;

/// A silence of this share of the stretch at its end proves nothing.
const SHORT_SILENCE: f64 = 0.2;

/// Blocks needed before one asks whether they become rarer: with fewer, chance alone makes four falling
/// quarters in more than one of a hundred sites.
const ENOUGH_FOR_QUARTERS: usize = 10;

/// A quarter has to hold this share of the blocks of the quarter before it, or they become rarer.
const FALLING: f64 = 0.75;

/// The births of blocks that stay, within a stretch of time.
pub(super) struct Rhythm<'a> {
    births: &'a [u64],
    length: f64,
    to: u64,
}

impl<'a> Rhythm<'a> {
    /// `births` in order of time; the stretch has `length` ticks and ends at `to`.
    pub(super) fn new(births: &'a [u64], length: f64, to: u64) -> Self {
        Self { births, length, to }
    }

    /// Ticks from the first birth to the last.
    pub(super) fn spread(&self) -> u64 {
        match self.births {
            [first, .., last] => last.saturating_sub(*first),
            _ => 0,
        }
    }

    /// What share of the stretch the births cover.
    pub(super) fn coverage(&self) -> f64 {
        if self.length > 0.0 {
            self.spread() as f64 / self.length
        } else {
            0.0
        }
    }

    /// Whether the births are more than a burst.
    pub(super) fn is_spread(&self) -> bool {
        self.coverage() >= LEAST_SPREAD
    }

    /// Ticks from the last birth to the end.
    pub(super) fn silence(&self) -> u64 {
        self.births
            .last()
            .map_or(0, |last| self.to.saturating_sub(*last))
    }

    /// Whether more are to be expected.
    ///
    /// The silence at the end is one more pause among those between the births, and if the site is still
    /// at work, each of them is as likely to be the longest. So a silence that is no longer than the
    /// longest pause says nothing.
    pub(super) fn goes_on(&self) -> bool {
        let silence = self.silence();
        let longest = self
            .births
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]))
            .max()
            .unwrap_or(0);
        silence as f64 <= SHORT_SILENCE * self.length
            || (silence <= longest && silence <= self.spread() / 2)
    }

    /// The number of births in each quarter of the time from the first to the last, if there are ever
    /// fewer: something fills up, as a cache does that has met nearly all of its keys.
    pub(super) fn fading(&self) -> Option<[u64; 4]> {
        let &first = self.births.first()?;
        let spread = self.spread();
        if self.births.len() < ENOUGH_FOR_QUARTERS || spread == 0 {
            return None;
        }
        let mut quarters = [0_u64; 4];
        for &birth in self.births {
            let share = birth.saturating_sub(first) as f64 / spread as f64;
            quarters[((share * 4.0) as usize).min(3)] += 1;
        }
        let falls = |pair: &[u64]| pair[1] as f64 <= FALLING * pair[0] as f64;
        quarters.windows(2).all(falls).then_some(quarters)
    }
}
