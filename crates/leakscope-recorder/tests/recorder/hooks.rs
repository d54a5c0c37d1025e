//! Hooks of operating systems and allocators, and the logger: all of them reach the program's recorder.

use std::sync::{Mutex, PoisonError};

use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::hooks::embassy;
use leakscope_recorder::platform::host::HostClock;
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Block, Recorder, on_alloc, on_free, on_realloc, on_realloc_begin};
use leakscope_systemview::{Extended, Packet};

use crate::host::{HeapEvent, LeakscopeReader, Stored, drained, packets};

static RECORDER: Stream<Leakscope<2>, HostClock, 16384> = Stream::new();
leakscope_recorder::global_recorder!(RECORDER);

/// There is one global recorder, so these tests take turns.
static TURN: Mutex<()> = Mutex::new(());

fn recorded(act: impl FnOnce()) -> Vec<Stored> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    RECORDER.init(HostClock::new(), Config::new("hooks"));
    RECORDER.stop();
    drained(&RECORDER, 0);
    RECORDER.start();
    let start = packets(&drained(&RECORDER, 0)).len();
    assert!(start > 0);
    act();
    packets(&drained(&RECORDER, 0))
}

fn described(packets: &[Stored]) -> Vec<String> {
    let text = |packet: Packet<'_>| match packet {
        Packet::TaskInfo { task, name, .. } => format!("info {task} {name}"),
        Packet::StackInfo { size, .. } => format!("stack {size}"),
        Packet::TaskCreate { task } => format!("create {task}"),
        Packet::TaskStartReady { task } => format!("ready {task}"),
        Packet::TaskStopReady { task, cause } => format!("blocked {task} {cause}"),
        Packet::TaskStartExec { task } => format!("runs {task}"),
        Packet::TaskStopExec => "stops".into(),
        Packet::TaskTerminate { task } => format!("terminated {task}"),
        Packet::Idle => "idle".into(),
        Packet::IsrEnter { interrupt } => format!("interrupt {interrupt}"),
        Packet::IsrExit => "exit".into(),
        Packet::IsrToScheduler => "to scheduler".into(),
        Packet::MarkStart { marker } => format!("mark start {marker}"),
        Packet::MarkStop { marker } => format!("mark stop {marker}"),
        Packet::TraceStart => "start".into(),
        Packet::TraceStop => "stop".into(),
        Packet::PrintFormatted(print) => format!("{:?}: {}", print.level(), print.formatted()),
        Packet::Extended(Extended::Mark { marker }) => format!("mark {marker}"),
        Packet::Extended(Extended::NameMarker { marker, name }) => format!("name {marker} {name}"),
        other => format!("{other:?}"),
    };
    packets
        .iter()
        .map(|packet| packet.with_packet(text))
        .collect()
}

unsafe extern "Rust" {
    // As embassy-executor declares them.
    safe fn _embassy_trace_poll_start(executor: u32);
    safe fn _embassy_trace_task_new(executor: u32, task: u32);
    safe fn _embassy_trace_task_end(executor: u32, task: u32);
    safe fn _embassy_trace_task_exec_begin(executor: u32, task: u32);
    safe fn _embassy_trace_task_exec_end(executor: u32, task: u32);
    safe fn _embassy_trace_task_ready_begin(executor: u32, task: u32);
    safe fn _embassy_trace_executor_idle(executor: u32);
}

#[test]
fn embassys_symbols() {
    let packets = recorded(|| {
        embassy::name_task(100, "producer");
        _embassy_trace_task_new(1, 100);
        _embassy_trace_task_ready_begin(1, 100);
        _embassy_trace_poll_start(1);
        _embassy_trace_task_exec_begin(1, 100);
        // An executor in an interrupt polls meanwhile.
        _embassy_trace_poll_start(2);
        _embassy_trace_task_exec_begin(2, 200);
        _embassy_trace_task_exec_end(2, 200);
        _embassy_trace_executor_idle(2);
        _embassy_trace_task_exec_end(1, 100);
        _embassy_trace_executor_idle(1);
        _embassy_trace_executor_idle(1);
        _embassy_trace_task_end(1, 100);
    });
    assert_eq!(
        described(&packets),
        [
            "info 100 producer",
            "stack 0",
            "create 100",
            "info 100 producer",
            "stack 0",
            "ready 100",
            "runs 100",
            "runs 200",
            "stops",
            "runs 100",
            "stops",
            "idle",
            "terminated 100",
        ]
    );
}

/// More tasks than are remembered: what the host was told of one stays.
#[test]
fn a_task_beyond_the_list_keeps_its_name() {
    let packets = recorded(|| {
        for task in 1000..1020 {
            embassy::name_task(task, "worker");
            _embassy_trace_task_new(1, task);
        }
        (1000..1020).for_each(|task| _embassy_trace_task_end(1, task));
    });
    let unnamed = |text: &&String| text.starts_with("info") && !text.ends_with("worker");
    assert_eq!(described(&packets).iter().filter(unnamed).count(), 0);
}

#[test]
fn all_of_rtos_trace() {
    use rtos_trace::{TaskInfo, trace};
    let packets = recorded(|| {
        trace::task_new(7);
        let info = TaskInfo {
            name: "with zero\0",
            priority: 2,
            stack_base: 0x1000,
            stack_size: 256,
        };
        trace::task_send_info(7, info);
        trace::task_new_stackless(8, "without", 1);
        trace::task_ready_begin(7);
        trace::task_exec_begin(7);
        trace::task_exec_end();
        trace::task_ready_end(7);
        trace::system_idle();
        trace::isr_enter();
        trace::isr_exit();
        trace::isr_enter();
        trace::isr_exit_to_scheduler();
        trace::name_marker(3, "loop");
        trace::marker(3);
        trace::marker_begin(3);
        trace::marker_end(3);
        trace::task_terminate(7);
        trace::task_terminate(8);
        trace::stop();
    });
    assert_eq!(
        described(&packets),
        [
            "create 7",
            "info 7 with zero",
            "stack 256",
            "create 8",
            "info 8 without",
            "stack 0",
            "ready 7",
            "runs 7",
            "stops",
            "blocked 7 0",
            "idle",
            "interrupt 0",
            "exit",
            "interrupt 0",
            "to scheduler",
            "name 3 loop",
            "mark 3",
            "mark start 3",
            "mark stop 3",
            "terminated 7",
            "terminated 8",
            "stop",
        ]
    );
    let restarted = recorded(trace::start);
    assert_eq!(described(&restarted)[0], "start");
}

#[test]
fn the_logger() {
    use leakscope_recorder::log::LOGGER;
    use log::Log;
    let packets = recorded(|| {
        let say = |level, text: &str| {
            LOGGER.log(
                &log::Record::builder()
                    .level(level)
                    .target("net")
                    .args(format_args!("{text}"))
                    .build(),
            );
        };
        say(log::Level::Info, "up");
        say(log::Level::Warn, "slow");
        say(log::Level::Error, &"ö".repeat(100));
    });
    let cut = format!("Error: net: {}", "ö".repeat(61));
    assert_eq!(
        described(&packets),
        ["Log: net: up", "Warning: net: slow", &cut]
    );
}

/// What allocators say, with all that C allows.
#[test]
fn an_allocators_hooks() {
    let caller = Origin::Frames(&[0x1234]);
    let block = |address, size| Block { address, size };
    let packets = recorded(|| {
        on_alloc(0x4000, 10, caller);
        on_alloc(0, 20, caller);
        // malloc(0) may return NULL.
        on_alloc(0, 0, caller);
        on_realloc_begin(block(0, 0), 30, caller);
        on_realloc(block(0, 0), 0x5000, 30, caller);
        on_realloc_begin(block(0x4000, 0), 40, caller);
        on_realloc(block(0x4000, 0), 0x6000, 40, caller);
        on_realloc_begin(block(0x6000, 40), 50, caller);
        on_realloc(block(0x6000, 40), 0, 50, caller);
        on_realloc_begin(block(0x6000, 40), 0, caller);
        on_realloc(block(0x6000, 40), 0, 0, caller);
        on_free(0, 0, caller);
        on_free(0x5000, 0, Origin::Unknown);
        RECORDER.failed(60, caller);
    });
    let stack = vec![0x1234];
    let expected = [
        HeapEvent::Alloc {
            address: 0x4000,
            size: 10,
            stack: stack.clone(),
        },
        HeapEvent::Failed {
            size: 20,
            stack: stack.clone(),
        },
        HeapEvent::Alloc {
            address: 0x5000,
            size: 30,
            stack: stack.clone(),
        },
        HeapEvent::Move {
            address: 0x4000,
            stack: stack.clone(),
        },
        HeapEvent::Moved {
            address: 0x6000,
            size: 40,
            stack: stack.clone(),
            from: 0x4000,
        },
        HeapEvent::Move {
            address: 0x6000,
            stack: stack.clone(),
        },
        HeapEvent::Kept {
            address: 0x6000,
            size: 50,
            stack: stack.clone(),
        },
        HeapEvent::Free {
            address: 0x6000,
            stack: stack.clone(),
        },
        HeapEvent::Free {
            address: 0x5000,
            stack: Vec::new(),
        },
        HeapEvent::Failed { size: 60, stack },
    ];
    let mut reader = LeakscopeReader::with_default_units();
    let events: Vec<_> = packets
        .iter()
        .filter_map(|packet| reader.read(packet))
        .collect();
    assert_eq!(events, expected);
}

#[test]
fn the_global_recorder_is_the_one_that_was_named() {
    let event = leakscope_recorder::SystemEvent::TaskCreate(7);
    let by_name = recorded(|| RECORDER.event(event));
    let by_function = recorded(|| leakscope_recorder::recorder().event(event));
    assert_eq!(described(&by_name), ["create 7"]);
    assert_eq!(described(&by_function), ["create 7"]);
}
