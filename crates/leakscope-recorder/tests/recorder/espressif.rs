//! ESP-IDF's dialect is what Espressif's script reads to its end, whatever a program does.

use leakscope_recorder::dialect::EspIdf;
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Block, Level, Recorder, SystemEvent, Task};
use leakscope_systemview::Packet;
use leakscope_testing::espressif::{self, HeapReport};

use crate::host::{CountingClock, drained, packets};

type Recording = Stream<EspIdf<4>, CountingClock, 8192>;

const MAIN: usize = 0x2000_0100;

fn started() -> Recording {
    let stream = Recording::new();
    let described = Config::new("x").descriptions(&["I#15=SysTick"]);
    stream.init(CountingClock::default(), described);
    stream.task(&Task {
        id: MAIN,
        priority: 1,
        name: b"main",
        stack_base: 0,
        stack_size: 0,
    });
    stream.event(SystemEvent::TaskStartExec(MAIN));
    stream.start();
    stream
}

fn block(address: usize) -> Block {
    Block { address, size: 24 }
}

fn texts(bytes: &[u8]) -> Vec<String> {
    let text = |packet: Packet<'_>| match packet {
        Packet::PrintFormatted(print) => {
            assert_eq!(print.arguments.count, 0);
            Some(print.text.to_string())
        }
        Packet::SysDesc { text } => Some(text.to_string()),
        _ => None,
    };
    let packets = packets(bytes);
    packets
        .iter()
        .filter_map(|packet| packet.with_packet(text))
        .collect()
}

#[test]
fn all_that_a_program_does_is_read() {
    let stream = started();
    stream.alloc(block(0x100), Origin::Unknown);
    for _ in 0..2 {
        stream.event(SystemEvent::IsrEnter(15));
        stream.failed(1000, Origin::Unknown);
        stream.event(SystemEvent::IsrExit);
        stream.event(SystemEvent::IsrEnter(40));
        stream.event(SystemEvent::IsrExit);
        stream.event(SystemEvent::IsrEnter(700));
        stream.event(SystemEvent::IsrExit);
        stream.event(SystemEvent::Mark(1));
        stream.name_marker(1, b"one");
    }
    stream.realloc_begins(block(0x100), Origin::Unknown);
    stream.realloc_failed(block(0x100), 5000, Origin::Unknown);
    stream.alloc(block(0x200), Origin::Unknown);
    stream.free(block(0x200), Origin::Unknown);
    stream.event(SystemEvent::TaskTerminate(MAIN));
    stream.print_format(Level::Warning, b"%u of 0x%04X", &[7, 0xAB]);
    stream.stop();
    let bytes = drained(&stream, 0);
    assert_eq!(
        espressif::read(&[&bytes]),
        Ok(HeapReport {
            events: 5,
            leaked_blocks: 1,
            leaked_bytes: 24,
        })
    );
    // An interrupt that has a name, by its description or by an earlier event, gets no other; beyond 512 it gets it each time.
    let names = [
        "N=x",
        "I#40=IRQ 40",
        "I#700=IRQ 700",
        "I#700=IRQ 700",
        "7 of 0x00AB",
    ];
    let told: Vec<String> = texts(&bytes)
        .into_iter()
        .filter(|text| text != "I#15=SysTick")
        .collect();
    assert_eq!(told, names);
}

/// What the reader is for: each of these ends the script.
#[test]
fn what_the_script_does_not_expect_is_noticed() {
    let with = |after: &[u8]| {
        let stream = started();
        stream.stop();
        let mut bytes = drained(&stream, 0);
        bytes.extend(after);
        espressif::read(&[&bytes])
    };
    assert!(with(&[]).is_ok());
    // ISR_ENTER 40; TASK_TERMINATE; TASK_START_EXEC of nobody; a message with an argument; twice an allocation at 16.
    let twice = [
        0x80, 4, 6, 16, 8, 0, 0, 0, 0, 0, 0x80, 4, 6, 16, 8, 0, 0, 0, 0, 0,
    ];
    let unexpected: [&[u8]; 5] = [
        &[2, 40, 0],
        &[29, 1, 5, 0],
        &[4, 99, 0],
        &[26, 5, 1, b'x', 0, 1, 7, 0],
        &twice,
    ];
    for bytes in unexpected {
        assert!(with(bytes).is_err(), "{bytes:?}");
    }
}
