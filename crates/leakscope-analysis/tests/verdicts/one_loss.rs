//! Recordings in which data were lost once: of the blocks that were allocated then, only the frees are seen.

use crate::late::cache_from_start;
use crate::lossy::{LENGTH, Loss, Reuse, judged};
use crate::program::Program;
use crate::random::Random;

const DRAWS: u64 = 60;

/// A cache that is turned over twice to five times, messages that come and go, and what leaks `leaked` blocks; and where
/// data are lost.
fn draw(seed: u64, leaked: u64) -> (Vec<Program>, Loss) {
    let mut random = Random::new(seed);
    let entries = random.count(20, 100);
    let period = 1e6 / (entries as f64 * random.between(2.0, 5.0));
    let cache = cache_from_start(&mut random, seed.is_multiple_of(2), entries, period, 1e6);
    let mut messages = Program::new(1_000_000);
    for birth in random.beats(400, 0.0, 1.0) {
        messages.freed(birth, birth + 1e-4, 32);
    }
    let mut leak = Program::new(1_000_000);
    for birth in random.beats(leaked, 0.0, 1.0) {
        leak.kept(birth, 48);
    }
    let share = random.between(0.02, 0.4);
    let from = random.between(0.0, 0.95 - share);
    let moment = |place: f64| (place * LENGTH as f64) as u64;
    let loss = Loss::Once {
        from: moment(from),
        to: moment(from + share),
    };
    (vec![cache, messages, leak], loss)
}

/// Draws by number, in which the site of this index is called a leak.
fn called(site: usize, leaked: u64, reuse: Reuse) -> Vec<u64> {
    let is_called = |&seed: &u64| {
        let (programs, loss) = draw(seed, leaked);
        let finding = &judged(&programs, reuse, loss)[site];
        (finding.as_ref()).is_some_and(|finding| finding.verdict.is_leak())
    };
    (0..DRAWS).filter(is_called).collect()
}

#[test]
fn a_cache_is_not_accused_of_taking_the_places_of_what_nobody_saw() {
    for reuse in [Reuse::Merging, Reuse::NewestFirst] {
        let accused = called(0, 0, reuse);
        assert!(accused.is_empty(), "{reuse:?}: {accused:?}");
    }
}

#[test]
fn a_leak_beside_it_is_found() {
    let found = called(2, 60, Reuse::Merging);
    assert!(found.len() as u64 * 100 >= 95 * DRAWS, "{found:?}");
}
