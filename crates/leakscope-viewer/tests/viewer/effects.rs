//! What is read again has the effects that it had when it was read first.

use std::collections::BTreeMap;

use leakscope_analysis::heap::{Completes, Effect, SiteId};
use leakscope_analysis::trace::Event;
use leakscope_systemview::{Extended, Init, Packet};
use leakscope_viewer::{Engine, Program};
use proptest::prelude::*;

use super::corpus::corpus;
use super::program::{RAM, Random, Stream, ask, engine, introduce, numbers};
use super::twin::Twin;

const HEAP: Extended<'static> = Extended::HeapDefine {
    heap: 0x3FFA_0000,
    base: 0x3FFA_0000,
    size: 0x1_0000,
    metadata_size: 8,
};

const STACK: Packet<'static> = Packet::StackInfo {
    task: 64,
    base: 0x3FFC_0000,
    size: 4096,
    usage: 100,
};

/// The recording of a program to whose heap everything happens that can: blocks are lost and revived, move, are freed
/// twice or inside, and the target restarts. Many events share a tick.
pub(crate) fn eventful(seed: u64, steps: u64) -> Vec<Vec<u8>> {
    let mut random = Random(seed);
    let mut cores = [Stream::new(), Stream::new()];
    for core in &mut cores {
        introduce(core, &["main", "worker", "net"]);
        core.send(0, STACK);
    }
    let mut now = 0;
    for _ in 0..steps {
        now += random.below(3);
        let address = 0x3FFB_0000 + 64 * random.below(150) as u32;
        let caller = 0x4008_0000 + 16 * random.below(300) as u32;
        let most = if random.below(50) == 0 { 32 } else { 10 };
        let size = 1 << random.below(most);
        let allocation = numbers(&[address, size, caller]);
        let free = numbers(&[address, caller]);
        let failure = numbers(&[0, size, caller]);
        let core = &mut cores[random.below(2) as usize];
        let mut heap = |id: u32, payload: &[u8]| core.send(now, Packet::Other { id, payload });
        match random.below(1000) {
            0..400 => heap(512, &allocation),
            400..700 => heap(513, &free),
            700..760 => {
                // A reallocation.
                heap(513, &free);
                heap(512, &allocation);
            }
            760..800 => {
                // One that fails, and perhaps is tried again.
                heap(513, &free);
                heap(512, &failure);
                if size >= 16 {
                    heap(513, &free);
                }
                if size >= 4 {
                    heap(512, &allocation);
                }
            }
            800..818 => heap(512, &failure),
            818 => core.send(now, Packet::Extended(HEAP)),
            819 => {
                let allocation = Extended::HeapAlloc {
                    heap: 0x3FFA_0000,
                    block: address,
                    length: 64,
                    tag: None,
                };
                core.send(now, Packet::Extended(allocation));
            }
            820..830 => heap(513, &numbers(&[address + 4, caller])),
            830..840 => heap(513, &numbers(&[0, caller])),
            840..842 => {
                let drop_count = now as u32;
                core.send(now, Packet::Overflow { drop_count });
            }
            842 => {
                for core in &mut cores {
                    core.send(now, Packet::TraceStop);
                    core.send(now, Packet::TraceStart);
                    let init = Init {
                        timestamp_hz: 1_000_000,
                        cpu_hz: 160_000_000,
                        ram_base: RAM,
                        id_shift: 0,
                    };
                    core.send(now, Packet::Init(init));
                }
            }
            843..860 => {
                let interrupt = 1 + random.below(400) as u32;
                core.send(now, Packet::IsrEnter { interrupt });
            }
            860..880 => core.send(now, Packet::IsrExit),
            _ => {
                let task = 64 * (1 + random.below(3)) as u32;
                core.send(now, Packet::TaskStartExec { task });
            }
        }
    }
    cores.into_iter().map(|core| core.bytes).collect()
}

/// From each section on; sections are at least 1024 events long.
fn check(inputs: &[Vec<u8>]) -> Twin {
    let twin = Twin::of(inputs);
    let program = Program::default();
    let mut engine = engine(&program, inputs.to_vec());
    assert_eq!(engine.events(), twin.events.len() as u64);
    for from in (0..engine.events()).step_by(1024) {
        let mut seen = 0;
        let see = |index: u64, event: &Event<'_>, effect: Option<&Effect>| {
            let kept = &twin.events[index as usize];
            assert_eq!(
                (event.time, effect),
                (kept.time, kept.effect.as_ref()),
                "{index} from {from}"
            );
            seen = index + 1;
        };
        engine.read_again(from, see).unwrap();
        assert_eq!(seen, engine.events());
    }
    twin
}

#[test]
fn everything_that_can_happen_is_read_again() {
    let mut names = BTreeMap::new();
    let (mut lost, mut revived, mut completed) = (0, 0, BTreeMap::new());
    for seed in 0..8 {
        for event in check(&eventful(seed, 8_000)).events {
            let Some(effect) = event.effect else {
                continue;
            };
            *names.entry(effect.name()).or_insert(0) += 1;
            lost += u32::from(effect.lost().is_some());
            revived += u32::from(effect.revived().is_some());
            if let Effect::Allocation { completes, .. } = effect {
                *completed.entry(completes as u8).or_insert(0) += 1;
            }
        }
    }
    for name in [
        "allocation",
        "free",
        "failed-allocation",
        "double-free",
        "wrong-free",
        "free-of-older-block",
        "free-of-null",
        "heap-defined",
        "restart",
    ] {
        assert!(names.contains_key(name), "{name} of {names:?}");
    }
    assert!(
        lost > 100 && revived > 100,
        "{lost} lost, {revived} revived"
    );
    assert_eq!(completed.len(), 4, "{completed:?}");
}

#[test]
fn real_recordings_are_read_again() {
    for path in corpus() {
        check(&[std::fs::read(path).unwrap()]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn damaged_recordings_are_read_again(seed: u64, damage in 0u64..40) {
        let mut inputs = eventful(seed, 4_000);
        let mut random = Random(seed ^ 1);
        for _ in 0..damage {
            let input = &mut inputs[random.below(2) as usize];
            let at = 100 + random.below(input.len() as u64 - 100) as usize;
            input[at] = random.below(256) as u8;
        }
        check(&inputs);
    }
}

/// By call site: what a window's effects come to.
fn counted(twin: &Twin, from: u64, to: u64) -> BTreeMap<u64, [i64; 6]> {
    let mut sites = BTreeMap::new();
    let mut add = |site: SiteId, place: usize, by: i64| {
        sites.entry(u64::from(site.number())).or_insert([0; 6])[place] += by;
    };
    let within = twin
        .events
        .iter()
        .filter(|event| (from..to).contains(&event.time));
    for effect in within.filter_map(|event| event.effect.as_ref()) {
        if let Some(began) = effect.began() {
            add(began.site, 0, 1);
            add(began.site, 1, began.block.size as i64);
            add(began.site, 2, 1);
        }
        for (ended, is_free, by) in [
            (effect.ended(), true, 1),
            (effect.lost(), false, 1),
            (effect.revived(), true, -1),
        ] {
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
    for seed in 10..16 {
        let inputs = eventful(seed, 5_000);
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
        if let Some(revived) = effect.revived() {
            let (&free, &allocation) = freed
                .iter()
                .rfind(|(_, allocation)| {
                    let began = twin.events[**allocation as usize]
                        .effect
                        .as_ref()
                        .and_then(Effect::began);
                    began.is_some_and(|began| began.block.address == revived.block.address)
                })
                .unwrap();
            freed.remove(&free);
            ends.remove(&allocation);
            begun.insert(revived.block.address, allocation);
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
        // A free that turned out to be none still says which block it was of.
        if half == "free" || expected.is_some() {
            assert_eq!(
                life[half]["index"].as_u64(),
                expected.copied(),
                "{index}: {life}"
            );
        }
    }
}
