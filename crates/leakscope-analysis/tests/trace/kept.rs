//! Reallocations that find no memory: sound programs of two tasks against a ledger, with what the recorder's filters leave out and
//! with blocks from before the recording.

use std::collections::BTreeMap;

use leakscope_analysis::findings::Verdict;
use leakscope_testing::scenario::{MAIN, Scenario};
use proptest::prelude::*;

use crate::effects;
use crate::reading::read_one;

const MODULE: u32 = 512;
const TASKS: [u32; 2] = [MAIN, MAIN + 0x200];

/// What happens to the block at an address, if one lives there; else one begins.
#[derive(Clone, Copy, Debug)]
enum Step {
    Free,
    GrowInPlace(u32),
    GrowInVain(u32),
    /// It moves to another address. Meanwhile its old one may be given to a block of this size.
    Move(u32, u32, Option<u32>),
    Switch,
    FailToAllocate(u32),
}

/// What is left out: smaller blocks, and those that the other task allocates.
#[derive(Clone, Copy, Debug)]
struct Filter {
    least_size: u32,
    has_task: bool,
    /// Whether frees and reallocations know the size of the block, as in Rust: then those of smaller ones are left out, too.
    knows_sizes: bool,
}

impl Filter {
    const NONE: Self = Self {
        least_size: 0,
        has_task: false,
        knows_sizes: false,
    };
}

/// The program, what the recorder tells of it, and what is true of the recorded blocks.
struct Program {
    recording: Scenario,
    filter: Filter,
    task: usize,
    /// Sizes of the blocks that live, by address, and whether they are recorded.
    live: BTreeMap<u32, (u32, bool)>,
    allocations: u64,
    frees: u64,
    older: u64,
    failed: u64,
}

/// What the recorder tells of itself behind each start sequence.
fn announce(recording: &mut Scenario, filter: Filter) {
    recording.module(MODULE, "M=leakscope heap");
    for (task, name) in TASKS.into_iter().zip(["one", "two"]) {
        recording.task(task, name);
    }
    let task = if filter.has_task { TASKS[0] } else { 0 };
    let units = [2, 4, 0, 1, 0, 0, 0, 0, 0, 128, 0];
    let filters = [filter.least_size, 1, task];
    recording.event(MODULE + 4, &[&units[..], &filters].concat());
    recording
        .event(MODULE + 5, &[1, 0x1000])
        .event(MODULE + 5, &[2, 0x2000])
        .run(TASKS[0]);
}

impl Program {
    fn begin(filter: Filter, older: u32) -> Self {
        let mut recording = Scenario::empty();
        recording.start();
        announce(&mut recording, filter);
        Self {
            recording,
            filter,
            task: 0,
            live: (1..=older)
                .map(|address| (address << 12, (100, false)))
                .collect(),
            allocations: 0,
            frees: 0,
            older: 0,
            failed: 0,
        }
    }

    fn is_filtered(&self) -> bool {
        self.filter.least_size > 0 || self.filter.has_task
    }

    fn tell(&mut self, number: u32, fields: &[u32]) {
        self.recording.after(1).event(MODULE + number, fields);
    }

    /// Something happens to a block that lives. Whether the recorder tells of it.
    fn tell_of(&mut self, address: u32, number: u32, fields: &[u32]) -> bool {
        let (size, _) = self.live[&address];
        let is_told = !self.filter.knows_sizes || size >= self.filter.least_size;
        if is_told {
            self.tell(number, fields);
        }
        is_told
    }

    /// Whether the recorder tells of what begins with so many bytes, or fails to.
    fn admits(&self, size: u32) -> bool {
        size >= self.filter.least_size && !(self.filter.has_task && self.task == 1)
    }

    fn begin_block(&mut self, address: u32, size: u32) -> bool {
        let is_told = self.admits(size);
        self.live.insert(address, (size, is_told));
        self.allocations += u64::from(is_told);
        is_told
    }

    fn end_block(&mut self, address: u32) {
        match self.live.remove(&address).expect("a live block") {
            (_, true) => self.frees += 1,
            // Of those that a filter has left out nothing is told.
            (_, false) if self.is_filtered() => {}
            (_, false) => (self.frees, self.older) = (self.frees + 1, self.older + 1),
        }
    }

    fn allocate(&mut self, address: u32, size: u32, stack: u32) {
        if self.begin_block(address, size) {
            self.tell(0, &[address, size, stack]);
        }
    }

    fn reallocate(&mut self, from: u32, to: u32, size: u32, between: Option<u32>) {
        self.tell_of(from, 8, &[from, 1]);
        self.end_block(from);
        if let Some(size) = between.filter(|_| from != to) {
            self.allocate(from, size, 2);
        }
        if self.begin_block(to, size) {
            self.tell(9, &[to, size, 1, from]);
        }
    }

    fn step(&mut self, address: u32, step: Step) {
        let lives = self.live.contains_key(&address);
        match step {
            Step::Switch => {
                self.task = 1 - self.task;
                self.recording.after(1).run(TASKS[self.task]);
            }
            Step::FailToAllocate(size) => {
                if self.admits(size) {
                    self.failed += 1;
                    self.tell(3, &[size, 1]);
                }
            }
            Step::Free if lives => {
                self.tell_of(address, 7, &[address, 1]);
                self.end_block(address);
            }
            Step::Free => self.allocate(address, 40, 1),
            Step::GrowInPlace(size) if lives => self.reallocate(address, address, size, None),
            Step::GrowInVain(size) if lives => {
                self.tell_of(address, 8, &[address, 1]);
                let is_told = self.tell_of(address, 10, &[address, size, 1]);
                self.failed += u64::from(is_told);
            }
            Step::Move(to, size, between) if lives && !self.live.contains_key(&to) => {
                self.reallocate(address, to, size, between);
            }
            Step::GrowInPlace(size) | Step::GrowInVain(size) | Step::Move(_, size, _) => {
                if !lives {
                    self.allocate(address, size, 2);
                }
            }
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<(u32, Step)>> {
    let size = || 1_u32..100;
    let step = prop_oneof![
        3 => Just(Step::Free),
        1 => size().prop_map(Step::GrowInPlace),
        3 => size().prop_map(Step::GrowInVain),
        3 => (1_u32..6, size(), prop::option::of(size()))
            .prop_map(|(to, size, between)| Step::Move(to, size, between)),
        1 => Just(Step::Switch),
        1 => size().prop_map(Step::FailToAllocate),
    ];
    prop::collection::vec((1_u32..6, step), 0..80)
}

fn filters() -> impl Strategy<Value = Filter> {
    let some = (0_u32..80, any::<bool>(), any::<bool>()).prop_map(
        |(least_size, has_task, knows_sizes)| Filter {
            least_size,
            has_task,
            knows_sizes,
        },
    );
    prop_oneof![Just(Filter::NONE), some]
}

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn a_sound_program_is_believed(filter in filters(), older in 0_u32..4, steps in steps()) {
        // A filter's reader cannot tell older blocks from those that were left out: both are none of the recording.
        let mut program = Program::begin(filter, older);
        for (address, step) in steps {
            // Blocks lie far apart.
            let far = |address: u32| address << 12;
            let step = match step {
                Step::Move(to, size, between) => Step::Move(far(to), size, between),
                other => other,
            };
            program.step(far(address), step);
        }
        let bytes = program.recording.plain();
        effects::check(&bytes);
        let reading = read_one(bytes);
        reading.check();
        let totals = reading.outcome.totals;
        prop_assert_eq!(reading.anomalies(), Vec::<&str>::new());
        prop_assert_eq!(
            (totals.double_frees, totals.wrong_frees, totals.doubtful_frees),
            (0, 0, 0)
        );
        let live = program.live.values();
        let live: Vec<u32> = live.filter(|(_, is_recorded)| *is_recorded).map(|(size, _)| *size).collect();
        prop_assert_eq!(
            (totals.allocations, totals.frees, totals.frees_of_older_blocks, totals.failed_allocations),
            (program.allocations, program.frees, program.older, program.failed)
        );
        prop_assert_eq!(
            (totals.outstanding_blocks, totals.outstanding_bytes),
            (live.len() as u64, live.into_iter().map(u64::from).sum())
        );
        prop_assert_eq!(reading.problem("free-lost"), None);
    }
}

/// Of one stack, as where one function allocates, grows and frees: these are calls of their own.
#[test]
fn a_free_before_an_allocation_is_no_reallocation() {
    let mut program = Program::begin(Filter::NONE, 0);
    for (address, step) in [
        (0x1000, Step::Free),
        (0x1000, Step::Free),
        (0x1000, Step::FailToAllocate(900)),
        (0x2000, Step::Free),
        (0x2000, Step::Free),
        (0x2000, Step::Free),
    ] {
        program.step(address, step);
    }
    let totals = read_one(program.recording.plain()).outcome.totals;
    assert_eq!(
        (totals.allocations, totals.frees, totals.reallocations),
        (3, 2, 0)
    );
    assert_eq!(
        (totals.failed_allocations, totals.outstanding_bytes),
        (1, 40)
    );
}

/// Damage shows a switch of tasks inside a reallocation: the one that seems to fail has freed nothing.
#[test]
fn another_task_seems_to_fail() {
    let mut program = Program::begin(Filter::NONE, 0);
    program.step(0x1000, Step::Free);
    program.tell(8, &[0x1000, 1]);
    program.step(0x1000, Step::Switch);
    program.tell(10, &[0x1000, 900, 1]);
    let outcome = read_one(program.recording.plain()).outcome;
    let totals = outcome.totals;
    assert_eq!((totals.frees, totals.outstanding_blocks), (0, 1));
    assert!(outcome.contexts.iter().all(|context| context.frees == 0));
}

/// A block from before a pause is reallocated in vain, and lives on: its call site is judged as though nobody had tried.
#[test]
fn what_is_reallocated_in_vain_behind_a_pause_lives_on() {
    let judged = |behind: &[Step]| {
        let mut program = Program::begin(Filter::NONE, 0);
        let blocks = (1..=20).map(|block| block << 12);
        for block in blocks.clone() {
            program.recording.after(1_000_000);
            program.step(block, Step::Free);
        }
        program.recording.after(10).stop().after(1_000_000);
        let now = program.recording.time();
        program.recording.start().systime_us(now);
        announce(&mut program.recording, Filter::NONE);
        for block in blocks {
            program.recording.after(1000);
            for &step in behind {
                program.step(block, step);
            }
        }
        program.recording.after(100_000).idle();
        let reading = read_one(program.recording.plain());
        reading.check();
        let mut sites = reading.outcome.call_sites.iter();
        let most = sites.find(|site| site.allocations == 20);
        most.map(|site| site.finding.verdict)
    };
    assert_eq!(judged(&[]), Some(Verdict::LeakSteady));
    assert_eq!(judged(&[Step::GrowInVain(90)]), Some(Verdict::LeakSteady));
    assert_eq!(judged(&[Step::Free]), Some(Verdict::LateRelease));
    let freed_later = [Step::GrowInVain(90), Step::Free];
    assert_eq!(judged(&freed_later), Some(Verdict::LateRelease));
}
