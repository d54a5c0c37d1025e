//! Recordings that hold the first part of a program's life: who is accused, and how sure.

use crate::begun::{Said, begun};
use crate::patterns::Truth;

const SEEDS: u64 = 120;

/// Of so many healthy ones, one may be accused with high confidence.
const HEALTHY_FOR_ONE: usize = 40;

/// The patterns of those of which this is said, and how many there are.
fn which(said: &[Said], truth: Truth, counts: fn(&Said) -> bool) -> (Vec<&'static str>, usize) {
    let of_truth = || said.iter().filter(|said| said.truth == truth);
    let which = of_truth().filter(|said| counts(said));
    (which.map(|said| said.pattern).collect(), of_truth().count())
}

#[test]
fn what_still_fills_up_is_not_accused_for_sure() {
    for share in [0.05, 0.1, 0.2, 0.5, 1.0] {
        let said: Vec<Said> = (0..SEEDS).flat_map(|seed| begun(seed, share)).collect();
        let (sure, healthy) = which(&said, Truth::Healthy, Said::is_sure_leak);
        assert!(
            sure.len() * HEALTHY_FOR_ONE <= healthy,
            "{share}: {sure:?} of {healthy}"
        );
        let (found, leaks) = which(&said, Truth::Leaks, Said::is_leak);
        assert!(
            found.len() * 2 >= leaks,
            "{share}: {} of {leaks}",
            found.len()
        );
    }
}

#[test]
fn leaks_of_a_whole_life_are_found_and_not_excused_for_sure() {
    let said: Vec<Said> = (0..SEEDS).flat_map(|seed| begun(seed, 1.0)).collect();
    let (found, leaks) = which(&said, Truth::Leaks, Said::is_leak);
    assert!(
        found.len() * 100 >= leaks * 85,
        "{} of {leaks}",
        found.len()
    );
    let (excused, _) = which(&said, Truth::Leaks, Said::is_sure_excuse);
    assert!(excused.len() * 25 <= leaks, "{excused:?} of {leaks}");
    let (sure, _) = which(&said, Truth::Leaks, Said::is_sure_leak);
    assert!(!sure.is_empty(), "where all else is level, a leak is sure");
}
