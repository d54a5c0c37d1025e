//! Windows and halves of blocks are what the effects of a trace's events say.

use std::collections::BTreeMap;

use leakscope_analysis::heap::{Completes, Effect, SiteId};
use leakscope_testing::moving::moving;
use leakscope_testing::program::{Random, eventful};
use leakscope_viewer::{Engine, Program};

use super::program::{ask, engine};
use super::twin::Twin;

/// By call site: what a window's effects come to.
fn counted(twin: &Twin, from: u64, to: u64) -> BTreeMap<u64, [i64; 6]> {
    let mut sites: BTreeMap<u64, [i64; 6]> = BTreeMap::new();
    let within = twin
        .events
        .iter()
        .filter(|event| (from..to).contains(&event.time));
    for effect in within.filter_map(|event| event.effect.as_ref()) {
        if *effect == Effect::Restart {
            for counts in sites.values_mut() {
                counts[2] = 0;
            }
        }
        let mut add = |site: SiteId, place: usize, by: i64| {
            sites.entry(u64::from(site.number())).or_default()[place] += by;
        };
        if let Some(began) = effect.began() {
            add(began.site, 0, 1);
            add(began.site, 1, began.block.size as i64);
            add(began.site, 2, 1);
        }
        for (ended, is_free, by) in [(effect.ended(), true, 1), (effect.lost(), false, 1)] {
            let Some(ended) = ended.filter(|ended| ended.block.time >= from) else {
                continue;
            };
            add(ended.site, 2, -by);
            add(ended.site, 3, if is_free { by } else { 0 });
        }
        match effect {
            Effect::Failed { site, .. } => add(*site, 4, 1),
            Effect::Allocation {
                began,
                completes: Completes::Reallocation | Completes::RetriedReallocation,
                ..
            } => add(began.site, 5, 1),
            _ => {}
        }
    }
    sites.retain(|_, counts| counts[0] + counts[4] > 0);
    sites
}

fn answered(engine: &mut Engine<'_>, from: u64, to: u64) -> BTreeMap<u64, [i64; 6]> {
    let (from, to) = (from.to_string(), to.to_string());
    let answer = ask(engine, "sites", &[("from", &from), ("to", &to)]);
    let rows = answer["sites"].as_array().unwrap().iter();
    let rows = rows.map(|row| {
        let number = |name: &str| row[name].as_i64().unwrap();
        let counts = [
            "allocations",
            "allocated_bytes",
            "outstanding_blocks",
            "frees",
            "failed",
            "reallocations",
        ];
        (row["site"].as_u64().unwrap(), counts.map(number))
    });
    rows.collect()
}

#[test]
fn windows_are_the_sums_of_their_effects() {
    for seed in 10..22 {
        let inputs = match seed {
            10..16 => eventful(seed, 5_000),
            _ => vec![moving(seed, 5_000, seed % 2 == 0).plain()],
        };
        let twin = Twin::of(&inputs);
        let program = Program::default();
        let mut engine = engine(&program, inputs);
        let end = twin.events.last().unwrap().time + 1;
        let mut random = Random(seed);
        for _ in 0..20 {
            let from = 1 + random.below(end - 2);
            let to = from + 1 + random.below(end - from);
            let expected = counted(&twin, from, to);
            assert_eq!(
                answered(&mut engine, from, to),
                expected,
                "{from}..{to} of {seed}"
            );
        }
    }
}

#[test]
fn halves_of_blocks_find_each_other() {
    let inputs = eventful(20, 3_000);
    let twin = Twin::of(&inputs);
    let program = Program::default();
    let mut engine = engine(&program, inputs);
    // By address: the event that began a block. By event: the other half.
    let (mut begun, mut ends) = (BTreeMap::new(), BTreeMap::new());
    let mut freed = BTreeMap::new();
    for (index, event) in (0u64..).zip(&twin.events) {
        let Some(effect) = &event.effect else {
            continue;
        };
        if let Some(ended) = effect.ended() {
            let allocation = begun.remove(&ended.block.address).unwrap();
            ends.insert(allocation, index);
            freed.insert(index, allocation);
        }
        if let Some(began) = effect.began() {
            begun.insert(began.block.address, index);
        }
    }
    for (index, event) in (0u64..).zip(&twin.events).step_by(3) {
        let effect = event.effect.as_ref();
        let (half, expected) = match effect {
            Some(Effect::Free { .. }) => ("allocation", freed.get(&index)),
            Some(Effect::Allocation { .. }) => ("free", ends.get(&index)),
            _ => continue,
        };
        let life = ask(&mut engine, "block", &[("index", &index.to_string())]);
        assert_eq!(
            life[half]["index"].as_u64(),
            expected.copied(),
            "{index}: {life}"
        );
    }
}
