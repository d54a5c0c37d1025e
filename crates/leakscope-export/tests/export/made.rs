//! Made-up recordings, and what is exported of them.

use std::sync::Arc;

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::Layout;
use leakscope_export::{Facts, Format, Options, Output, Selection, Table, Value, export};
use leakscope_report::{FrameSource, Report, Symbolizer};
use leakscope_symbols::CodeFrame;
use leakscope_testing::scenario::{MAIN, Scenario, WORKER};
use proptest::prelude::*;

/// Call stacks, the innermost frame first.
pub(crate) const STACKS: [&[u32]; 5] = [
    &[0x400D_1234, 0x400D_2345, 0x4008_80DC],
    &[0x400D_1250, 0x400D_2345, 0x4008_80DC],
    &[0x400D_2345, 0x4008_80DC],
    &[0x400D_5678],
    &[],
];

/// Functions of these stacks, of which one was inlined.
#[derive(Debug)]
pub(crate) struct Program(pub(crate) &'static [(u64, &'static str)]);

pub(crate) const PROGRAM: Program = Program(&[
    (0x400D_1234, "parse"),
    (0x400D_1250, "copy"),
    (0x400D_1250, "parse"),
    (0x400D_2345, "handle"),
    (0x4008_80DC, "app_main"),
    (0x400D_5678, "init"),
]);

impl FrameSource for Program {
    fn frames(&self, return_address: u64) -> Arc<[CodeFrame]> {
        let known = self
            .0
            .iter()
            .filter(|(address, _)| *address == return_address);
        let names: Vec<&str> = known.map(|(_, name)| *name).collect();
        let frames = names.iter().enumerate().map(|(place, name)| CodeFrame {
            function: Some((*name).into()),
            file: Some("src/main.c".into()),
            line: Some(10 + place as u32),
            column: None,
            inlined: place + 1 < names.len(),
        });
        frames.collect()
    }
}

/// A recording that was read once.
pub(crate) struct Made {
    inputs: Vec<Vec<u8>>,
    pub(crate) outcome: Outcome,
    pub(crate) report: Report,
    program: Program,
}

impl Made {
    pub(crate) fn new(scenario: &Scenario, program: Program) -> Self {
        Self::of(vec![scenario.plain()], program)
    }

    pub(crate) fn of(inputs: Vec<Vec<u8>>, program: Program) -> Self {
        let layout = layout(&inputs);
        let mut analysis = Analysis::new(&layout, KeepAll);
        analysis.run(inputs.as_slice()).unwrap();
        let outcome = analysis.outcome();
        let mut symbolizer = Symbolizer::new(Some(&program));
        let names = ["made.svdat".to_owned()];
        let report = Report::new(&outcome, &mut symbolizer, &names);
        Self {
            inputs,
            outcome,
            report,
            program,
        }
    }

    /// The whole recording in a format.
    pub(crate) fn export(&self, format: Format) -> Vec<u8> {
        self.part(format, Options::default(), Selection::default())
            .0
    }

    pub(crate) fn folded(&self, value: Value, selection: Selection) -> String {
        let options = Options {
            value,
            ..Options::default()
        };
        String::from_utf8(self.part(Format::Folded, options, selection).0).unwrap()
    }

    pub(crate) fn table(&self, format: Format, table: Table) -> Vec<u8> {
        let options = Options {
            table,
            ..Options::default()
        };
        self.part(format, options, Selection::default()).0
    }

    /// A part of the recording, and what the format could not say.
    pub(crate) fn part(
        &self,
        format: Format,
        options: Options,
        selection: Selection,
    ) -> (Vec<u8>, Vec<String>) {
        let symbolizer = Symbolizer::new(Some(&self.program));
        let facts = Facts::new(&self.outcome, &self.report, &symbolizer);
        let mut bytes = Vec::new();
        let sink = format.begin(&facts, &selection, options, Output::plain(&mut bytes));
        let losses = export(
            self.inputs.as_slice(),
            &layout(&self.inputs),
            &mut KeepAll,
            &facts,
            selection,
            sink.unwrap(),
        );
        let losses = losses.unwrap();
        (bytes, losses)
    }

    /// A task, as it is chosen by its name.
    pub(crate) fn of_task(task: &str) -> Selection {
        Selection {
            task: Some(task.to_owned()),
            ..Selection::default()
        }
    }
}

fn layout(inputs: &[Vec<u8>]) -> Layout {
    let heads: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    Layout::of(&heads)
}

/// A recording with something of everything.
pub(crate) fn everything() -> Scenario {
    let mut recording = Scenario::begun();
    recording.allocate(0x3FFB_0000, 512, STACKS[3]);
    for round in 0..6 {
        let address = 0x3FFB_1000 + 256 * round;
        recording.after(2_000).run(WORKER);
        recording.allocate(address, 24, STACKS[0]);
        recording.allocate(address + 64, 100, STACKS[1]);
        recording.enter(5).after(10).exit();
        recording.print("round\n");
        recording.after(500).run(MAIN);
        recording.free(address + 64, STACKS[2]);
    }
    // A reallocation in two events, one that failed, and one that found no memory.
    recording.after(100).free(0x3FFB_0000, STACKS[3]);
    recording.allocate(0x3FFC_0000, 600, STACKS[3]);
    recording.after(100).free(0x3FFC_0000, STACKS[3]);
    recording.allocate(0, 9000, STACKS[3]);
    recording.after(100).mark(1);
    recording.after(100).overflow(3);
    recording.allocate(0x3FFB_1000, 48, STACKS[4]);
    recording.after(1_000).idle().stop();
    recording
}

/// What may happen.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Allocate { place: u32, size: u32, stack: usize },
    Free { place: u32, stack: usize },
    Fail { size: u32, stack: usize },
    Run(bool),
    Interrupt(u64),
    Log,
    Lose,
    Restart,
}

/// Anything that may happen, mostly to the heap.
pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let place = 0..24_u32;
    let stack = 0..STACKS.len();
    let step = prop_oneof![
        12 => (place.clone(), 0..300_u32, stack.clone())
            .prop_map(|(place, size, stack)| Step::Allocate { place, size, stack }),
        9 => (place, stack.clone()).prop_map(|(place, stack)| Step::Free { place, stack }),
        1 => (1..300_u32, stack).prop_map(|(size, stack)| Step::Fail { size, stack }),
        3 => any::<bool>().prop_map(Step::Run),
        1 => (1..50_u64).prop_map(Step::Interrupt),
        1 => Just(Step::Log),
        1 => Just(Step::Lose),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 0..120)
}

/// The recording of what happened.
pub(crate) fn recording(steps: &[Step]) -> Scenario {
    let mut recording = Scenario::begun();
    let address = |place: u32| 0x3FFB_0000 + 128 * place;
    for step in steps {
        recording.after(300);
        match *step {
            Step::Allocate { place, size, stack } => {
                recording.allocate(address(place), size, STACKS[stack])
            }
            Step::Free { place, stack } => recording.free(address(place), STACKS[stack]),
            Step::Fail { size, stack } => recording.allocate(0, size, STACKS[stack]),
            Step::Run(is_main) => recording.run(if is_main { MAIN } else { WORKER }),
            Step::Interrupt(ticks) => recording.enter(7).after(ticks).exit(),
            Step::Log => recording.print("step\n"),
            Step::Lose => recording.overflow(2),
            Step::Restart => recording.stop().after(1_000).start().run(MAIN),
        };
    }
    recording
}
