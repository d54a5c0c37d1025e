//! Programs of known truth on links that lose packets: leaks are found, and nobody else is accused.
//!
//! `cargo run --release -p leakscope-analysis --example verdicts` prints more of the same, for
//! `docs/verdicts.md`.

use crate::lossy::{Kind, Loss, Reuse, Score, World, score};

const SEEDS: u64 = 2;

/// What is said of a world under an allocator.
fn scores(reuse: Reuse, loss: Loss, world: World) -> Score {
    let mut sum = Score::default();
    for seed in 0..SEEDS {
        sum.add(score(seed, reuse, loss, world));
    }
    sum
}

#[track_caller]
fn assert_found(score: &Score, percent: usize) {
    assert_nobody_accused(score);
    let (found, leaks) = score.leaks(Kind::Leak);
    let missed = score.wrong(Kind::Leak);
    assert!(found * 100 >= leaks * percent, "missed: {missed:?}");
}

#[track_caller]
fn assert_nobody_accused(score: &Score) {
    let accused = [Kind::Healthy, Kind::Releasing].map(|kind| score.wrong(kind));
    assert_eq!(accused, [[""; 0]; 2], "accused");
}

#[test]
fn without_loss_nearly_all_is_found() {
    assert_found(
        &scores(Reuse::NewestFirst, Loss::Nothing, World::Ordinary),
        95,
    );
}

#[test]
fn one_percent_hides_little() {
    for reuse in [Reuse::NewestFirst, Reuse::OldestFirst, Reuse::Merging] {
        let score = scores(reuse, Loss::Rate(1.0), World::Ordinary);
        assert!(score.lost * 200 > score.packets, "{} lost", score.lost);
        assert_found(&score, 90);
    }
}

#[test]
fn outages_hide_little() {
    let outages = Loss::Outages {
        share: 0.03,
        ticks: 2_000_000,
    };
    assert_found(&scores(Reuse::Merging, outages, World::Ordinary), 85);
}

/// A queue that empties in an outage loses many frees at once, or none: the mean says little of that.
#[test]
fn what_is_lost_together_is_hidden_together() {
    let outages = Loss::Outages {
        share: 0.05,
        ticks: 2_000_000,
    };
    for seed in 6..12 {
        assert_nobody_accused(&score(seed, Reuse::NewestFirst, outages, World::Ordinary));
    }
}

#[test]
fn a_quarter_hides_less_than_half() {
    let score = scores(Reuse::NewestFirst, Loss::Rate(0.7), World::Ordinary);
    assert!(score.lost * 5 > score.packets, "{} lost", score.lost);
    assert_found(&score, 55);
}

#[test]
fn releases_that_cause_the_loss_accuse_nobody() {
    for reuse in [Reuse::OldestFirst, Reuse::Merging] {
        assert_nobody_accused(&scores(reuse, Loss::Rate(1.0), World::Releasing));
    }
}

#[test]
fn programs_of_other_shapes_are_told_apart_too() {
    assert_found(
        &scores(Reuse::NewestFirst, Loss::Nothing, World::Shapes),
        85,
    );
    assert_found(&scores(Reuse::Merging, Loss::Rate(1.0), World::Shapes), 60);
}

#[test]
fn where_no_address_returns_little_can_be_said() {
    let score = scores(Reuse::Never, Loss::Rate(0.95), World::Releasing);
    assert_nobody_accused(&score);
    assert_eq!(score.leaks(Kind::Leak).0, 0);
}
