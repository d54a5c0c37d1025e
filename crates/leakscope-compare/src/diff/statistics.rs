//! Whether chance explains a difference: exact tests and the intervals that belong to them.
//!
//! All tests are two-sided, all intervals hold in 95 of 100 cases.

use std::cmp::Ordering;
use std::f64::consts::SQRT_2;

use statrs::function::beta::{beta_reg, inv_beta_reg};
use statrs::function::erf::erfc;

/// Probability beyond each end of an interval.
const TAIL: f64 = 0.025;

/// How many standard deviations below the mean a normal distribution has [`TAIL`] left.
const NORMAL_TAIL: f64 = 1.959_963_984_540_054;

/// The rate of false discoveries that is accepted, and the level of a single test.
pub const LEVEL: f64 = 0.05;

/// What a test says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tested {
    /// The probability that chance alone parts both sides so far.
    pub(crate) p: f64,
    /// Whether there is more after, or less: the end at which chance is the less likely.
    pub(crate) change: Ordering,
    /// The ends of the interval of the ratio, after to before; the upper one may be infinite.
    pub(crate) ratio: (f64, f64),
}

impl Tested {
    /// Two-sided, of the probabilities of so little and of so much.
    fn of_tails(less: f64, more: f64, ratio: (f64, f64)) -> Self {
        Self {
            p: (2.0 * less.min(more)).min(1.0),
            change: less.total_cmp(&more),
            ratio,
        }
    }
}

/// Two counts of things that come by themselves (Poisson), each with the exposure in which it was counted: under equal
/// rates, the second is binomial. The interval of the ratio of rates is that of Clopper and Pearson.
///
/// Counts may be broken: things that come in bursts weigh less than one each.
pub(crate) fn rates(before: (f64, f64), after: (f64, f64)) -> Tested {
    let ((old, old_exposure), (new, new_exposure)) = (before, after);
    let share = new_exposure / (old_exposure + new_exposure);
    let (more, less) = (at_least(new, old, share), at_least(old, new, 1.0 - share));
    let odds = |share: f64| share / (1.0 - share) * old_exposure / new_exposure;
    let low = if new > 0.0 {
        odds(inv_beta_reg(new, old + 1.0, TAIL))
    } else {
        0.0
    };
    let high = if old > 0.0 {
        odds(inv_beta_reg(new + 1.0, old, 1.0 - TAIL))
    } else {
        f64::INFINITY
    };
    Tested::of_tails(less, more, (low, high))
}

/// The probability of at least `count` of `count + rest`, each with probability `share`.
fn at_least(count: f64, rest: f64, share: f64) -> f64 {
    if count <= 0.0 {
        1.0
    } else {
        beta_reg(count, rest + 1.0, share)
    }
}

/// Of more measurements than so many, sums of ranks are taken to be normally distributed: counting them takes the fourth power of
/// their number.
const MOST_COUNTED: usize = 50;

/// Independent measurements of both sides, compared by their ranks (Mann and Whitney, ties shared; exact up to
/// [`MOST_COUNTED`]). The interval is that of a factor between both (Hodges and Lehmann, by order statistics of all ratios).
pub(crate) fn ranks(before: &[f64], after: &[f64]) -> Tested {
    let (twice_ranks, from) = twice_ranks(before, after);
    let observed: usize = twice_ranks[from..].iter().sum();
    let (less, more) = if twice_ranks.len() <= MOST_COUNTED {
        let distribution = rank_sums(&twice_ranks, after.len());
        let all: f64 = distribution.iter().sum();
        let tail = |range: &[f64]| range.iter().sum::<f64>() / all;
        (
            tail(&distribution[..=observed]),
            tail(&distribution[observed..]),
        )
    } else {
        let (mean, deviation) = normal(&twice_ranks, after.len());
        // Between two sums lies half of a rank, and so half of the way to the next.
        let up_to = |distance: f64| 0.5 * erfc(-(distance + 1.0) / deviation / SQRT_2);
        let above = observed as f64 - mean;
        (up_to(above), up_to(-above))
    };
    Tested::of_tails(less, more, ratios(before, after))
}

/// The mean and the standard deviation of the sum of `chosen` ranks.
fn normal(ranks: &[usize], chosen: usize) -> (f64, f64) {
    let (all, chosen) = (ranks.len() as f64, chosen as f64);
    let middle = ranks.iter().sum::<usize>() as f64 / all;
    let squares: f64 = (ranks.iter())
        .map(|&rank| (rank as f64 - middle).powi(2))
        .sum();
    let variance = chosen * (all - chosen) / all * squares / (all - 1.0);
    (chosen * middle, variance.sqrt().max(f64::MIN_POSITIVE))
}

/// The least `p` that [`ranks`] can give.
pub(crate) fn least_p_of_ranks(before: usize, after: usize) -> f64 {
    let ways: f64 = (1..=after)
        .map(|step| (before + step) as f64 / step as f64)
        .product();
    2.0 / ways
}

/// Twice the rank of each value among all, those of `before` first; and where `after` begins.
fn twice_ranks(before: &[f64], after: &[f64]) -> (Vec<usize>, usize) {
    let values: Vec<f64> = before.iter().chain(after).copied().collect();
    let rank = |value: &f64| {
        let below = values.iter().filter(|other| *other < value).count();
        let above = values.iter().filter(|other| *other > value).count();
        // Twice the mean of the ranks that equal values share.
        values.len() + below - above + 1
    };
    (values.iter().map(rank).collect(), before.len())
}

/// In how many ways `chosen` of the ranks add up to each sum.
fn rank_sums(ranks: &[usize], chosen: usize) -> Vec<f64> {
    let most: usize = ranks.iter().sum();
    let mut ways = vec![vec![0.0; most + 1]; chosen + 1];
    ways[0][0] = 1.0;
    for &rank in ranks {
        for count in (0..chosen).rev() {
            for sum in 0..=most - rank {
                ways[count + 1][sum + rank] += ways[count][sum];
            }
        }
    }
    ways.swap_remove(chosen)
}

/// The interval of a factor: ratios of all pairs in order, without as many at each end as a test of ranks calls chance.
fn ratios(before: &[f64], after: &[f64]) -> (f64, f64) {
    let mut ratios: Vec<f64> = (before.iter())
        .flat_map(|old| after.iter().map(move |new| new.max(0.0) / old.max(0.0)))
        .map(|ratio| if ratio.is_nan() { 1.0 } else { ratio })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let untied: Vec<usize> = (1..=before.len() + after.len())
        .map(|rank| 2 * rank)
        .collect();
    let least = after.len() * (after.len() + 1);
    // Sums of twice the ranks go by twos.
    let cut = if untied.len() <= MOST_COUNTED {
        let distribution = rank_sums(&untied, after.len());
        let all: f64 = distribution.iter().sum();
        let mut below = 0.0;
        let sums = distribution.iter().skip(least).step_by(2);
        sums.take_while(|&ways| {
            below += ways / all;
            below <= TAIL
        })
        .count()
    } else {
        let (mean, deviation) = normal(&untied, after.len());
        let highest = mean - NORMAL_TAIL * deviation - 1.0 - least as f64;
        (highest / 2.0 + 1.0).max(0.0) as usize
    };
    match cut {
        0 => (0.0, f64::INFINITY),
        cut => (ratios[cut - 1], ratios[ratios.len() - cut]),
    }
}

/// Steps of a level, each in one window, compared by their means (Welch). Steps that follow each other are not
/// independent, so their mean scatters as that of steps over longer windows does, where that is more.
pub(crate) fn steps(before: &[f64], after: &[f64]) -> Tested {
    let (old, old_error, old_freedom) = mean(before);
    let (new, new_error, new_freedom) = mean(after);
    let error = (old_error + new_error).sqrt();
    if error == 0.0 {
        // Nothing scatters: what differs, differs.
        let differs = old < new || new < old;
        let ratio = if differs { new / old } else { 1.0 };
        return Tested {
            p: if differs { 0.0 } else { 1.0 },
            change: new.total_cmp(&old),
            ratio: (ratio, ratio),
        };
    }
    let freedom = (old_error + new_error).powi(2)
        / (old_error.powi(2) / old_freedom + new_error.powi(2) / new_freedom);
    let distance = ((new - old) / error).powi(2);
    let p = beta_reg(freedom / 2.0, 0.5, freedom / (freedom + distance));
    let wide = critical(freedom);
    // Fieller's interval of a ratio of means, cut off at 0: where a parabola is below nothing.
    let (square, half) = (old * old - wide * wide * old_error, old * new);
    let rest = new * new - wide * wide * new_error;
    let root = (half * half - square * rest).max(0.0).sqrt();
    let ratio = if square > 0.0 {
        (((half - root) / square).max(0.0), (half + root) / square)
    } else if rest > 0.0 && square < 0.0 {
        // What is left of the axis beyond the larger root: before, there may have been no growth at all.
        (((half - root) / square).max(0.0), f64::INFINITY)
    } else {
        let low = if rest > 0.0 { f64::INFINITY } else { 0.0 };
        (low, f64::INFINITY)
    };
    let change = new.total_cmp(&old);
    Tested { p, change, ratio }
}

/// The mean of steps, the square of its standard error, and degrees of freedom.
fn mean(steps: &[f64]) -> (f64, f64, f64) {
    let count = steps.len().max(2) as f64;
    let mean = steps.iter().sum::<f64>() / count;
    let scatter = |group: usize| {
        let groups = steps.chunks_exact(group);
        let groups: Vec<f64> = groups.map(|steps| steps.iter().sum()).collect();
        let count = groups.len() as f64;
        let middle = groups.iter().sum::<f64>() / count;
        let squares: f64 = groups.iter().map(|sum| (sum - middle).powi(2)).sum();
        squares / (count - 1.0) / group as f64
    };
    let of_groups = [1, 2, 4]
        .into_iter()
        .filter(|group| steps.len() / group >= 4);
    let variance = of_groups.map(scatter).fold(0.0, f64::max);
    (mean, variance / count, count - 1.0)
}

/// Beyond which Student's t lies in 5 of 100 cases.
fn critical(freedom: f64) -> f64 {
    let x = inv_beta_reg(freedom / 2.0, 0.5, LEVEL);
    (freedom * (1.0 / x - 1.0)).sqrt()
}

/// How much more counts scatter than by chance: the variance of windows by their mean, at least 1. Windows are joined
/// to longer ones, too: what goes on and off slowly scatters only there.
pub(crate) fn dispersion(sides: &[Vec<f64>]) -> f64 {
    let at_scale = |group: usize| {
        let (mut excess, mut freedom) = (0.0, 0.0);
        for windows in sides {
            let counts = windows.chunks_exact(group);
            let counts: Vec<f64> = counts.map(|windows| windows.iter().sum()).collect();
            let mean = counts.iter().sum::<f64>() / counts.len() as f64;
            if mean > 0.0 && counts.len() > 1 {
                let squares = counts.iter().map(|count| (count - mean).powi(2));
                excess += squares.sum::<f64>() / mean;
                freedom += counts.len() as f64 - 1.0;
            }
        }
        if freedom > 0.0 { excess / freedom } else { 1.0 }
    };
    [1, 2, 4].map(at_scale).into_iter().fold(1.0, f64::max)
}

/// Which of many tests are significant if one in twenty of these may be false (Benjamini and Hochberg): for each `p` the
/// level at which it would just be.
pub fn discoveries(probabilities: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&one, &other| probabilities[one].total_cmp(&probabilities[other]));
    let mut levels = vec![1.0; probabilities.len()];
    let mut least = 1.0_f64;
    for (rank, &index) in order.iter().enumerate().rev() {
        let level = probabilities[index] * probabilities.len() as f64 / (rank + 1) as f64;
        least = least.min(level);
        levels[index] = least;
    }
    levels
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All ways to choose `chosen` of `values`, as sums.
    fn sums(values: &[usize], chosen: usize) -> Vec<usize> {
        match (values, chosen) {
            (_, 0) => vec![0],
            ([], _) => Vec::new(),
            ([first, rest @ ..], _) => {
                let with = sums(rest, chosen - 1).into_iter().map(|sum| sum + first);
                with.chain(sums(rest, chosen)).collect()
            }
        }
    }

    /// The probability of `count` of `all`, by its definition.
    fn binomial(count: u64, all: u64, share: f64) -> f64 {
        let choose: f64 = (1..=count)
            .map(|step| (all - count + step) as f64 / step as f64)
            .product();
        choose * share.powi(count as i32) * (1.0 - share).powi((all - count) as i32)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Where the sums of ranks are no longer counted, the answer is nearly what counting gives.
        #[test]
        fn many_ranks_are_compared_nearly_exactly(
            before in proptest::collection::vec(0_u16..300, 24..28),
            after in proptest::collection::vec(0_u16..330, 27..30),
        ) {
            let number = |values: &[u16]| values.iter().map(|&value| f64::from(value) + 1.0).collect::<Vec<f64>>();
            let (before, after) = (number(&before), number(&after));
            let tested = ranks(&before, &after);
            let (all, from) = twice_ranks(&before, &after);
            let counted = rank_sums(&all, after.len());
            let observed: usize = all[from..].iter().sum();
            let whole: f64 = counted.iter().sum();
            let less = counted[..=observed].iter().sum::<f64>() / whole;
            let more = counted[observed..].iter().sum::<f64>() / whole;
            let expected = (2.0 * less.min(more)).min(1.0);
            prop_assert!((tested.p - expected).abs() < 0.01, "{} {}", tested.p, expected);
            let (low, high) = tested.ratio;
            prop_assert!(low <= high && (tested.p < 0.03) <= !(low < 1.0 && 1.0 < high));
        }
    }

    proptest! {
        #[test]
        fn counts_are_compared_exactly(old in 0_u64..30, new in 0_u64..30, exposure in 0.1..10.0_f64) {
            let tested = rates((old as f64, 1.0), (new as f64, exposure));
            let share = exposure / (1.0 + exposure);
            let all = old + new;
            let more: f64 = (new..=all).map(|count| binomial(count, all, share)).sum();
            let less: f64 = (0..=new).map(|count| binomial(count, all, share)).sum();
            let expected = (2.0 * more.min(less)).min(1.0);
            prop_assert!((tested.p - expected).abs() < 1e-9, "{} {expected}", tested.p);
            // The interval holds 1 exactly if the test says that chance explains it.
            let (low, high) = tested.ratio;
            prop_assert!(low <= high);
            prop_assert_eq!(tested.p > LEVEL, low < 1.0 && 1.0 < high);
        }

        #[test]
        fn ranks_are_compared_exactly(
            before in proptest::collection::vec(0_u8..6, 1..6),
            after in proptest::collection::vec(0_u8..6, 1..6),
        ) {
            let number = |values: &[u8]| values.iter().map(|&value| value.into()).collect::<Vec<f64>>();
            let (before, after) = (number(&before), number(&after));
            let tested = ranks(&before, &after);
            let (all, from) = twice_ranks(&before, &after);
            let observed: usize = all[from..].iter().sum();
            let ways = sums(&all, after.len());
            let share = |holds: &dyn Fn(usize) -> bool| {
                ways.iter().filter(|&&sum| holds(sum)).count() as f64 / ways.len() as f64
            };
            let expected = 2.0 * share(&|sum| sum <= observed).min(share(&|sum| sum >= observed));
            prop_assert!((tested.p - expected.min(1.0)).abs() < 1e-9);
            prop_assert!(tested.p >= least_p_of_ranks(before.len(), after.len()) - 1e-9);
        }

        #[test]
        fn all_tests_are_mirrored(
            before in proptest::collection::vec(0.1..9.0_f64, 8..12),
            after in proptest::collection::vec(0.1..9.0_f64, 8..12),
        ) {
            let mirrors = |one: Tested, other: Tested| {
                (one.p - other.p).abs() < 1e-9
                    && (one.ratio.0 * other.ratio.1 - 1.0).abs() < 1e-6
                    && (one.ratio.1 * other.ratio.0 - 1.0).abs() < 1e-6
            };
            prop_assert!(mirrors(ranks(&before, &after), ranks(&after, &before)));
            let (one, other) = (steps(&before, &after), steps(&after, &before));
            prop_assert!((one.p - other.p).abs() < 1e-9);
            let counts = |steps: &[f64]| (steps.iter().sum::<f64>(), steps.len() as f64);
            let (old, new) = (counts(&before), counts(&after));
            prop_assert!(mirrors(rates(old, new), rates(new, old)));
        }

        #[test]
        fn discoveries_are_those_of_the_procedure(p in proptest::collection::vec(0.0..=1.0_f64, 0..20)) {
            let levels = discoveries(&p);
            // Benjamini and Hochberg: all up to the last that is below its rank's part of the level.
            let mut sorted = p.clone();
            sorted.sort_by(f64::total_cmp);
            let limit = (1..=sorted.len()).rev()
                .find(|&rank| sorted[rank - 1] <= LEVEL * rank as f64 / sorted.len() as f64)
                .map_or(-1.0, |rank| sorted[rank - 1]);
            for (p, level) in p.iter().zip(levels) {
                prop_assert_eq!(*p <= limit, level <= LEVEL + 1e-12);
            }
        }
    }

    /// Student's t with 10 degrees of freedom, from a table; and five cycles against five.
    #[test]
    fn known_numbers() {
        assert!((critical(10.0) - 2.228_14).abs() < 1e-4);
        let (low, high) = ([1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]);
        assert!((ranks(&low, &high).p - 2.0 / 252.0).abs() < 1e-12);
        // Eight blocks that come two at a time count as four.
        assert!(
            (dispersion(&[vec![2.0, 0.0, 2.0, 0.0, 2.0, 0.0, 2.0, 0.0]]) - 8.0 / 7.0).abs() < 1e-9
        );
    }
}
