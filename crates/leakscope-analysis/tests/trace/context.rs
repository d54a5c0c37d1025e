//! Who ran: interrupts, tasks and idle on each core, and one clock for all cores.

use leakscope_analysis::trace::Start;
use leakscope_systemview::{Packet, id};
use leakscope_testing::scenario::{IDF_HEAP, MAIN, Scenario, WORKER};

use crate::reading::{Kind, Reading, read, read_one};

const SITE: &[u32] = &[0x4200_1000];
const BLOCK: u32 = 0x3FFB_0000;

/// The forms of a recording of two cores.
fn forms(recording: &Scenario) -> [Vec<Vec<u8>>; 3] {
    [
        recording.openocd_by_core().to_vec(),
        vec![recording.joined()],
        vec![recording.with_core_bit()],
    ]
}

/// A heap event, so that the context shows.
fn probe(recording: &mut Scenario) {
    let address = BLOCK + recording.time() as u32 * 16;
    recording.allocate(address, 16, SITE);
}

#[test]
fn interrupts_nest() {
    let mut recording = Scenario::begun();
    recording.enter(3);
    probe(&mut recording);
    recording.enter(4);
    probe(&mut recording);
    recording.exit();
    probe(&mut recording);
    recording.exit();
    probe(&mut recording);
    let reading = read_one(recording.plain());
    assert_eq!(reading.heap_contexts(), ["irq 3", "irq 4", "irq 3", "main"]);
}

#[test]
fn an_interrupt_may_end_in_the_scheduler() {
    let mut recording = Scenario::begun();
    recording.enter(3).packet(&Packet::IsrToScheduler);
    probe(&mut recording);
    recording.run(WORKER);
    probe(&mut recording);
    let reading = read_one(recording.plain());
    assert_eq!(reading.heap_contexts(), ["scheduler", "worker"]);
}

#[test]
fn an_interrupt_of_an_idle_core_returns_to_idle() {
    let mut recording = Scenario::begun();
    recording.idle().enter(3).exit();
    probe(&mut recording);
    assert_eq!(read_one(recording.plain()).heap_contexts(), ["idle"]);
}

#[test]
fn an_event_that_begins_something_belongs_to_it() {
    let mut recording = Scenario::begun();
    recording.enter(3).exit().idle();
    let reading = read_one(recording.plain());
    let context = |id| {
        let mut events = reading.events.iter();
        &events
            .find(|event| event.id == id)
            .expect("an event")
            .context
    };
    assert_eq!(context(id::TASK_START_EXEC), "main");
    assert_eq!(context(id::ISR_ENTER), "irq 3");
    assert_eq!(context(id::ISR_EXIT), "irq 3");
    assert_eq!(context(id::IDLE), "idle");
}

#[test]
fn a_task_that_waits_no_longer_runs() {
    let mut recording = Scenario::begun();
    let task = recording.shrink(MAIN);
    recording.packet(&Packet::TaskStopReady { task, cause: 4 });
    probe(&mut recording);
    recording.run(MAIN);
    let other = recording.shrink(WORKER);
    recording.packet(&Packet::TaskStopReady {
        task: other,
        cause: 4,
    });
    probe(&mut recording);
    assert_eq!(
        read_one(recording.plain()).heap_contexts(),
        ["scheduler", "main"]
    );
}

#[test]
fn a_switch_ends_interrupts_whose_exit_was_lost() {
    let mut recording = Scenario::begun();
    recording.enter(3).enter(4).run(WORKER);
    probe(&mut recording);
    assert_eq!(read_one(recording.plain()).heap_contexts(), ["worker"]);
}

#[test]
fn after_a_loss_nobody_runs_until_the_next_switch() {
    let mut recording = Scenario::begun();
    recording.enter(3).after(50).overflow(0);
    probe(&mut recording);
    recording.run(WORKER);
    probe(&mut recording);
    assert_eq!(
        read_one(recording.plain()).heap_contexts(),
        ["unknown", "worker"]
    );
}

/// A task that ended gives its control block to another, which has no name yet.
#[test]
fn a_terminated_task_takes_its_name_along() {
    let mut recording = Scenario::begun();
    probe(&mut recording);
    let task = recording.shrink(MAIN);
    recording.packet(&Packet::TaskTerminate { task }).run(MAIN);
    probe(&mut recording);
    let reading = read_one(recording.plain());
    assert_eq!(reading.heap_contexts(), ["main", "task@0x3fc01000"]);
}

/// The task list, sent again, gives no task a second entry.
#[test]
fn names_sent_again_change_nothing() {
    let mut recording = Scenario::begun();
    probe(&mut recording);
    recording.task(MAIN, "main");
    probe(&mut recording);
    let reading = read_one(recording.plain());
    assert_eq!(reading.heap_contexts(), ["main", "main"]);
    assert_eq!(reading.outcome.contexts.len(), 1);
    assert_eq!(reading.outcome.contexts[0].allocations, 2);
}

/// A name that arrives late is still the name of the task that ran before it came.
#[test]
fn a_late_name_is_that_of_the_running_task() {
    let mut recording = Scenario::empty();
    recording.start().module(512, IDF_HEAP).run(MAIN);
    probe(&mut recording);
    recording.task(MAIN, "late");
    probe(&mut recording);
    assert_eq!(
        read_one(recording.plain()).heap_contexts(),
        ["late", "late"]
    );
}

#[test]
fn each_core_has_its_own_context() {
    let mut recording = Scenario::begun();
    recording.on(1).after(1).run(WORKER);
    for _ in 0..3 {
        recording.on(0);
        probe(&mut recording);
        recording.on(1).enter(9);
        probe(&mut recording);
        recording.exit();
    }
    for files in forms(&recording) {
        let reading = read(&files);
        assert_eq!(reading.heap_contexts(), ["main", "irq 9"].repeat(3));
        let times: Vec<u64> = reading.heap().iter().map(|event| event.time).collect();
        assert!(times.is_sorted(), "{times:?}");
        reading.check();
    }
}

/// A recording of two cores with everything that OpenOCD copies.
fn with_copies() -> Scenario {
    let mut recording = Scenario::begun();
    let task = recording.shrink(WORKER);
    recording.packet(&Packet::StackInfo {
        task,
        base: 0x3FFB_8000,
        size: 4096,
        usage: 0,
    });
    recording.packet(&Packet::NumModules { count: 1 });
    for block in 0..10 {
        recording.on(block % 2).after(10);
        probe(&mut recording);
        recording.packet(&Packet::TaskStartReady { task });
    }
    recording.on(0).after(10).overflow(4);
    recording.on(1).after(10).overflow(9);
    recording.after(10).stop();
    recording
}

/// What OpenOCD writes to both files happens once.
#[test]
fn copies_are_acted_on_once() {
    let recording = with_copies();
    let single = read(&[recording.with_core_bit()]);
    assert_eq!(single.outcome.totals.copies, 0);
    for files in &forms(&recording)[..2] {
        let reading = read(files);
        reading.check();
        let totals = &reading.outcome.totals;
        // The description of the system is not the same in both: it names the core.
        assert_eq!(
            totals.copies,
            totals.events - recording.packets() as u64 - 1
        );
        assert_eq!(totals.dropped_packets, 5 + 6);
        assert_eq!(
            totals.dropped_packets,
            single.outcome.totals.dropped_packets
        );
        assert_eq!(
            reading.problem("overflow").map(|problem| problem.count),
            Some(2)
        );
        assert_eq!(reading.starts(), [Start::First]);
        assert_eq!(reading.count(id::TASK_START_READY), 10);
        assert_eq!(reading.count(id::TRACE_STOP), 1);
    }
}

/// Each file alone counts what was dropped once, too.
#[test]
fn one_of_two_files_tells_the_same_losses() {
    let recording = with_copies();
    for file in recording.openocd_by_core() {
        assert_eq!(read(&[file]).outcome.totals.dropped_packets, 11);
    }
}

/// A copy whose original was lost counts only what was dropped since the last count.
#[test]
fn a_count_of_drops_is_shared_by_both_files() {
    let mut recording = Scenario::begun();
    recording.on(1).after(1).run(WORKER);
    recording.after(100).overflow(40).after(100);
    probe(&mut recording);
    let [zero, one] = recording.openocd_by_core();
    recording.on(1).after(100).overflow(50);
    let [_, longer] = recording.openocd_by_core();
    assert!(longer.starts_with(&one));
    let reading = read(&[zero, longer]);
    assert_eq!(reading.outcome.totals.dropped_packets, 41 + 11);
}

/// Two recordings with clocks of their own (SEGGER's way): nothing is taken for a copy.
#[test]
fn other_recorders_write_no_copies() {
    let recording = with_copies();
    let [zero, one] = recording
        .openocd_by_core()
        .map(|file| file[file.iter().position(|&byte| byte == 0).expect("a sync")..].to_vec());
    let reading: Reading = read(&[zero, one]);
    assert_eq!(reading.outcome.totals.copies, 0);
    assert_eq!(
        reading.problem("overflow").map(|problem| problem.count),
        Some(4)
    );
}

/// Events of the same moment come in the order of the cores, and in their own order within a core.
#[test]
fn equal_times_are_ordered_by_core() {
    let mut recording = Scenario::begun();
    recording.after(10);
    for core in [1, 0, 1, 0] {
        recording.on(core).event(40, &[u32::from(core)]);
    }
    let reading = read(&recording.openocd_by_core());
    let cores: Vec<u8> = reading
        .events
        .iter()
        .filter(|event| event.kind == Kind::Api)
        .map(|event| event.core)
        .collect();
    assert_eq!(cores, [0, 0, 1, 1]);
}

/// An input that does not say which core it is gives way to one that does.
#[test]
fn an_input_without_a_name_gives_way() {
    let mut named = Scenario::begun();
    named.allocate(BLOCK, 16, SITE);
    let [_, one] = named.openocd_by_core();
    let mut unnamed = Scenario::empty();
    unnamed.sync().packet(&Packet::TraceStart).init();
    unnamed.module(512, IDF_HEAP).allocate(BLOCK + 16, 16, SITE);
    let [_, core_one_again] = named.openocd_by_core();
    assert_eq!(one, core_one_again);
    let reading = read(&[named.openocd_by_core()[1].clone(), unnamed.plain()]);
    assert_eq!(reading.outcome.target.cores, [0, 1]);
    assert_eq!(reading.problem("same-core-twice"), None);
    let inputs: Vec<(u8, usize)> = reading
        .heap()
        .iter()
        .map(|event| (event.core, event.input))
        .collect();
    assert_eq!(
        inputs,
        [(0, 1)],
        "the named core has no heap event of its own"
    );
}
