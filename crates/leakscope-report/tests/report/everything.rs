//! An outcome that holds everything that an outcome can hold, hostile names among it.

use leakscope_analysis::dump::{Interruption, Sums};
use leakscope_analysis::findings::{Confidence, Growth, Verdict, Word};
use leakscope_analysis::outcome::{
    Anomaly, AnomalyKind, Block, CallSite, ContextUsage, FailedAllocation, HeapUsage, Outcome,
    Session,
};
use leakscope_analysis::problem::{Problem, ProblemKind};
use leakscope_analysis::trace::{Context, Task, TaskStack};

use crate::outcomes::{finding, number, problem, site, task, task_contexts, tutorial};
use crate::program::{
    APP_MAIN, APP_MAIN_QUEUE, CPP, HOSTILE, MAIN_TASK, QUEUE_CREATE, RUST_VEC, TASK_WRAPPER,
};

/// The tutorial, and more.
pub(crate) fn everything() -> Outcome {
    let mut outcome = tutorial();
    let contexts = task_contexts(6);
    let hostile = contexts[4];
    add_leaks(&mut outcome, &contexts);
    outcome.call_sites.extend(other_sites(hostile));
    number(&mut outcome.call_sites);
    outcome.tasks.push(task(
        "evil\u{1b}[2J\u{202e}task\nwith a name that does not want to end",
        0x3ffb_9000,
    ));
    outcome.tasks.push(Task {
        address: 0x3ffb_a000,
        ..Task::default()
    });
    outcome.tasks[0].stack = Some(TaskStack {
        base: 0x3ffb_0000,
        size: 3_584,
        usage: 400,
    });
    outcome.target.elf_sha256 = Some("9a9ab10c5".to_owned());
    for context in [
        hostile,
        contexts[5],
        Context::Interrupt(5),
        Context::Interrupt(77),
        Context::Idle,
        Context::Scheduler,
        Context::Unknown,
    ] {
        outcome.contexts.push(ContextUsage {
            context,
            ..outcome.contexts[0]
        });
    }
    outcome.heaps = heaps();
    outcome.sessions.push(Session {
        start: 13_120_000 / 2,
        end: 13_120_000,
        after_reset: true,
        stopped: true,
        heap_events: 7,
        outstanding_blocks: 2,
        outstanding_bytes: 20,
        peak_bytes: 30,
    });
    let totals = &mut outcome.totals;
    totals.double_frees = 1;
    totals.wrong_frees = 1;
    totals.doubtful_frees = 1;
    totals.failed_allocations = 5;
    totals.failed_and_retried = 1;
    totals.reallocations = 3;
    totals.frees_of_null = 2;
    totals.frees_of_older_blocks = 2;
    totals.dropped_packets = 12;
    outcome.anomalies = anomalies(&contexts);
    outcome.failed_allocations = failures(hostile);
    outcome.problems = problems();
    outcome
}

fn words(text: &'static str) -> Vec<Word> {
    vec![
        Word::Text(text),
        Word::Bytes(12_345),
        Word::Text(", "),
        Word::Percent(60),
    ]
}

fn add_leaks(outcome: &mut Outcome, contexts: &[Context]) {
    let deep = &[
        RUST_VEC,
        APP_MAIN,
        MAIN_TASK,
        TASK_WRAPPER,
        CPP,
        APP_MAIN,
        MAIN_TASK,
        TASK_WRAPPER,
        TASK_WRAPPER,
    ];
    let leaks: [(Verdict, &[u64], i64); 3] = [
        (Verdict::LeakGrowing, deep, 300),
        (Verdict::LeakPerCycle, &[CPP, RUST_VEC, APP_MAIN], 200),
        (Verdict::LeakSurvivors, &[HOSTILE, MAIN_TASK], 1),
    ];
    for (index, (verdict, stack, bytes)) in leaks.into_iter().enumerate() {
        let mut leak = site(
            finding(verdict, words("grown by ")),
            stack,
            40,
            64,
            contexts,
        );
        leak.growth = Growth {
            bytes,
            ticks: 13_120_000,
        };
        leak.finding.confidence = Confidence::Medium;
        leak.largest = 2_000_000;
        leak.session = 1;
        leak.blocks = vec![block(contexts[4])];
        outcome.call_sites.insert(index + 1, leak);
    }
}

fn other_sites(hostile: Context) -> Vec<CallSite> {
    let verdicts = [
        Verdict::Uncertain,
        Verdict::LateRelease,
        Verdict::Bounded,
        Verdict::InFlight,
        Verdict::Unclassified,
        Verdict::AllFreed,
    ];
    let mut sites: Vec<CallSite> = verdicts
        .into_iter()
        .map(|verdict| {
            let finding = finding(verdict, words("holds "));
            let mut site = site(finding, &[HOSTILE, CPP], 1, 7_000_000, &[hostile]);
            site.finding.confidence = Confidence::Low;
            site
        })
        .collect();
    let no_stack = finding(Verdict::Unclassified, vec![]);
    sites.push(site(no_stack, &[], 1, 1, &[Context::Unknown]));
    sites
}

fn heaps() -> Vec<HeapUsage> {
    vec![
        HeapUsage {
            heap: 0x2000_0000,
            base: Some(0x2000_0010),
            size: Some(102_400),
            allocations: 5,
            frees: 4,
            outstanding_bytes: 9,
            peak_bytes: 99,
        },
        HeapUsage {
            heap: 0x2100_0000,
            ..HeapUsage::default()
        },
    ]
}

fn anomalies(contexts: &[Context]) -> Vec<Anomaly> {
    vec![
        Anomaly {
            kind: AnomalyKind::DoubleFree {
                freed_at: 2_000_000,
                freed_by: vec![APP_MAIN].into(),
            },
            is_doubtful: false,
            time: 4_000_000,
            context: contexts[1],
            core: 1,
            address: 0x3ffb_aaaa,
            stack: vec![APP_MAIN_QUEUE, MAIN_TASK].into(),
        },
        Anomaly {
            kind: AnomalyKind::WrongFree {
                block: block(contexts[0]),
                allocated_by: vec![QUEUE_CREATE, APP_MAIN].into(),
            },
            is_doubtful: false,
            time: 5_000_000,
            context: contexts[4],
            core: 0,
            address: 0x3ffb_1244,
            stack: vec![HOSTILE].into(),
        },
        Anomaly {
            kind: AnomalyKind::DoubleFree {
                freed_at: 5_500_000,
                freed_by: vec![APP_MAIN].into(),
            },
            is_doubtful: true,
            time: 6_000_000,
            context: contexts[1],
            core: 0,
            address: 0x3ffb_1300,
            stack: vec![APP_MAIN_QUEUE, MAIN_TASK].into(),
        },
    ]
}

fn failures(context: Context) -> Vec<FailedAllocation> {
    let failure = |size, stack: &[u64]| FailedAllocation {
        size,
        time: size,
        context,
        core: 0,
        stack: stack.to_vec().into(),
        retried: false,
        live_bytes: 99_000,
    };
    vec![
        failure(100_000, &[QUEUE_CREATE, APP_MAIN]),
        failure(200_000, &[CPP]),
        failure(300_000, &[QUEUE_CREATE, APP_MAIN]),
    ]
}

fn block(context: Context) -> Block {
    Block {
        address: 0x3ffb_1234,
        size: 64,
        time: 1_000_000,
        context,
        core: 1,
    }
}

fn problems() -> Vec<Problem> {
    [
        ProblemKind::Overflow { packets: 12 },
        ProblemKind::Skipped { bytes: 7 },
        ProblemKind::BeforeStart { bytes: 3 },
        ProblemKind::Cut { bytes: 2 },
        ProblemKind::NoStart,
        ProblemKind::UnreadablePacket { id: 40 },
        ProblemKind::HeapModuleGuessed { id: 512 },
        ProblemKind::UnnamedModuleEvents { id: 600 },
        ProblemKind::Restart,
        ProblemKind::PerhapsRestart,
        ProblemKind::Paused,
        ProblemKind::FreeLost,
        ProblemKind::AllocationLost,
        ProblemKind::AllocationsUnseen { frees: 12 },
        ProblemKind::SameCoreTwice { core: 1 },
        ProblemKind::PackedCut,
        ProblemKind::ClocksDiffer,
        ProblemKind::ClockChanged {
            before: 1_000_000,
            now: 40_000_000,
        },
        ProblemKind::OneCoreOnly,
        ProblemKind::ElfDiffers,
        ProblemKind::AddressesOutsideElf { outside: 5, all: 9 },
        ProblemKind::DumpInterrupted(Interruption::Watchdog),
        ProblemKind::DumpSumsDiffer {
            sums: Sums {
                blocks: 6,
                bytes: 216,
            },
            read: Sums {
                blocks: 4,
                bytes: 144,
            },
        },
        ProblemKind::TooMany,
        ProblemKind::TooManyStacks { kept: 131_072 },
        ProblemKind::TooShort { ticks: 4000 },
    ]
    .into_iter()
    .zip(1..)
    .map(|(kind, count)| problem(kind, count))
    .collect()
}
