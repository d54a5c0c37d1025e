//! A window whose parts were passed has the sums of one that was read.

use leakscope_report::naming::Naming;
use leakscope_testing::program::{Random, eventful};

use crate::answer::census::{Census, ContextSum};
use crate::answer::counting::Counting;
use crate::index::exchange::Sum;
use crate::index::sums::OwnSums;
use crate::query::Window;
use crate::replay::tests::Inputs;
use crate::{Engine, Program};

fn count(engine: &mut Engine<'_>, window: Window, least: u64) -> Counting<Census> {
    let mut counting = Counting::passing(&engine.scan, window, least);
    while !(counting.advance(&engine.scan, &mut engine.source, 3000)).unwrap() {}
    counting
}

/// What is equal in both ways, a line each.
fn lines(census: &Census) -> Vec<String> {
    let mut lines = Vec::new();
    for (site, sum) in &census.sites {
        let mut sums = sum.sums.clone();
        // Of blocks from before the window, only events that are read say nothing.
        if sums.allocated.blocks + sums.failed == 0 {
            continue;
        }
        (sums.lost, sums.left) = Default::default();
        (sums.before, sums.most) = (0, 0);
        for own in sums.own.values_mut() {
            own.left = Sum::default();
        }
        sums.own.retain(|_, own| *own != OwnSums::default());
        lines.push(format!("site {site}: {sums:?}, {:?}", sum.live));
    }
    let contexts = census.contexts.iter();
    let contexts = contexts.filter(|(_, sum)| **sum != ContextSum::default());
    lines.extend(contexts.map(|(context, sum)| format!("context {context}: {sum:?}")));
    let pairs = census.exchange.pairs().into_iter();
    lines.extend(
        pairs
            .filter(|(_, sum)| sum.blocks > 0)
            .map(|(pair, sum)| format!("{pair:?}: {sum:?}")),
    );
    let runs = census.runs.iter().enumerate();
    lines.extend(runs.map(|(lane, run)| format!("lane {lane}: {run:?}")));
    lines
}

/// Counts in both ways. Returns how many call sites there are.
fn check(engine: &mut Engine<'_>, window: Window) -> usize {
    let passed = count(engine, window, 0).counter;
    let read = count(engine, window, u64::MAX).counter;
    let (found, wanted) = (lines(&passed), lines(&read));
    for (found, wanted) in found.iter().zip(&wanted) {
        assert_eq!(found, wanted, "{window:?}");
    }
    assert_eq!(found.len(), wanted.len(), "{window:?}");
    for (site, sum) in &read.sites {
        let peak = passed.sites[site].peak_bytes;
        assert!(peak <= sum.peak_bytes, "site {site}: {peak} in {window:?}");
    }
    read.sites.len()
}

#[test]
fn parts_that_are_passed_are_counted_as_if_they_were_read() {
    let program = Program::default();
    let (mut random, mut sites, mut passed) = (Random(3), 0, 0);
    for seed in 1..4 {
        let source = Box::new(Inputs(eventful(seed, 60_000)));
        let mut engine = Engine::new(source, &program, Naming::default()).unwrap();
        engine.read_all();
        for round in 0..12 {
            if round == 8 {
                engine.scan.index.parts.join_pairs();
            }
            let end = engine.scan.end();
            let from = random.below(end / 2);
            let window = Window {
                from,
                to: from + 1 + random.below(end - from),
            };
            passed += engine.scan.index.parts.within(window).len();
            sites += check(&mut engine, window);
        }
    }
    assert!(sites > 100 && passed > 50, "{sites} {passed}");
}
