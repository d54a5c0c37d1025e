//! What rises from round to round.

use std::collections::BTreeMap;

use crate::leaks::{Leaks, Watched};
use crate::ledger::{self, Stack, Sum};
use crate::scope::{run, this_thread};

/// A call stack that rises less often may be a cache that fills.
const RISES: usize = 3;

/// Runs `call` so many times, and says which call stacks of this thread hold more from round to round: those whose bytes
/// never fall from the end of the first round on, rise three times at least, and still rise after two fifths of the rounds.
///
/// What doubles when it is full, as a `Vec` does, rises once between two fifths of the rounds and all of them, also if it held
/// something before. So give it three times as many
/// rounds as it takes to fill caches. Containers from before count as soon as they are moved.
///
/// # Panics
/// With fewer than 4 rounds, and if the program's allocator is not [`Heap`](crate::Heap).
#[track_caller]
pub fn growth(rounds: usize, mut call: impl FnMut()) -> Leaks {
    assert!(
        rounds > RISES,
        "{rounds} rounds show no growth: it takes 4 at least, better 10"
    );
    let watch = this_thread();
    let mut round = |_| {
        ledger::with_moved(|| run(&mut call));
        watch.sums()
    };
    let ends: Vec<BTreeMap<Stack, Sum>> = (0..rounds).map(&mut round).collect();
    let [first, .., last] = ends.as_slice() else {
        unreachable!("there are 4 rounds at least");
    };
    let mut grown = BTreeMap::new();
    for (stack, now) in last {
        let then = first.get(stack).copied().unwrap_or_default();
        let bytes = |end: &BTreeMap<Stack, Sum>| end.get(stack).map_or(0, |sum| sum.bytes);
        if rises(&ends.iter().map(bytes).collect::<Vec<_>>()) {
            let more = Sum {
                blocks: now.blocks.saturating_sub(then.blocks),
                bytes: now.bytes - then.bytes,
            };
            grown.insert(stack.clone(), more);
        }
    }
    Leaks::of(Watched::Rounds(rounds), grown)
}

fn rises(bytes: &[usize]) -> bool {
    let steps: Vec<(usize, usize)> = bytes
        .iter()
        .copied()
        .zip(bytes[1..].iter().copied())
        .collect();
    let is_rise = |(before, after): &(usize, usize)| after > before;
    let late = &steps[steps.len() * 2 / 5..];
    steps.iter().all(|(before, after)| after >= before)
        && steps.iter().filter(|&step| is_rise(step)).count() >= RISES
        && late.iter().any(is_rise)
}
