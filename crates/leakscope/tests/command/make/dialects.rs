//! The ways in which targets tell of their heap.

use leakscope_systemview::{Extended, Packet};
use leakscope_testing::scenario::{IDF_HEAP, MAIN, RAM, Scenario};

use super::{Case, EVENTS, HEAP, JSON, OTHER, RELEASE, REPORT, SITE, block, case, leak};

pub(super) const CASES: &[Case] = &[
    case!(
        segger_heaps,
        "SEGGER's own heap events: two heaps, sizes that lost their low three bits, a tag, no call \
         stacks. Every 10 ms the pool loses a block.",
        [REPORT, JSON, EVENTS]
    ),
    case!(
        leakscope_heap,
        "The recorder's own dialect (`docs/dialects.md`): stacks by number, sizes with frees, \
         reallocations as one event, a failed allocation, a heap of known size that fills up.",
        [REPORT, JSON, HEAP]
    ),
    case!(
        heap_module_without_key,
        "Older versions of ESP-IDF describe the heap module without `M=`.",
        [REPORT]
    ),
    case!(
        heap_module_moved,
        "The heap module begins at 512, and at 514 from the middle on: `heap_trace_start` registers it \
         anew.",
        [REPORT, HEAP]
    ),
    case!(
        heap_module_not_described,
        "No module description at all: the heap module is known by the shape of its events.",
        [REPORT, HEAP]
    ),
    case!(
        function_trace,
        "ESP-IDF's function trace before the heap module, named by its description.",
        [REPORT, EVENTS]
    ),
    case!(
        module_by_description_file,
        "A module that the recording only numbers; a description file names its events.",
        [
            REPORT,
            EVENTS,
            (
                "events-described.txt",
                "events --description SYSVIEW_Radio.txt"
            )
        ],
        [(
            "SYSVIEW_Radio.txt",
            "512 radio_send bytes=%u\n513 radio_receive bytes=%u rssi=%d\n"
        )]
    ),
];

/// A recording that has begun, without any module.
fn begun() -> Scenario {
    let mut recording = Scenario::empty();
    recording.start().task(MAIN, "main").run(MAIN);
    recording
}

fn segger_heaps() -> Vec<Vec<u8>> {
    const HEAP: u32 = RAM + 0x100;
    const POOL: u32 = RAM + 0x200;
    let mut recording = Scenario::empty();
    recording.shift(3).start().task(MAIN, "main").run(MAIN);
    let shrink = |recording: &Scenario, address| recording.shrink(address);
    for (heap, base, size) in [(HEAP, RAM + 0x4000, 0x8000), (POOL, RAM + 0xC000, 0x1000)] {
        let packet = Packet::Extended(Extended::HeapDefine {
            heap: shrink(&recording, heap),
            base: shrink(&recording, base),
            size: size >> 3,
            metadata_size: 8,
        });
        recording.packet(&packet);
    }
    for number in 0..20 {
        let kept = Packet::Extended(Extended::HeapAlloc {
            heap: shrink(&recording, POOL),
            block: shrink(&recording, RAM + 0xC000 + 0x40 * number),
            length: 64 >> 3,
            tag: Some(0xC0DE),
        });
        let block = shrink(&recording, RAM + 0x4000);
        let passing = Packet::Extended(Extended::HeapAlloc {
            heap: shrink(&recording, HEAP),
            block,
            length: 128 >> 3,
            tag: None,
        });
        let freed = Packet::Extended(Extended::HeapFree {
            heap: shrink(&recording, HEAP),
            block,
        });
        recording.after(8_000).packet(&kept);
        recording.after(1_000).packet(&passing);
        recording.after(1_000).packet(&freed);
    }
    recording.after(100).stop();
    vec![recording.plain()]
}

fn leakscope_heap() -> Vec<Vec<u8>> {
    const BASE: u32 = 0x2000_0000;
    const CODE: u32 = 0x0800_0000;
    let turned = |address: u32| address.wrapping_sub(BASE).rotate_right(3);
    let mut recording = begun();
    recording.module(
        512,
        "M=leakscope heap, 0 Alloc Address=%p Size=%u Stack=%u, 1 Free Address=%p Size=%u Stack=%u, \
         2 Realloc Address=%p Size=%u Stack=%u From=%p FromSize=%u, 3 Failed Size=%u Stack=%u, 4 Heap, \
         5 Stack, 6 WideStack",
    );
    recording.event(516, &[1, 4, 3, 8, 65_536, BASE, 0, CODE, 0]);
    recording.event(517, &[1, 0x220, 0x934]);
    recording.event(517, &[2, 0x4A0, 0x934]);
    recording.event(512, &[turned(BASE + 0x8000), 1_000, 2]);
    for number in 0..20 {
        let grown = 1_000 + 100 * (number + 1);
        recording
            .after(5_000)
            .event(512, &[turned(BASE + 64 * number), 40, 1]);
        let array = turned(BASE + 0x8000);
        recording
            .after(2_500)
            .event(514, &[array, grown, 2, array, grown - 100]);
        let passing = turned(BASE + 0x6000);
        recording.after(1_000).event(512, &[passing, 256, 2]);
        recording.after(1_500).event(513, &[passing, 256, 0]);
    }
    recording.after(10).event(515, &[48_000, 2]);
    recording.after(100).stop();
    vec![recording.plain()]
}

fn heap_module_without_key() -> Vec<Vec<u8>> {
    let mut recording = begun();
    recording.module(512, IDF_HEAP.trim_start_matches("M="));
    leak(&mut recording, 10);
    vec![recording.openocd()]
}

fn heap_module_moved() -> Vec<Vec<u8>> {
    let mut recording = begun();
    recording.module(512, IDF_HEAP);
    for number in 0..12 {
        if number == 6 {
            recording.after(100).module(514, IDF_HEAP);
            recording.heap = 514;
        }
        recording.after(5_000).allocate(block(number), 16, SITE);
        recording.after(2_000).allocate(block(1000), 80, OTHER);
        recording.after(1_000).free(block(1000), RELEASE);
    }
    recording.free(block(3), RELEASE);
    vec![recording.openocd()]
}

fn heap_module_not_described() -> Vec<Vec<u8>> {
    let mut recording = begun();
    leak(&mut recording, 10);
    vec![recording.openocd()]
}

fn function_trace() -> Vec<Vec<u8>> {
    let mut recording = begun();
    recording
        .module(
            512,
            "M=ESP_FunctionTrace, 0 function_enter func=%p call_site=%p, \
             1 function_exit func=%p call_site=%p",
        )
        .module(514, IDF_HEAP);
    recording.heap = 514;
    for number in 0..6 {
        recording
            .after(4_000)
            .event(512, &[0x400D_1200, 0x400D_2345]);
        recording.allocate(block(number), 32, SITE);
        recording.after(100).event(513, &[0x400D_1200, 0x400D_2345]);
    }
    vec![recording.openocd()]
}

fn module_by_description_file() -> Vec<Vec<u8>> {
    let mut recording = begun();
    recording.module(512, "M=Radio");
    for number in 0..3 {
        recording.after(4_000).event(512, &[100 + number]);
        recording
            .after(1_000)
            .event(513, &[20, number.wrapping_sub(60)]);
    }
    vec![recording.plain()]
}
