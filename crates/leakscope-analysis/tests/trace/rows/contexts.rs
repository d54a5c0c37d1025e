//! Who ran: tasks, interrupts, idle, and their names.

use leakscope_systemview::Packet;
use leakscope_testing::scenario::{IDF_HEAP, MAIN, Scenario, WORKER};

use super::{BLOCK, OTHER, SITE};
use crate::reading::{read, read_one};

/// A task without a name is called by its address.
#[test]
fn row_05_unknown_tasks_have_a_name() {
    let mut recording = Scenario::begun();
    recording.run(0x3FFB_1234).allocate(BLOCK, 16, SITE);
    let task = recording.shrink(0x3FFB_5678);
    recording.packet(&Packet::TaskStopReady { task, cause: 4 });
    recording.allocate(BLOCK + 16, 16, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.heap_contexts(), ["task@0x3ffb1234"; 2]);
}

/// An interrupt without a name is called by its number.
#[test]
fn row_06_unknown_interrupts_have_a_name() {
    let mut recording = Scenario::begun();
    recording.system("I#5=SysTick");
    recording.enter(5).allocate(BLOCK, 16, SITE).exit();
    recording.enter(99).allocate(BLOCK + 16, 16, SITE).exit();
    let reading = read_one(recording.openocd());
    assert_eq!(reading.heap_contexts(), ["SysTick", "irq 99"]);
}

/// Heap events before the first switch count; nobody knows yet who ran.
#[test]
fn row_11_events_before_the_first_switch_count() {
    let mut recording = Scenario::empty();
    recording.start().module(512, IDF_HEAP).task(MAIN, "main");
    recording.allocate(BLOCK, 16, SITE).run(MAIN);
    recording.allocate(BLOCK + 16, 16, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.outcome.totals.allocations, 2);
    assert_eq!(reading.heap_contexts(), ["unknown", "main"]);
}

/// A core that waits for its first switch does not repeat the other's events.
#[test]
fn row_12_cores_wait_apart() {
    let mut recording = Scenario::empty();
    recording.start().module(512, IDF_HEAP).task(MAIN, "main");
    for block in 0..3 {
        recording.on(0).allocate(BLOCK + 16 * block, 16, SITE);
    }
    recording.on(1).run(MAIN).allocate(BLOCK + 0x100, 16, SITE);
    let reading = read(&recording.openocd_by_core());
    assert_eq!(reading.outcome.totals.allocations, 4);
    assert_eq!(reading.problem("free-lost"), None);
}

/// What core 1 does is no context of core 0.
#[test]
fn row_13_contexts_belong_to_a_core() {
    let mut recording = Scenario::empty();
    recording.start().module(512, IDF_HEAP).task(MAIN, "main");
    recording.on(0).allocate(BLOCK, 16, SITE);
    recording.on(1).after(1).idle();
    recording.on(0).allocate(BLOCK + 16, 16, SITE);
    recording.on(1).allocate(BLOCK + 32, 16, SITE);
    let reading = read(&recording.openocd_by_core());
    assert_eq!(reading.heap_contexts(), ["unknown", "unknown", "idle"]);
}

/// A name is valid from when it was sent: the next task at the same address has another.
#[test]
fn row_14_names_are_valid_from_a_moment_on() {
    let mut recording = Scenario::begun();
    recording
        .allocate(BLOCK, 16, SITE)
        .task(MAIN, "second")
        .run(MAIN);
    recording.allocate(BLOCK + 16, 16, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.heap_contexts(), ["main", "second"]);
}

/// After `TASK_STOP_EXEC` the task does not run any more.
#[test]
fn row_15_a_stopped_task_runs_no_more() {
    let mut recording = Scenario::begun();
    recording.packet(&Packet::TaskStopExec).free(BLOCK, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.heap_contexts(), ["scheduler"]);
}

/// What happens while a core is idle is the idle task's.
#[test]
fn row_16_idle_is_a_context() {
    let mut recording = Scenario::begun();
    recording
        .allocate(BLOCK, 16, SITE)
        .idle()
        .free(BLOCK, OTHER);
    recording.run(WORKER).allocate(BLOCK, 16, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.heap_contexts(), ["main", "idle", "worker"]);
}

/// The end of an interrupt whose begin was lost leaves the task where it is.
#[test]
fn row_17_only_interrupts_end_with_an_interrupt() {
    let mut recording = Scenario::begun();
    recording.exit().exit().allocate(BLOCK, 16, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.heap_contexts(), ["main"]);
}
