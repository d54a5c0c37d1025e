//! Tasks, interrupts, messages, and streams of several cores.

use std::sync::atomic::Ordering;

use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Block, Level, Recorder, SystemEvent, Task};
use leakscope_systemview::{Extended, Packet, id};

use crate::host::{CORE, CountingClock, FakeClock, FakeCore, drained, packets};

fn ids(record: impl Fn(&dyn Recorder)) -> Vec<u32> {
    let stream: Stream<Leakscope<0>, CountingClock> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    stream.start();
    drained(&stream, 0);
    record(&stream);
    let packets = packets(&drained(&stream, 0));
    packets.iter().map(|packet| packet.id).collect()
}

#[test]
fn each_event_has_its_packet() {
    let events = [
        (SystemEvent::IsrEnter(15), id::ISR_ENTER),
        (SystemEvent::IsrExit, id::ISR_EXIT),
        (SystemEvent::IsrToScheduler, id::ISR_TO_SCHEDULER),
        (SystemEvent::TaskCreate(0x40), id::TASK_CREATE),
        (SystemEvent::TaskStartReady(0x40), id::TASK_START_READY),
        (SystemEvent::TaskStartExec(0x40), id::TASK_START_EXEC),
        (SystemEvent::TaskStopReady(0x40, 4), id::TASK_STOP_READY),
        (SystemEvent::TaskStopExec, id::TASK_STOP_EXEC),
        (SystemEvent::TaskTerminate(0x40), id::TASK_TERMINATE),
        (SystemEvent::Idle, id::IDLE),
        (SystemEvent::TimerEnter(0x80), id::TIMER_ENTER),
        (SystemEvent::TimerExit, id::TIMER_EXIT),
        (SystemEvent::MarkStart(1), id::MARK_START),
        (SystemEvent::MarkStop(1), id::MARK_STOP),
        (SystemEvent::Mark(1), id::EX),
    ];
    let seen = ids(|stream| events.iter().for_each(|&(event, _)| stream.event(event)));
    assert_eq!(seen, events.map(|(_, id)| id));
}

#[test]
fn repeated_idle_is_told_once() {
    let seen = ids(|stream| {
        for event in [
            SystemEvent::Idle,
            SystemEvent::Idle,
            // An interrupt that returns to idling changes nothing.
            SystemEvent::IsrEnter(3),
            SystemEvent::IsrExit,
            SystemEvent::Idle,
            // One that ends in the scheduler does.
            SystemEvent::IsrEnter(3),
            SystemEvent::IsrToScheduler,
            SystemEvent::Idle,
            SystemEvent::TaskStartExec(1),
            SystemEvent::Idle,
            SystemEvent::Idle,
        ] {
            stream.event(event);
        }
    });
    assert_eq!(
        seen,
        [
            id::IDLE,
            id::ISR_ENTER,
            id::ISR_EXIT,
            id::ISR_ENTER,
            id::ISR_TO_SCHEDULER,
            id::IDLE,
            id::TASK_START_EXEC,
            id::IDLE
        ]
    );
}

/// Events before the start are not sent; but what runs is known.
#[test]
fn what_runs_is_told_at_the_start() {
    let clock = FakeClock::at(0);
    let stream: Stream<Leakscope<0>, _, 8192> = Stream::new();
    stream.init(&clock, Config::new("x"));
    let last_of_start = |event| {
        stream.event(event);
        stream.start();
        let last = packets(&drained(&stream, 0)).pop().expect("packets");
        stream.stop();
        drained(&stream, 0);
        last
    };
    assert_eq!(last_of_start(SystemEvent::IsrExit).id, id::MODULEDESC);
    let task = last_of_start(SystemEvent::TaskStartExec(0x40));
    assert_eq!((task.id, task.numbers()), (id::TASK_START_EXEC, vec![0x40]));
    let still = last_of_start(SystemEvent::IsrExit);
    assert_eq!(
        (still.id, still.numbers()),
        (id::TASK_START_EXEC, vec![0x40])
    );
    assert_eq!(last_of_start(SystemEvent::Idle).id, id::IDLE);
    assert_eq!(last_of_start(SystemEvent::TaskStopExec).id, id::MODULEDESC);
}

#[test]
fn a_terminated_task_is_forgotten_and_a_new_name_replaces_the_old() {
    let clock = FakeClock::at(0);
    let stream: Stream<Leakscope<0>, _> = Stream::new();
    stream.init(&clock, Config::new("x"));
    for (task, name) in [(1, "one"), (2, "two"), (3, "three"), (2, "zwei")] {
        stream.task(&Task::new(task, 0, name.as_bytes()));
    }
    stream.event(SystemEvent::TaskTerminate(1));
    stream.start();
    let mut names = Vec::new();
    for packet in packets(&drained(&stream, 0)) {
        packet.with_packet(|packet| {
            if let Packet::TaskInfo { name, .. } = packet {
                names.push(name.to_string());
            }
        });
    }
    assert_eq!(names, ["zwei", "three"]);
}

#[test]
fn more_tasks_than_there_is_room_for_are_told_once() {
    let clock = FakeClock::at(0);
    let stream: Stream<Leakscope<0>, _, 8192> = Stream::new();
    stream.init(&clock, Config::new("x"));
    stream.start();
    drained(&stream, 0);
    for task in 0..20 {
        stream.task(&Task::new(task, 0, b"a task"));
    }
    let count = |bytes: &[u8]| {
        let packets = packets(bytes);
        packets
            .iter()
            .filter(|packet| packet.id == id::TASK_INFO)
            .count()
    };
    assert_eq!(count(&drained(&stream, 0)), 20);
    stream.receive(&[4]);
    assert_eq!(count(&drained(&stream, 0)), 16);
}

#[test]
fn messages_have_a_level_and_are_cut_between_characters() {
    let clock = FakeClock::at(0);
    let stream: Stream<Leakscope<0>, _> = Stream::new();
    stream.init(&clock, Config::new("x"));
    stream.start();
    drained(&stream, 0);
    stream.print(Level::Warning, b"careful");
    stream.print_format(Level::Error, b"%d of %u\0junk", &[u32::MAX, 5]);
    stream.print(Level::Log, format!("{}é", "a".repeat(127)).as_bytes());
    stream.print(Level::Log, &[0x80; 300]);
    stream.name_marker(7, b"loop\0");
    let mut seen = Vec::new();
    for packet in packets(&drained(&stream, 0)) {
        packet.with_packet(|packet| match packet {
            Packet::PrintFormatted(print) => {
                seen.push((print.level(), print.formatted().to_string()));
            }
            Packet::Extended(Extended::NameMarker { marker: 7, name }) => {
                seen.push((Level::Log, name.to_string()));
            }
            _ => panic!("{packet:?}"),
        });
    }
    assert_eq!(seen[0], (Level::Warning, "careful".into()));
    assert_eq!(seen[1], (Level::Error, "-1 of 5".into()));
    assert_eq!(seen[2], (Level::Log, "a".repeat(127)));
    assert_eq!(seen[3].1.chars().count(), 128);
    assert_eq!(seen[4].1, "loop");
}

#[test]
fn each_core_has_a_recording_of_its_own() {
    type TwoCores = Stream<Leakscope<2>, CountingClock, 4096, 2, FakeCore>;
    let stream: TwoCores = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    for core in [0, 1] {
        CORE.set(core);
        stream.start();
    }
    for core in [0, 1, 1] {
        CORE.set(core);
        let block = Block {
            address: core * 64,
            size: 1,
        };
        stream.alloc(block, Origin::Frames(&[1, 2]));
    }
    let allocs = |core| {
        let packets = packets(&drained(&stream, core));
        assert_eq!(packets[0].id, id::TRACE_START);
        packets.iter().filter(|packet| packet.id == 512).count()
    };
    assert_eq!((allocs(0), allocs(1)), (1, 2));
    assert_eq!(drained(&stream, 2), []);
}

#[test]
fn cores_count_from_the_same_moment() {
    let clock = FakeClock::at(1000);
    let stream: Stream<Leakscope<0>, _, 4096, 2, FakeCore> = Stream::new();
    stream.init(&clock, Config::new("x"));
    for (core, now) in [(0, 5000), (1, 5300)] {
        clock.0.store(now, Ordering::Relaxed);
        CORE.set(core);
        stream.start();
    }
    let mut times = Vec::new();
    for core in [0, 1] {
        clock.0.store(5400, Ordering::Relaxed);
        CORE.set(core);
        stream.event(SystemEvent::IsrExit);
        let packets = packets(&drained(&stream, core));
        assert_eq!(packets[0].id, id::TRACE_START);
        assert_eq!(packets[0].time, 0);
        times.push((packets[1].time, packets.last().expect("packets").time));
    }
    CORE.set(0);
    assert_eq!(times, [(0, 400), (300, 400)]);
}

/// The host is told of the task that runs when there is room to begin, not of one that ran before.
#[test]
fn what_runs_is_known_while_there_is_no_room_to_begin() {
    let stream: Stream<Leakscope<0>, CountingClock, 2048> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    stream.start();
    while stream.drop_count() < 10 {
        stream.event(SystemEvent::IsrExit);
    }
    stream.stop();
    stream.event(SystemEvent::TaskStartExec(1));
    stream.start();
    stream.event(SystemEvent::TaskStartExec(2));
    drained(&stream, 0);
    stream.poll();
    let packets = packets(&drained(&stream, 0));
    let last = packets.last().expect("packets");
    assert_eq!((last.id, last.numbers()), (id::TASK_START_EXEC, vec![2]));
}
