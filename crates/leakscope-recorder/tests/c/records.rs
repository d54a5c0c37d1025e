//! Standalone mode: the same counts and the same dump, under every policy.

use leakscope_recorder::stack::Limits;
use leakscope_recorder::standalone::{self, InvalidState, Mode, Policy, RecordBuffer, Slot};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::call::{self, Call};
use crate::cases;
use crate::host::{self, CLOCK_HZ, CORE, NOW, PLATFORM, SetClock, SetCore, written};
use crate::library::{Config, Library, Summary};
use crate::stack::{CODE, Caller, Chains, Form, stacks};
use crate::tell;

/// What is done with a record buffer.
#[derive(Clone, Debug)]
enum Act {
    Heap(Call),
    Tick(u32),
    Core(usize),
    /// A buffer for so many records.
    Init(usize),
    Start(bool),
    Stop,
    Pause,
    Resume,
    Dump,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        60 => call::heap().prop_map(Act::Heap),
        10 => call::ticks().prop_map(Act::Tick),
        2 => (0..2_usize).prop_map(Act::Core),
        1 => (0..20_usize).prop_map(Act::Init),
        2 => any::<bool>().prop_map(Act::Start),
        1 => Just(Act::Stop),
        2 => Just(Act::Pause),
        4 => Just(Act::Resume),
        4 => Just(Act::Dump),
    ]
}

struct Both<'b, const DEPTH: usize> {
    rust: &'b RecordBuffer<'static, DEPTH, SetClock<{ u32::MAX }, 0>, SetCore>,
    c: &'b Library,
    chains: &'b Chains,
}

impl<const DEPTH: usize> Both<'_, DEPTH> {
    fn act(&self, act: &Act) {
        let c = self.c;
        // SAFETY (all): the functions are as declared.
        let answers = unsafe {
            match *act {
                Act::Heap(ref call) => {
                    tell::rust(self.rust, self.chains, call);
                    tell::c(c, self.chains, &[], call);
                    return;
                }
                Act::Tick(ticks) => return NOW.set(NOW.get().wrapping_add(ticks)),
                Act::Core(core) => return CORE.set(core),
                Act::Dump => return self.dump(),
                Act::Init(count) => {
                    let slots = vec![Slot::EMPTY; count].leak();
                    // An address that is not aligned: some bytes before the first record are passed over.
                    let size = (c.harness_record_size)() * count + 7;
                    let memory = vec![0_u64; size / 8 + 1].leak().as_mut_ptr().cast::<u8>();
                    let given = (c.leakscope_records_init)(memory.add(1), size);
                    assert!(given == 0 || given == count);
                    (self.rust.init(slots), given > 0)
                }
                Act::Start(leaks_only) => {
                    let mode = if leaks_only { Mode::Leaks } else { Mode::All };
                    (
                        self.rust.start(mode),
                        (c.leakscope_records_start)(leaks_only),
                    )
                }
                Act::Stop => (self.rust.stop(), (c.leakscope_records_stop)()),
                Act::Pause => (
                    self.rust.pause_allocations(),
                    (c.leakscope_records_pause_allocations)(),
                ),
                Act::Resume => (self.rust.resume(), (c.leakscope_records_resume)()),
            }
        };
        let (rust, c): (Result<(), InvalidState>, bool) = answers;
        assert_eq!(rust.is_ok(), c, "{act:?}: {rust:?}");
    }

    fn dump(&self) {
        let mut rust = String::new();
        self.rust.dump(&mut rust).expect("a string takes all");
        // SAFETY: as declared.
        unsafe { (self.c.leakscope_records_dump)(host::c_put) };
        let (_, c) = written();
        assert_eq!(rust, String::from_utf8_lossy(&c));
    }

    fn compare(&self, after: &Act) {
        // SAFETY: as declared.
        let (summary, count) = unsafe {
            (
                (self.c.leakscope_records_summary)(),
                (self.c.leakscope_records_count)(),
            )
        };
        assert_eq!(numbers(self.rust.summary()), summary, "after {after:?}");
        assert_eq!(self.rust.count(), count);
    }
}

fn numbers(summary: standalone::Summary) -> Summary {
    Summary {
        count: summary.count,
        capacity: summary.capacity,
        high_water_mark: summary.high_water_mark,
        total_allocations: summary.total_allocations,
        total_frees: summary.total_frees,
        unmatched_frees: summary.unmatched_frees,
        failed_allocations: summary.failed_allocations,
        evicted_live: summary.evicted_live,
        evicted_freed: summary.evicted_freed,
        not_recorded: summary.not_recorded,
    }
}

fn are_equal<const DEPTH: usize>(
    name: &str,
    macros: &[&str],
    acts: impl Strategy<Value = Vec<Act>>,
) {
    let Some(c) = Library::build(name, macros) else {
        return;
    };
    let policies = [
        Policy::EvictOldest,
        Policy::StopRecording,
        Policy::EvictFreed,
    ];
    let mut runner = TestRunner::new(cases());
    let all = (0..policies.len(), 1..20_usize, stacks(), acts);
    let result = runner.run(&all, |(policy, room, stacks, acts)| {
        let mut chains = Chains::new(Form::FramePointers);
        chains.lay_out(&stacks);
        NOW.set(0);
        CORE.set(0);
        drop(written());
        c.reset(PLATFORM);
        let limits = Limits {
            code: CODE,
            ram: chains.range(),
            ..Limits::PLATFORM
        };
        let rust = RecordBuffer::new(SetClock)
            .policy(policies[policy])
            .limits(limits);
        let config = Config {
            clock: Some(host::clock),
            clock_hz: CLOCK_HZ,
            code_start: CODE.start,
            code_end: CODE.end,
            stacks_start: chains.range().start,
            stacks_end: chains.range().end,
            record_policy: policy as i32,
            ..Config::NONE
        };
        // SAFETY: the configuration is whole.
        unsafe { (c.leakscope_init)(&raw const config) };
        let both: Both<'_, DEPTH> = Both {
            rust: &rust,
            c: &c,
            chains: &chains,
        };
        let begin = [Act::Start(false), Act::Init(room), Act::Start(false)];
        for act in begin.iter().chain(&acts).chain([&Act::Dump]) {
            both.act(act);
            both.compare(act);
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 0..400)
}

#[test]
fn records_are_the_same() {
    are_equal::<4>(
        "records",
        &["LEAKSCOPE_DEPTH=4", "LEAKSCOPE_CORES=2"],
        acts(),
    );
}

#[test]
fn records_without_stacks_are_the_same() {
    are_equal::<0>(
        "records-0",
        &["LEAKSCOPE_DEPTH=0", "LEAKSCOPE_CORES=2"],
        acts(),
    );
}

/// A block is on the move while recording stops, finds no memory, and is freed when recording goes on.
#[test]
fn a_block_that_stays_is_heard_of_at_any_time() {
    const BLOCK: usize = 0x2000_0100;
    let acts = Just(vec![
        Act::Heap(Call::Alloc(BLOCK, 8, Caller::Unknown)),
        Act::Heap(Call::ReallocBegins(BLOCK, 8, 16, Caller::Unknown)),
        Act::Stop,
        Act::Heap(Call::Realloc(BLOCK, 8, 0, 16, Caller::Unknown)),
        Act::Resume,
        Act::Heap(Call::Free(BLOCK, 8, Caller::Unknown)),
    ]);
    are_equal::<0>("records-stop", &["LEAKSCOPE_DEPTH=0"], acts);
}
