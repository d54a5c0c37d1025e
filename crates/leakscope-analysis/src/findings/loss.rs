//! How lost data weigh on one call site: which of its blocks that seem to live may have been freed unseen.
//!
//! Blocks are told apart by how long they lived *for sure*: until the first gap after their birth, because up
//! to it a free would have been seen. Classes are those of [`Lifetimes`]; class *n* stands for all blocks of
//! that class and above, and class 0 so for all blocks.

use super::losses::{CLASSES, UNSEEN, not_below};
use super::{Gap, Lifetimes, Losses, SiteHistory, Span};

/// How far above the expected number chance is allowed to go, in standard deviations: one in 700.
const CHANCE: f64 = 3.0;
const ONE_IN: f64 = 700.0;

/// A habit of not freeing is no chance if lost frees explain it with this probability at most.
const NO_CHANCE: f64 = 0.001;

/// What is no more than a hint without losses must not be weakened by them.
const NO_CHANCE_OF_A_HINT: f64 = 1e-6;

/// The losses as one site sees them.
pub(super) struct Loss<'a> {
    losses: &'a Losses,
    /// When the trace ends.
    end: u64,
    /// How many of the site's frees are lost together.
    together: f64,
    /// The blocks that live, as ticks for which they lived for sure, and births; the least sure first.
    live: Vec<(u64, u64)>,
    /// Blocks that were freed, or ended by reuse, for sure at this class or above.
    ended: [u64; CLASSES],
    /// Those of them that ended by reuse.
    reused: [u64; CLASSES],
    /// Blocks that were seen to be freed, would be of this class now or older, and whose memory was not used again.
    unreturned: [f64; CLASSES],
    /// By the class that is sure, and the class of the longest life: ends after a loss.
    unsure: Vec<[u64; CLASSES]>,
}

/// The first gap that a block born at `birth` lived into.
pub(crate) fn first_gap(gaps: &[Gap], birth: u64) -> Option<&Gap> {
    gaps.get(gaps.partition_point(|gap| gap.to <= birth))
}

impl<'a> Loss<'a> {
    /// `None` if no block of the site can have been freed unseen.
    pub(super) fn of(history: &SiteHistory, span: &'a Span) -> Option<Self> {
        let losses = span.losses.as_ref()?;
        let sure = |birth: u64| {
            let gap = first_gap(&span.gaps, birth);
            gap.map_or(u64::MAX, |gap| gap.from.saturating_sub(birth))
        };
        let births = history.live_births.iter();
        let mut live: Vec<_> = births.map(|&birth| (sure(birth), birth)).collect();
        if history.reused == 0 && live.iter().all(|&(sure, _)| sure == u64::MAX) {
            return None;
        }
        live.sort_unstable();
        let mut ended = [0; CLASSES];
        for (class, &count) in history.lifetimes.buckets.iter().enumerate() {
            ended[class] = u64::from(count);
        }
        let mut reused = [0; CLASSES];
        let mut unsure = vec![[0; CLASSES]; CLASSES];
        for (sure, longest, by_reuse, count) in history.unsure_ends.counts() {
            unsure[sure][longest] += count;
            ended[sure] += count;
            if by_reuse {
                reused[sure] += count;
            } else {
                ended[longest] = ended[longest].saturating_sub(count);
            }
        }
        sum_from_above(&mut ended);
        sum_from_above(&mut reused);
        unsure.iter_mut().for_each(sum_from_above);
        for class in (0..CLASSES - 1).rev() {
            let above = unsure[class + 1];
            unsure[class]
                .iter_mut()
                .zip(above)
                .for_each(|(count, more)| *count += more);
        }
        let events = history.allocations.saturating_add(history.frees) as f64;
        Some(Self {
            losses,
            end: span.end,
            together: (events / losses.packets * losses.together).max(1.0),
            live,
            ended,
            reused,
            unreturned: not_below(
                history
                    .unreturned
                    .buckets
                    .iter()
                    .map(|&count| f64::from(count)),
            ),
            unsure,
        })
    }

    /// How many frees of blocks that lived for `class` should have been lost.
    fn usual(&self, class: usize) -> f64 {
        let freed = self.ended[class].saturating_sub(self.reused[class]);
        self.losses.odds * freed as f64
    }

    /// More lost frees than this are no chance, if so many are expected.
    fn limit(&self, expected: f64) -> f64 {
        expected + CHANCE * self.deviation(expected)
    }

    /// How many lost frees are allowed for, if this many are expected. If these are less than a group, a whole one may come,
    /// or some: that is more than the deviations say.
    fn at_most(&self, expected: f64) -> f64 {
        let groups = self.together * most_groups(expected / self.together);
        self.limit(expected).max(groups)
    }

    /// The standard deviation of a number of lost frees of which so many are expected. Twice the variance of frees that
    /// are lost one by one is allowed for.
    fn deviation(&self, expected: f64) -> f64 {
        ((1.0 + self.together) * expected).sqrt()
    }

    /// Whether more frees of such blocks were lost than chance loses: they go together with gaps, and so
    /// nothing can be said of those that are not known.
    pub(super) fn is_no_chance(&self, class: usize) -> bool {
        self.losses.is_blind || self.reused[class] as f64 > self.limit(self.usual(class))
    }

    /// How many blocks that lived for `sure`, and would now be older than `age`, were freed unseen at most.
    pub(super) fn hidden(&self, sure: usize, age: usize) -> usize {
        self.at_most(self.usual(sure).min(self.likely_hidden(age)))
            .ceil() as usize
    }

    /// How many blocks that would now be older than `age` should have been freed unseen, and be hidden still: for each
    /// free that was seen, and whose memory nobody used again, as many as packets were lost for each that was read.
    fn likely_hidden(&self, age: usize) -> f64 {
        if self.losses.shows_returns {
            self.losses.odds * (self.unreturned[age] + UNSEEN)
        } else {
            f64::INFINITY
        }
    }

    /// How many blocks ended at an age of class `age` or later: those known for sure, and of the others that
    /// lived for `sure` as many as late discoveries of lost frees do not explain.
    pub(super) fn ended_later(&self, sure: usize, age: usize) -> f64 {
        let certain = self.ended[age] as f64;
        let possible = self.unsure[sure][age] as f64 - self.unsure[age][0] as f64;
        certain + (possible - self.losses.late[age] * self.usual(sure)).max(0.0)
    }

    /// Of the blocks born up to `latest`, how many did not live for sure for each class.
    pub(super) fn unsure_before(&self, latest: u64) -> [usize; CLASSES] {
        let mut unsure = [0; CLASSES];
        for (lived, _) in self.live.iter().filter(|&&(_, birth)| birth <= latest) {
            unsure[class_of(*lived)] += 1;
        }
        let mut below = 0;
        for count in &mut unsure {
            below += std::mem::replace(count, below);
        }
        unsure
    }

    /// The births of those that were born up to `latest`, without the `given_up` least sure ones.
    pub(super) fn kept(&self, latest: u64, given_up: usize) -> Vec<u64> {
        let births = self.live.iter().map(|&(_, birth)| birth);
        let mut kept: Vec<u64> = births
            .filter(|&birth| birth <= latest)
            .skip(given_up)
            .collect();
        kept.sort_unstable();
        kept
    }

    /// The births of the blocks that may have been freed unseen, in order, if only those count that would have
    /// been hidden for `ticks`.
    pub(super) fn suspects(&self, ticks: u64) -> Vec<u64> {
        let age = Lifetimes::class(ticks);
        let unsure = self.unsure_before(u64::MAX);
        let given_up = (0..CLASSES).map(|sure| unsure[sure].saturating_add(self.hidden(sure, age)));
        let fewest = given_up.min();
        let suspects = self.live.iter().take(fewest.unwrap_or(0));
        let mut births: Vec<u64> = suspects.map(|&(_, birth)| birth).collect();
        births.sort_unstable();
        births
    }

    /// By how many blocks a level flickers because lost frees show only after `ticks`.
    pub(super) fn flicker(&self, ticks: u64) -> f64 {
        let hidden = self
            .usual(0)
            .min(self.likely_hidden(Lifetimes::class(ticks)));
        f64::midpoint(hidden, self.deviation(hidden)).ceil()
    }

    /// Whether it is no chance that of the blocks that were left at these moments no free was seen, nor any reuse:
    /// each free was lost, and is still hidden. Moments, not blocks, because what is freed together is lost together.
    pub(super) fn is_habit(&self, left: impl Iterator<Item = u64>, is_hint: bool) -> bool {
        let limit = if is_hint {
            NO_CHANCE_OF_A_HINT
        } else {
            NO_CHANCE
        };
        let share = self.share();
        let chances = left.map(|birth| {
            let age = Lifetimes::class(self.end.saturating_sub(birth));
            share * self.losses.hidden[age]
        });
        !self.losses.is_blind && chances.product::<f64>() <= limit
    }

    /// In how many of the windows, over which so many allocations are spread, one was lost at most.
    pub(super) fn windows_hit(&self, allocations: u64, windows: usize) -> f64 {
        if self.losses.is_blind {
            return 0.0;
        }
        let in_each = allocations as f64 / windows.max(1) as f64;
        let expected = windows as f64 * (1.0 - (1.0 - self.share()).powf(in_each));
        expected + CHANCE * expected.sqrt()
    }

    /// How likely a packet is lost.
    fn share(&self) -> f64 {
        self.losses.odds / (1.0 + self.losses.odds)
    }

    /// How many of the blocks lived when data were lost.
    pub(super) fn unsure(&self) -> u64 {
        self.live.partition_point(|&(sure, _)| sure < u64::MAX) as u64
    }

    /// When the first of them was allocated.
    pub(super) fn first_unsure(&self) -> Option<u64> {
        let unsure = self.live.iter().filter(|&&(sure, _)| sure < u64::MAX);
        unsure.map(|&(_, birth)| birth).min()
    }

    /// Packets that were lost.
    pub(super) fn lost(&self) -> u64 {
        self.losses.lost as u64
    }
}

/// How many groups come at the most, but for one case in 700, if so many are expected (Poisson).
fn most_groups(expected: f64) -> f64 {
    let (mut count, mut chance) = (0.0, (-expected).exp());
    let mut rest = 1.0 - chance;
    while rest * ONE_IN > 1.0 && chance > 0.0 {
        count += 1.0;
        chance *= expected / count;
        rest -= chance;
    }
    count
}

/// A block that certainly lives is of the highest class.
fn class_of(sure: u64) -> usize {
    match sure {
        u64::MAX => CLASSES - 1,
        ticks => Lifetimes::class(ticks),
    }
}

fn sum_from_above(counts: &mut [u64; CLASSES]) {
    for class in (0..CLASSES - 1).rev() {
        counts[class] += counts[class + 1];
    }
}
