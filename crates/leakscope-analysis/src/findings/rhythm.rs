//! Whether blocks that stay keep coming: the question behind every steady leak.

use super::{Confidence, Reason, Word};

/// The births must cover this share of the observed stretch: less is a burst.
const LEAST_SPREAD: f64 = 0.2;

/// Blocks within this share of the stretch belong to one burst.
const BURST: f64 = 0.01;

/// A silence of this share of the stretch at its end proves nothing.
const SHORT_SILENCE: f64 = 0.2;

/// A silence of more than this share of the time from the first birth to the last is too long, however
/// long the pauses: with few blocks the longest pause can be nearly all of that time.
const MOST_SILENCE: f64 = 0.5;

/// Blocks needed before one asks whether they become rarer.
const ENOUGH_TO_FADE: usize = 10;

/// The mean birth lies before this share of the time from the first to the last: half of the blocks that
/// come at a constant rate are born in each half.
const EARLY_MEAN: f64 = 0.4;

/// How far that is from chance, in standard deviations: blocks at a constant rate get there in one of
/// twenty sites with few blocks, and hardly ever with many, because of [`EARLY_MEAN`].
const FADING: f64 = -1.64;

/// They become rarer by a little, if the mean birth lies before this share (the pace falls to about 0.7 of what it was) …
const EARLIER_MEAN: f64 = 0.47;

/// … and that is so far from chance: blocks at a constant rate get there in one of a hundred sites.
const SLOWING: f64 = -2.33;

/// A silence that chance makes so long less often than this has another reading: something has filled up.
const BY_CHANCE: f64 = 0.001;

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

    /// How often something happened that left blocks: what one burst leaves counts once.
    pub(super) fn occasions(&self) -> usize {
        self.bursts().count()
    }

    /// As [`Rhythm::occasions`], and those without one of the moments of `between` since the last count as
    /// one, too.
    pub(super) fn occasions_between(&self, between: &[u64]) -> usize {
        let mut last = None;
        let occasions = self.bursts().filter(|&burst| {
            let passed = between.partition_point(|&moment| moment <= burst);
            last.replace(passed) != Some(passed)
        });
        occasions.count()
    }

    /// The first birth of each burst.
    pub(super) fn bursts(&self) -> impl Iterator<Item = u64> {
        let mut first = None;
        self.births.iter().copied().filter(move |&birth| {
            let within = |first: u64| birth.saturating_sub(first) as f64 <= BURST * self.length;
            let is_new = !first.is_some_and(within);
            if is_new {
                first = Some(birth);
            }
            is_new
        })
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
        silence as f64 <= SHORT_SILENCE * self.length
            || (silence <= self.longest_pause()
                && silence as f64 <= MOST_SILENCE * self.spread() as f64)
    }

    fn pauses(&self) -> impl Iterator<Item = u64> {
        let pairs = self.births.windows(2);
        pairs.map(|pair| pair[1].saturating_sub(pair[0]))
    }

    fn longest_pause(&self) -> u64 {
        self.pauses().max().unwrap_or(0)
    }

    /// How many usual pauses the silence at the end is long, if it is longer than all of them and than chance makes it: after
    /// blocks that come at random, `n` usual pauses pass without one in `exp(-n)` of all cases.
    pub(super) fn pauses_missed(&self) -> Option<u64> {
        let silence = self.silence();
        let missed = silence as f64 / self.usual_pause();
        (silence > self.longest_pause() && missed > -BY_CHANCE.ln()).then_some(missed as u64)
    }

    /// The mean pause; where blocks come in bursts, the pause between these, about: so many times as long as the pauses
    /// scatter more than those of blocks that come at random.
    fn usual_pause(&self) -> f64 {
        self.mean_pause() * self.scatter().max(1.0)
    }

    fn mean_pause(&self) -> f64 {
        self.spread() as f64 / self.births.len().saturating_sub(1) as f64
    }

    /// How the pauses scatter: their variance, compared to the square of their mean.
    fn scatter(&self) -> f64 {
        let mean = self.mean_pause();
        let squares = self.pauses().map(|pause| (pause as f64 - mean).powi(2));
        squares.sum::<f64>() / self.births.len().saturating_sub(1) as f64 / mean.powi(2)
    }

    /// Whether there are blocks enough to see them come ever more slowly.
    pub(super) fn can_fade(&self) -> bool {
        self.births.len() >= ENOUGH_TO_FADE
    }

    /// How long the first quarter of the blocks took to arrive, and the last, in ticks, if they come ever
    /// more slowly: something fills up, as a cache does that has met nearly all of its keys.
    pub(super) fn fading(&self) -> Option<(u64, u64)> {
        let blocks = self.births.len();
        if !self.can_fade() {
            return None;
        }
        let taken = |from: usize, to: usize| self.births[to].saturating_sub(self.births[from]);
        let quarter = (blocks - 1) / 4;
        let first = taken(0, quarter);
        let last = taken(blocks - 1 - quarter, blocks - 1);
        let fades = self.mean() < EARLY_MEAN && self.trend() < FADING;
        fades.then_some((first, last))
    }

    /// Whether the blocks come a little more slowly than at first. Something may fill up of which the recording does not
    /// hold enough to be sure; or the program has less to do.
    pub(super) fn slows(&self) -> bool {
        self.can_fade() && self.mean() < EARLIER_MEAN && self.trend() < SLOWING
    }

    /// An accusation by these births is no surer than that.
    pub(super) fn surest(&self) -> Confidence {
        if self.slows() {
            Confidence::Low
        } else if self.pauses_missed().is_some() {
            Confidence::Medium
        } else {
            Confidence::High
        }
    }

    /// What keeps an accusation from being sure; nothing if the pace is kept.
    pub(super) fn why_unsure(&self) -> Reason {
        let mut why = Reason::new();
        if self.slows() {
            why.push(Word::Text("; they come ever more slowly, as in a cache"));
        }
        if let Some(pauses) = self.pauses_missed() {
            why.extend([
                Word::Text("; then nothing more for "),
                Word::Duration(self.silence()),
                Word::Text(", "),
                Word::Count(pauses),
                Word::Text(" usual pauses"),
            ]);
        }
        why
    }

    /// Where the births between the first and the last lie on average: 0 at the first, 1 at the last.
    fn mean(&self) -> f64 {
        match self.births {
            [first, between @ .., _] if !between.is_empty() && self.spread() > 0 => {
                let sum: f64 = between
                    .iter()
                    .map(|&birth| birth.saturating_sub(*first) as f64)
                    .sum();
                sum / between.len() as f64 / self.spread() as f64
            }
            _ => 0.5,
        }
    }

    /// Lewis and Robinson's test for a trend: how far the mean birth is from the middle, in standard
    /// deviations of what chance does to it. Negative if blocks become rarer.
    ///
    /// It is Laplace's test divided by the coefficient of variation of the pauses, so that bursts, which
    /// are few and far between, are not taken for a trend.
    fn trend(&self) -> f64 {
        let pauses = self.births.len().saturating_sub(1) as f64;
        let laplace = (self.mean() - 0.5) * (12.0 * (pauses - 1.0)).sqrt();
        laplace / self.scatter().sqrt()
    }
}
