//! A small recording, and a walk through its events.

use leakscope_analysis::trace::{Event, Layout, Step, Trace};
use leakscope_systemview::{Arguments, Extended, Init, Packet, Print, Text};

use crate::program::{ALLOC_TASK, HEAP_CAPS_MALLOC, PV_PORT_MALLOC, TASK_WRAPPER};

/// Calls `each` with every event of a recording.
pub(crate) fn walk(bytes: &[u8], mut each: impl FnMut(&Event<'_>, &Trace)) {
    let mut trace = Trace::new(&Layout::of(&[bytes]));
    while let Ok(Step::Event(event, trace)) = trace.step(&[bytes][..]) {
        each(&event, trace);
    }
}

/// The packets, 100 ticks apart, as a recorder sends them.
pub(crate) fn recorded(packets: &[Packet<'_>]) -> Vec<u8> {
    let mut bytes = vec![0; 10];
    for packet in packets {
        let mut buffer = [0; 512];
        let length = packet.encode(100, &mut buffer).unwrap();
        bytes.extend_from_slice(&buffer[..length]);
    }
    bytes
}

/// Numbers as a payload.
pub(crate) fn numbers(values: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for &value in values {
        let mut rest = value;
        while rest > 0x7F {
            bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
    }
    bytes
}

fn print<'a>(text: &'a str, options: u32, count: u32, encoded: &'a [u8]) -> Packet<'a> {
    Packet::PrintFormatted(Print {
        text: Text(text.as_bytes()),
        options,
        arguments: Arguments { count, encoded },
    })
}

/// One event of most kinds, hostile names among them.
pub(crate) fn small() -> Vec<u8> {
    const BASE: u32 = 0x3f40_0000;
    let stack = [
        HEAP_CAPS_MALLOC,
        PV_PORT_MALLOC,
        ALLOC_TASK,
        TASK_WRAPPER,
        0,
    ];
    let allocation = [&[0x3ffb_1234, 10], &stack[..]].concat();
    let (allocation, free) = (
        numbers(&allocation),
        numbers(&[0x3ffb_1234, ALLOC_TASK, 0, 0, 0, 0]),
    );
    let failed = numbers(&[&[0, 4096], &stack[..]].concat());
    let (delay, enter) = (numbers(&[10]), numbers(&[ALLOC_TASK, TASK_WRAPPER]));
    let (undescribed, arguments) = (numbers(&[7, 300]), numbers(&[7, 0xFFFF_FFFF]));
    let init = Init {
        timestamp_hz: 1_000_000,
        cpu_hz: 160_000_000,
        ram_base: BASE,
        id_shift: 0,
    };
    let task = |address: u32| address - BASE;
    let (main, evil) = (task(0x3ffb_5000), task(0x3ffb_6000));
    let heap = |packet| Packet::Extended(packet);
    recorded(&[
        Packet::TraceStart,
        Packet::Init(init),
        Packet::SysDesc { text: "N=Demo,D=esp32,C=core0,O=FreeRTOS".into() },
        Packet::SysDesc { text: "I#5=SysTick".into() },
        Packet::TaskInfo { task: main, priority: 1, name: "main".into() },
        Packet::TaskInfo { task: evil, priority: 2, name: "=evil\u{1b}[2J\u{202e}".into() },
        Packet::StackInfo { task: main, base: 0x3ffb_0000, size: 3584, usage: 0 },
        Packet::NumModules { count: 2 },
        Packet::ModuleDesc {
            module: 0,
            offset: 512,
            text: "M=ESP32 SystemView Heap Tracing Module".into(),
        },
        Packet::ModuleDesc {
            module: 1,
            offset: 514,
            text: "M=ESP_FunctionTrace, 0 function_enter func=%p call_site=%p, 1 function_exit func=%p".into(),
        },
        Packet::TaskStartExec { task: main },
        Packet::Other { id: 512, payload: &allocation },
        Packet::IsrEnter { interrupt: 5 },
        Packet::TaskStartReady { task: evil },
        Packet::IsrToScheduler,
        Packet::TaskStartExec { task: evil },
        Packet::Other { id: 513, payload: &free },
        Packet::Other { id: 512, payload: &failed },
        Packet::Other { id: 34, payload: &delay },
        Packet::EndCall { event: 34, value: Some(1) },
        Packet::Other { id: 514, payload: &enter },
        Packet::Other { id: 400, payload: &undescribed },
        print("plain, with \u{1b}[31mcolour\u{1b}[0m\n", 0, 0, &[]),
        print("value %u of %d", 1, 2, &arguments),
        print(", and more", 1 | Print::APPEND, 0, &[]),
        print("two\nlines, \"quoted\"", 2, 0, &[]),
        heap(Extended::PrintElf { address: 0x3f40_1000, options: 0, arguments: &[] }),
        heap(Extended::Mark { marker: 3 }),
        heap(Extended::HeapDefine { heap: 16, base: 32, size: 1024, metadata_size: 0 }),
        heap(Extended::HeapAlloc { heap: 16, block: 64, length: 24, tag: Some(9) }),
        heap(Extended::HeapFree { heap: 16, block: 64 }),
        Packet::TaskStopReady { task: evil, cause: 4 },
        Packet::Idle,
        Packet::Overflow { drop_count: 3 },
        Packet::TraceStop,
    ])
}
