//! Outcomes made by hand.

use leakscope_analysis::findings::{Confidence, CycleSteps, Finding, Growth, Left, Verdict, Word};
use leakscope_analysis::heap::SiteId;
use leakscope_analysis::outcome::{CallSite, ContextUsage, Outcome, Peak, Session, Target, Totals};
use leakscope_analysis::problem::{Problem, ProblemKind, Silence};
use leakscope_analysis::trace::{Context, StackCertainty, Task};
use leakscope_systemview::{Init, Packet};

use crate::program::{
    ALLOC_TASK, APP_MAIN, APP_MAIN_ARGUMENT, APP_MAIN_QUEUE, HEAP_CAPS_MALLOC, MAIN_TASK,
    PV_PORT_MALLOC, QUEUE_CREATE, TASK_CREATE, TASK_WRAPPER,
};
use crate::recording::{recorded, walk};

/// No event at all, and no clock.
pub(crate) fn empty() -> Outcome {
    Outcome::default()
}

/// The contexts of so many tasks. Only a trace can make them.
pub(crate) fn task_contexts(count: u32) -> Vec<Context> {
    let init = Init {
        timestamp_hz: 1,
        cpu_hz: 1,
        ram_base: 0,
        id_shift: 0,
    };
    let start = [Packet::TraceStart, Packet::Init(init)];
    let switches = (1..=count).map(|task| Packet::TaskStartExec { task });
    let packets: Vec<Packet<'_>> = start.into_iter().chain(switches).collect();
    let mut contexts = Vec::new();
    walk(&recorded(&packets), |event, _| {
        if matches!(event.context, Context::Task(_)) {
            contexts.push(event.context);
        }
    });
    assert_eq!(contexts.len(), count as usize);
    contexts
}

pub(crate) fn task(name: &str, address: u32) -> Task {
    Task {
        address,
        name: name.to_owned(),
        priority: Some(5),
        stack: None,
        resets: 0,
    }
}

pub(crate) fn finding(verdict: Verdict, reason: Vec<Word>) -> Finding {
    Finding {
        verdict,
        confidence: Confidence::High,
        reason,
    }
}

fn left(blocks: u64, size: u64) -> Left {
    Left {
        ticks: 9_500_000,
        blocks,
        bytes: blocks * size,
        squared_bytes: (blocks * size * size) as f64,
        windows: vec![0, blocks * size],
        floors: vec![0, size],
        floor_ticks: 1 << 19,
        cycles: CycleSteps {
            bytes: vec![size as i64, -(size as i64)],
            cycles: 2,
        },
    }
}

/// A site that allocated `blocks` blocks of `size` bytes and freed none.
pub(crate) fn site(
    finding: Finding,
    stack: &[u64],
    blocks: u64,
    size: u64,
    contexts: &[Context],
) -> CallSite {
    CallSite {
        id: SiteId::new(0),
        finding,
        session: 0,
        growth: Growth::NONE,
        left: left(blocks, size),
        stack: stack.to_vec(),
        allocator_frames: vec![HEAP_CAPS_MALLOC, PV_PORT_MALLOC],
        certainty: StackCertainty::EXACT,
        allocations: blocks,
        frees: 0,
        reallocations: 0,
        failed_allocations: 0,
        allocated_bytes: blocks * size,
        outstanding_blocks: blocks,
        outstanding_bytes: blocks * size,
        doubtful_blocks: 0,
        doubtful_bytes: 0,
        peak_bytes: blocks * size,
        bytes_at_peak: blocks * size,
        smallest: size,
        largest: size,
        first_allocation: 80_000,
        last_allocation: 9_840_000,
        contexts: contexts.to_vec(),
        cores: vec![0],
        blocks: Vec::new(),
    }
}

/// Gives each call site a number of its own.
pub(crate) fn number(call_sites: &mut [CallSite]) {
    for (site, number) in call_sites.iter_mut().zip(0..) {
        site.id = SiteId::new(number);
    }
}

fn once(stack: &[u64], blocks: u64, size: u64, main: Context) -> CallSite {
    let reason = vec![
        Word::Count(blocks),
        Word::Text(" blocks, all allocated during start-up, the last at "),
        Word::Moment(400_000),
    ];
    site(finding(Verdict::Once, reason), stack, blocks, size, &[main])
}

fn esp32() -> Target {
    Target {
        application: Some("FreeRTOS Application".to_owned()),
        device: Some("esp32".to_owned()),
        operating_system: Some("FreeRTOS".to_owned()),
        elf_sha256: None,
        timestamp_hz: 40_000_000,
        cpu_hz: 160_000_000,
        cores: vec![0, 1],
        interrupts: vec![(5, "SysTick".to_owned())],
    }
}

fn tutorial_totals() -> Totals {
    Totals {
        events: 2_642,
        copies: 39,
        log_messages: 60,
        heap_events: 99,
        allocations: 72,
        frees: 27,
        allocated_bytes: 18_822,
        outstanding_blocks: 45,
        outstanding_bytes: 18_822,
        peak_bytes: 18_822,
        end: 13_120_000,
        bytes: 30_000,
        ..Totals::default()
    }
}

/// Espressif's tutorial: one leak, and six kinds of objects that are made at start-up.
pub(crate) fn tutorial() -> Outcome {
    let contexts = task_contexts(4);
    let (main, alloc) = (contexts[0], &contexts[1..]);
    let reason = vec![
        Word::Count(27),
        Word::Text(" of "),
        Word::Count(27),
        Word::Text(" blocks never freed, one every "),
        Word::Duration(361_538),
        Word::Text(" from "),
        Word::Moment(80_000),
        Word::Text(" to "),
        Word::Moment(9_840_000),
    ];
    let mut leak = site(
        finding(Verdict::LeakSteady, reason),
        &[ALLOC_TASK, TASK_WRAPPER],
        27,
        10,
        alloc,
    );
    leak.growth = Growth {
        bytes: 260,
        ticks: 9_480_000,
    };
    leak.cores = vec![0, 1];
    let queue = &[QUEUE_CREATE, APP_MAIN_QUEUE, MAIN_TASK];
    let mut call_sites = vec![
        leak,
        once(&[TASK_CREATE, APP_MAIN, MAIN_TASK], 3, 3_584, main),
        once(&[TASK_CREATE, APP_MAIN_QUEUE, MAIN_TASK], 3, 2_048, main),
        once(&[0x4008_a0f1, APP_MAIN, MAIN_TASK], 3, 356, main),
        once(queue, 3, 100, main),
        once(&[QUEUE_CREATE, APP_MAIN, MAIN_TASK], 3, 84, main),
        once(&[APP_MAIN_ARGUMENT, MAIN_TASK], 3, 12, main),
    ];
    number(&mut call_sites);
    let usage = |context, blocks, bytes, freed| ContextUsage {
        context,
        allocations: blocks + freed,
        allocated_bytes: bytes + freed * 10,
        frees: freed,
        freed_bytes: freed * 10,
        outstanding_blocks: blocks,
        outstanding_bytes: bytes,
        peak_bytes: bytes + 10,
    };
    Outcome {
        target: esp32(),
        totals: tutorial_totals(),
        sessions: vec![Session {
            end: 13_120_000,
            heap_events: 99,
            ..Session::default()
        }],
        peak: Peak {
            bytes: 18_822,
            time: 9_840_000,
            holders: (call_sites.iter().enumerate().skip(1))
                .chain(call_sites.iter().enumerate().take(1))
                .map(|(index, site)| (index, site.bytes_at_peak))
                .collect(),
        },
        call_sites,
        tasks: vec![
            task("main", 0x3ffb_5000),
            task("alloc0", 0x3ffb_6000),
            task("alloc1", 0x3ffb_7000),
            task("alloc2", 0x3ffb_8000),
        ],
        contexts: vec![
            usage(main, 18, 18_552, 0),
            usage(alloc[0], 9, 90, 9),
            usage(alloc[1], 9, 90, 9),
            usage(alloc[2], 9, 90, 9),
        ],
        heaps: Vec::new(),
        anomalies: Vec::new(),
        failed_allocations: Vec::new(),
        problems: Vec::new(),
    }
}

/// As [`tutorial`], without the leak.
pub(crate) fn clean() -> Outcome {
    let mut outcome = tutorial();
    outcome.call_sites.remove(0);
    outcome.peak.holders.clear();
    outcome.totals.outstanding_blocks = 18;
    let reason = vec![Word::Text("5 blocks live across a gap")];
    outcome.call_sites[2].finding = finding(Verdict::Uncertain, reason);
    outcome.call_sites[3].finding =
        finding(Verdict::Unclassified, vec![Word::Text("no pattern fits")]);
    outcome.problems = vec![problem(ProblemKind::Overflow { packets: 12 }, 3)];
    outcome
}

/// Events, of which none could be named a heap event.
pub(crate) fn mute() -> Outcome {
    let mut outcome = tutorial();
    outcome.call_sites.clear();
    outcome.contexts.clear();
    outcome.peak = Peak::default();
    outcome.totals = Totals {
        events: 2_642,
        end: 13_120_000,
        ..Totals::default()
    };
    outcome.problems = vec![problem(ProblemKind::NoHeapEvents(Silence::Unnamed), 1)];
    outcome
}

pub(crate) fn problem(kind: ProblemKind, count: u64) -> Problem {
    Problem {
        kind,
        input: 1,
        offset: Some(12_345),
        time: Some(4_160_000),
        count,
    }
}
