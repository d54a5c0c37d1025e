//! The start sequence.

use std::sync::atomic::Ordering;

use leakscope_recorder::dialect::{EspIdf, Leakscope};
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Recorder, SystemEvent, Task};
use leakscope_systemview::{Init, Packet, Text, id, sync};

use crate::host::{FakeClock, drained, packets};

const CONFIG: Config = Config::new("doorbell")
    .device("STM32F407")
    .core("Cortex-M4")
    .operating_system("embassy")
    .descriptions(&["I#15=SysTick"])
    .cpu_hz(168_000_000)
    .ids(0x2000_0000, 2);

#[test]
fn goes_in_the_order_of_version_3() {
    let clock = FakeClock::at(77);
    let stream: Stream<Leakscope<4>, _> = Stream::new();
    stream.init(&clock, CONFIG.microseconds(|| 0x1_0000_0005));
    stream.task(&Task {
        id: 0x2000_0040,
        priority: 3,
        name: b"blink\0rest",
        stack_base: 0x2000_1000,
        stack_size: 512,
    });
    assert_eq!(drained(&stream, 0), [], "nothing is sent before the start");

    stream.start();
    let bytes = drained(&stream, 0);
    assert_eq!(sync::at(&bytes, false), Some(sync::Sync::Start));
    let packets = packets(&bytes);
    let ids: Vec<_> = packets.iter().map(|packet| packet.id).collect();
    assert_eq!(
        ids,
        [
            id::TRACE_START,
            id::INIT,
            id::SYSTIME_US,
            id::MODULEDESC,
            516, // Heap
            id::SYSDESC,
            id::SYSDESC,
            id::TASK_INFO,
            id::STACK_INFO,
            id::NUMMODULES,
            id::MODULEDESC,
            id::MODULEDESC,
            id::MODULEDESC,
            id::MODULEDESC,
            id::MODULEDESC,
        ]
    );
    assert!(packets.iter().all(|packet| packet.time == 0));
    packets[1].with_packet(|packet| {
        let init = Init {
            timestamp_hz: 1_000_000,
            cpu_hz: 168_000_000,
            ram_base: 0x2000_0000,
            id_shift: 2,
        };
        assert_eq!(packet, Packet::Init(init));
    });
    packets[5].with_packet(|packet| {
        let text = "N=doorbell,D=STM32F407,C=Cortex-M4,O=embassy".into();
        assert_eq!(packet, Packet::SysDesc { text });
    });
    packets[2].with_packet(|packet| {
        let microseconds = 0x1_0000_0005;
        assert_eq!(packet, Packet::SystimeUs { microseconds });
    });
    packets[7].with_packet(|packet| {
        let name = "blink".into();
        assert_eq!(
            packet,
            Packet::TaskInfo {
                task: 0x10,
                priority: 3,
                name
            }
        );
    });
    packets[8].with_packet(|packet| {
        assert_eq!(
            packet,
            Packet::StackInfo {
                task: 0x10,
                base: 0x2000_1000,
                size: 512,
                usage: 0
            }
        );
    });
}

/// What a task is said to do inside an interrupt, hosts would take for the task's: the interrupt's end comes first.
#[test]
fn what_runs_is_not_told_in_an_interrupt() {
    let clock = FakeClock::at(77);
    let stream: Stream<Leakscope<4>, _> = Stream::new();
    stream.init(&clock, CONFIG);
    stream.event(SystemEvent::TaskStartExec(0x2000_0040));
    stream.event(SystemEvent::IsrEnter(5));
    stream.event(SystemEvent::IsrEnter(6));
    stream.event(SystemEvent::IsrExit);
    stream.start();
    let mut ids = Vec::new();
    for second in 0..100 {
        if second == 50 {
            stream.event(SystemEvent::IsrExit);
        }
        clock.0.store(1_000_000 * second, Ordering::Relaxed);
        (0..200).for_each(|_| stream.event(SystemEvent::TaskStartReady(0x2000_0080)));
        let told = packets(&drained(&stream, 0));
        ids.extend(told.iter().map(|packet| packet.id));
    }
    let of = |id| ids.iter().position(|&it| it == id).expect("it is told");
    assert!(of(id::ISR_EXIT) < of(id::TASK_START_EXEC));
}

#[test]
fn every_description_can_be_read_by_others() {
    let clock = FakeClock::at(0);
    let stream: Stream<Leakscope<4>, _> = Stream::new();
    stream.init(&clock, CONFIG);
    stream.start();
    let mut texts = 0;
    for packet in packets(&drained(&stream, 0)) {
        packet.with_packet(|packet| {
            if let Packet::ModuleDesc {
                module,
                offset,
                text,
            } = packet
            {
                assert_eq!((module, offset), (0, 512));
                assert!(text.0.starts_with(b"M=leakscope heap"), "{text:?}");
                assert!(text.0.len() <= 128, "{text:?} has {}", text.0.len());
                texts += 1;
            }
        });
    }
    assert_eq!(texts, 6);
}

#[test]
fn esp_idf_has_its_module_and_no_heap_event() {
    let clock = FakeClock::at(0);
    let stream: Stream<EspIdf<10>, _> = Stream::new();
    stream.init(&clock, CONFIG);
    stream.start();
    let packets = packets(&drained(&stream, 0));
    assert!(packets.iter().all(|packet| packet.id < 512));
    packets[3].with_packet(|packet| {
        let text = "M=ESP32 SystemView Heap Tracing Module".into();
        assert_eq!(
            packet,
            Packet::ModuleDesc {
                module: 0,
                offset: 512,
                text
            }
        );
    });
}

#[test]
fn long_descriptions_take_more_packets() {
    const LONG: &str = "a name of fifty characters; which is much too long";
    let clock = FakeClock::at(0);
    let config = Config::new(LONG).device(LONG).core(LONG);
    let stream: Stream<EspIdf<0>, _> = Stream::new();
    stream.init(&clock, config);
    stream.start();
    let mut texts = Vec::new();
    for packet in packets(&drained(&stream, 0)) {
        packet.with_packet(|packet| {
            if let Packet::SysDesc { text: Text(text) } = packet {
                texts.push(text.to_vec());
            }
        });
    }
    let expected = [
        format!("N={LONG},D={LONG}").into_bytes(),
        format!("C={LONG}").into_bytes(),
    ];
    assert_eq!(texts, expected);
}

/// It would end the value, and what follows be another key.
#[test]
fn a_comma_in_a_name_is_none() {
    let clock = FakeClock::at(0);
    let stream: Stream<Leakscope<0>, _> = Stream::new();
    stream.init(&clock, Config::new("a,D=b").device("c, d"));
    stream.start();
    let packets = packets(&drained(&stream, 0));
    let text = packets.iter().find(|packet| packet.id == id::SYSDESC);
    text.expect("a text").with_packet(|packet| {
        let text = "N=a;D=b,D=c; d".into();
        assert_eq!(packet, Packet::SysDesc { text });
    });
}

#[test]
fn a_stopped_stream_is_silent() {
    let clock = FakeClock::at(0);
    let stream: Stream<Leakscope<0>, _> = Stream::new();
    stream.init(&clock, CONFIG);
    assert!(!stream.is_recording());
    stream.start();
    assert!(stream.is_recording());
    stream.stop();
    assert!(!stream.is_recording());
    stream.event(leakscope_recorder::SystemEvent::IsrExit);
    let packets = packets(&drained(&stream, 0));
    assert_eq!(packets.last().expect("packets").id, id::TRACE_STOP);
}
