//! The index is the same whether one thread fills it or two, and whoever asks in between.

use leakscope_report::Symbolizer;
use leakscope_report::naming::Naming;
use leakscope_report::program::AllocatorFrames;
use leakscope_testing::program::eventful;

use super::{Progress, Scan};
use crate::names::Names;
use crate::replay::tests::Inputs;
use crate::second::Second;
use crate::{Engine, Program};

/// All of the index at the end. Before, it is looked at when so many slices were read.
fn index(inputs: &Inputs, second: Second, look_every: usize) -> String {
    let program = Program::default();
    let source = Box::new(inputs.clone());
    let mut engine = Engine::new(source, &program, Naming::default()).unwrap();
    let layout = engine.reader().scan.layout.clone();
    let mut names = Names {
        naming: Naming::default(),
        symbolizer: Symbolizer::new(None),
        log: None,
    };
    let mut scan = Scan::new(layout, 0, AllocatorFrames(None));
    scan.second = second;
    let mut source = inputs.clone();
    for slice in 1.. {
        let progress = scan.advance(&mut source, &mut names, 3_000).unwrap();
        if slice % look_every == 0 || progress == Progress::Finished {
            scan.catch_up().unwrap();
            let counted = scan.sections.list().iter().enumerate();
            let counted = counted.flat_map(|(place, _)| scan.index.begins.counts(place));
            let counted: u64 = counted.map(|count| u64::from(count.events)).sum();
            assert_eq!(counted, scan.sections.events);
        }
        if progress == Progress::Finished {
            break;
        }
    }
    format!("{:?}", scan.index)
}

#[test]
fn a_second_thread_changes_nothing() {
    for seed in 0..4 {
        let inputs = Inputs(eventful(seed, 30_000));
        let alone = index(&inputs, Second::default(), usize::MAX);
        for look_every in [1, 3, usize::MAX] {
            let with_second = index(&inputs, Second::with_a_core(), look_every);
            assert!(with_second == alone, "{seed}, {look_every}");
        }
    }
}
