//! What is read again has the effects that it had when it was read first.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;

use leakscope_analysis::heap::{Effect, HeapModel, KeepAll};
use leakscope_analysis::trace::{Feed, Step, Trace};
use leakscope_report::naming::Naming;
use leakscope_testing::needs;
use leakscope_testing::program::{Random, eventful};
use proptest::prelude::*;

use super::Replay;
use crate::{Engine, Program, TraceInputs};

#[derive(Clone)]
pub(crate) struct Inputs(pub(crate) Vec<Vec<u8>>);

impl Feed for Inputs {
    type Error = io::Error;

    fn read_at(&mut self, input: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let Ok(count) = self.0.as_slice().read_at(input, offset, buffer);
        Ok(count)
    }
}

impl TraceInputs for Inputs {
    fn names(&self) -> Vec<String> {
        vec![String::new(); self.0.len()]
    }

    fn head(&mut self, input: usize) -> io::Result<Vec<u8>> {
        Ok(self.0[input].clone())
    }

    fn length(&self) -> u64 {
        0
    }
}

/// From each section on; sections are at least 1024 events long. Returns all effects. A reallocation that failed, and is told as one,
/// began with a free that was none, and revives nothing.
fn check(inputs: &Inputs) -> Vec<Effect> {
    let program = Program::default();
    let source = Box::new(inputs.clone());
    let mut engine = Engine::new(source, &program, Naming::default()).unwrap();
    engine.read_all();
    let scan = engine.reader().scan;
    let (mut trace, mut heap) = (Trace::new(&scan.layout), HeapModel::default());
    let mut expected = Vec::new();
    while let Ok(Step::Event(event, trace)) = trace.step(inputs.0.as_slice()) {
        let effect = heap.observe(&event, trace.stacks(), &mut KeepAll);
        expected.push((event.time, effect));
    }
    assert_eq!(scan.sections.events, expected.len() as u64);
    for section in 0..scan.sections.list().len() {
        let mut replay = Replay::from_section(scan, section);
        let mut next = replay.index as usize;
        let mut source = inputs.clone();
        let reached = replay.run(scan, &mut source, u64::MAX, |seen| {
            assert_eq!(seen.index, next as u64);
            let (time, effect) = expected[next];
            let told = match (seen.kept, effect) {
                (Some(kept), Some(Effect::Free { ended })) => {
                    assert_eq!((seen.effect, kept), (None, ended), "{next} of {section}");
                    effect
                }
                (Some(kept), Some(Effect::Failed { site, size, .. })) => {
                    let (revived, spares_older) = (None, false);
                    let failed = Effect::Failed {
                        site,
                        size,
                        revived,
                        spares_older,
                    };
                    assert_eq!(seen.effect, Some(failed), "{next} of {section}");
                    Some(Effect::Failed {
                        site,
                        size,
                        revived: Some(kept),
                        spares_older,
                    })
                }
                _ => seen.effect,
            };
            assert_eq!(
                (seen.event.time, told),
                (time, effect),
                "{next} of {section}"
            );
            next += 1;
            ControlFlow::Continue(())
        });
        reached.unwrap();
        assert_eq!(next, expected.len());
    }
    expected
        .into_iter()
        .filter_map(|(_, effect)| effect)
        .collect()
}

#[test]
fn everything_that_can_happen_is_read_again() {
    let mut names = BTreeMap::new();
    let (mut lost, mut revived, mut completed) = (0, 0, BTreeMap::new());
    for seed in 0..8 {
        for effect in check(&Inputs(eventful(seed, 8_000))) {
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
        "reallocation",
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
    let names = [
        "idf-mcore-2026/heap_log_mcore.svdat",
        "idf-esp-extension-2021/heap_log_mcore.svdat",
    ];
    for path in names.into_iter().filter_map(needs::corpus) {
        check(&Inputs(vec![std::fs::read(path).unwrap()]));
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
        check(&Inputs(inputs));
    }
}

/// OpenOCD's file for two cores, whose header says that the second part begins so many bytes too late, or too early.
fn joined(parts: &[Vec<u8>], wrong_by: i64) -> Vec<u8> {
    let border = parts[0].len() as i64 + wrong_by;
    let header = format!(
        ";\n; Version     SEGGER SystemViewer V3.60\n; Author      Espressif Inc\n\
         ; Offset Core0 0\n; Offset Core1 {border}\n;\n"
    );
    [header.as_bytes(), &parts.concat()].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Cut, followed by itself with its header or without, and damaged.
    #[test]
    fn joined_recordings_are_read_again(
        seed: u64,
        wrong_by in -5_000i64..5_000,
        cut in 0u64..100,
        whole: bool,
        damage in 0u64..20,
    ) {
        let file = joined(&eventful(seed, 5_000), wrong_by);
        let header = file.len() - eventful(seed, 5_000).concat().len();
        let kept = header + (file.len() - header) * cut as usize / 100;
        let mut bytes = [&file[..kept], &file[if whole { 0 } else { header }..]].concat();
        let mut random = Random(seed ^ 2);
        for _ in 0..damage {
            let at = header + random.below((bytes.len() - header) as u64) as usize;
            bytes[at] = random.below(256) as u8;
        }
        check(&Inputs(vec![bytes]));
    }
}
