//! Our statistics against those of scipy, statsmodels and lifelines, on random sets: `statistics.py` makes them.

use std::fs;
use std::path::Path;

use leakscope_fleet::statistics::exact::{Counts, stratified};
use leakscope_fleet::statistics::paired::signed_ranks;
use leakscope_fleet::statistics::proportion::wilson;
use leakscope_fleet::statistics::ratio::{of_pairs, of_strata};
use leakscope_fleet::statistics::slope::theil_sen;
use leakscope_fleet::statistics::survival::{Spell, kaplan_meier, log_rank};
use leakscope_fleet::statistics::{Stratum, discoveries, permutation};
use leakscope_testing::program::Random;
use serde::Deserialize;

#[derive(Deserialize)]
struct Set {
    wilson: (u64, u64, f64, f64),
    fisher: (u64, u64, u64, u64, f64),
    strata: Vec<((u64, u64), (u64, u64))>,
    strata_p: f64,
    few: Vec<f64>,
    few_p: f64,
    many: Vec<f64>,
    many_p: f64,
    p: Vec<f64>,
    q: Vec<f64>,
    points: Vec<(f64, f64)>,
    slope: (f64, f64, f64, f64),
    spells: Vec<(f64, f64, bool)>,
    curve: Vec<f64>,
    bounds: Vec<(f64, f64)>,
    one: Vec<(f64, f64, bool)>,
    other: Vec<(f64, f64, bool)>,
    log_rank: f64,
}

fn sets() -> Vec<Set> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text =
        fs::read_to_string(folder.join("tests/fleet/statistics.jsonl")).expect("golden values");
    text += &fs::read_to_string(folder.join("target/statistics.jsonl")).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a set"))
        .collect()
}

#[track_caller]
fn same(ours: f64, theirs: f64) {
    assert!(
        (ours - theirs).abs() <= 1e-9 * (1.0 + theirs.abs()),
        "{ours} {theirs}"
    );
}

fn spells(told: &[(f64, f64, bool)]) -> Vec<Spell> {
    let spell = |&(from, to, failed): &(f64, f64, bool)| Spell { from, to, failed };
    told.iter().map(spell).collect()
}

#[test]
fn statistics_are_those_of_others() {
    let sets = sets();
    assert!(sets.len() >= 20);
    for set in &sets {
        let (low, high) = wilson(set.wilson.0, set.wilson.1);
        same(low, set.wilson.2);
        same(high, set.wilson.3);
        let (new, of_new, old, of_old, fisher) = set.fisher;
        let counts = Counts {
            new: (new, of_new),
            old: (old, of_old),
        };
        same(stratified(&[counts]), fisher);
        let strata: Vec<Counts> = set
            .strata
            .iter()
            .map(|&(new, old)| Counts { new, old })
            .collect();
        same(stratified(&strata), set.strata_p);
        same(signed_ranks(&set.few), set.few_p);
        same(signed_ranks(&set.many), set.many_p);
        for (ours, theirs) in discoveries(&set.p).iter().zip(&set.q) {
            same(*ours, *theirs);
        }
        let slope = theil_sen(&set.points).expect("different x");
        same(slope.slope, set.slope.0);
        same(slope.interval.0, set.slope.1);
        same(slope.interval.1, set.slope.2);
        same(slope.p, set.slope.3);
        let curve = kaplan_meier(&spells(&set.spells));
        assert_eq!(curve.len(), set.curve.len());
        for ((step, share), bounds) in curve.iter().zip(&set.curve).zip(&set.bounds) {
            same(step.share, *share);
            if step.share > 0.0 && step.share < 1.0 {
                same(step.interval.0, bounds.0);
                same(step.interval.1, bounds.1);
            }
        }
        same(
            log_rank(&spells(&set.one), &spells(&set.other)),
            set.log_rank,
        );
    }
}

/// All ways to give the versions to the devices, one stratum after the other.
fn all_permutations(strata: &[Stratum]) -> f64 {
    let mut sums = vec![0.0];
    for stratum in strata {
        let rates = [&*stratum.new, &*stratum.old].concat();
        let mut chosen = Vec::new();
        for set in 0_u32..1 << rates.len() {
            if set.count_ones() as usize == stratum.new.len() {
                chosen.push(
                    (0..rates.len())
                        .filter(|place| set >> place & 1 == 1)
                        .map(|place| rates[place])
                        .sum::<f64>(),
                );
            }
        }
        sums = sums
            .iter()
            .flat_map(|before| chosen.iter().map(move |more| before + more))
            .collect();
    }
    let middle = sums.iter().sum::<f64>() / sums.len() as f64;
    let observed: f64 = strata.iter().flat_map(|stratum| &stratum.new).sum();
    let extreme = sums
        .iter()
        .filter(|sum| (*sum - middle).abs() >= (observed - middle).abs() - 1e-9)
        .count();
    extreme as f64 / sums.len() as f64
}

#[test]
fn permutations_are_close_to_all_of_them() {
    let mut random = Random(11);
    for _ in 0..30 {
        let strata: Vec<Stratum> = (0..2)
            .map(|_| {
                let mut rates = || {
                    (0..5)
                        .map(|_| random.below(20) as f64)
                        .collect::<Vec<f64>>()
                };
                Stratum {
                    old: rates(),
                    new: rates(),
                }
            })
            .collect();
        let (ours, exact) = (permutation::stratified(&strata), all_permutations(&strata));
        // It stops after 20 extreme ones: the estimate scatters by a quarter.
        assert!((ours - exact).abs() < 0.9 * exact + 0.001, "{ours} {exact}");
    }
}

#[test]
fn intervals_of_ratios_hold_the_truth() {
    let mut random = Random(5);
    let (mut held, mut held_paired) = (0, 0);
    for _ in 0..100 {
        let mut rates = |times: f64| {
            (0..60)
                .map(|_| times * (1.0 + random.below(100) as f64))
                .collect::<Vec<f64>>()
        };
        let (old, new) = (rates(1.0), rates(2.0));
        let pairs: Vec<(f64, f64)> = old.iter().copied().zip(new.iter().copied()).collect();
        let (low, high) = of_strata(&[Stratum { old, new }]).expect("both").interval;
        held += usize::from(low < 2.0 && 2.0 < high);
        let (low, high) = of_pairs(&pairs).expect("pairs").interval;
        held_paired += usize::from(low < 2.0 && 2.0 < high);
    }
    assert!(held >= 89 && held_paired >= 89, "{held} {held_paired}");
    let from_nothing = Stratum {
        old: vec![0.0],
        new: vec![1.0],
    };
    let ratio = of_strata(&[from_nothing]).expect("both").ratio;
    assert!(ratio.is_infinite());
    assert_eq!((of_strata(&[]), of_pairs(&[])), (None, None));
}
