//! A made-up program: what its addresses stand for.

use std::sync::Arc;

use leakscope_report::FrameSource;
use leakscope_symbols::CodeFrame;

/// Knows the addresses in [`TABLE`].
pub(crate) struct Program;

pub(crate) const HEAP_CAPS_MALLOC: u64 = 0x4008_1eff;
pub(crate) const PV_PORT_MALLOC: u64 = 0x4008_1f34;
pub(crate) const ALLOC_TASK: u64 = 0x400d_3bb4;
pub(crate) const TASK_WRAPPER: u64 = 0x4008_80dc;
pub(crate) const TASK_CREATE: u64 = 0x4008_a102;
pub(crate) const QUEUE_CREATE: u64 = 0x4008_95e4;
pub(crate) const APP_MAIN: u64 = 0x400d_3c41;
pub(crate) const APP_MAIN_QUEUE: u64 = 0x400d_3c58;
pub(crate) const APP_MAIN_ARGUMENT: u64 = 0x400d_3c60;
pub(crate) const MAIN_TASK: u64 = 0x400d_21aa;
pub(crate) const RUST_VEC: u64 = 0x4200_1234;
pub(crate) const HOSTILE: u64 = 0x4200_6666;
pub(crate) const CPP: u64 = 0x4200_7777;

/// An address, then its frames: function, file, line, inlined.
type Row = (u64, &'static [(&'static str, &'static str, u32, bool)]);

const KERNEL: &str = "/home/build/esp/esp-idf/components/freertos/FreeRTOS-Kernel/tasks.c";
const MAIN: &str = "/home/build/heap_log/main/sysview_heap_log.c";

const TABLE: [Row; 13] = [
    (
        HEAP_CAPS_MALLOC,
        &[(
            "heap_caps_malloc",
            "/home/build/esp/esp-idf/components/heap/heap_caps.c",
            156,
            false,
        )],
    ),
    (
        PV_PORT_MALLOC,
        &[(
            "pvPortMalloc",
            "/home/build/esp/esp-idf/components/heap/heap_idf.c",
            56,
            false,
        )],
    ),
    (
        ALLOC_TASK,
        &[
            ("leak_one", MAIN, 24, true),
            ("alloc_task", MAIN, 38, false),
        ],
    ),
    (
        TASK_WRAPPER,
        &[(
            "vPortTaskWrapper",
            "/home/build/esp/esp-idf/components/freertos/FreeRTOS-Kernel/portable/xtensa/port.c",
            139,
            false,
        )],
    ),
    (
        TASK_CREATE,
        &[("xTaskCreatePinnedToCore", KERNEL, 812, false)],
    ),
    (
        QUEUE_CREATE,
        &[(
            "xQueueGenericCreate",
            "/home/build/esp/esp-idf/components/freertos/FreeRTOS-Kernel/queue.c",
            447,
            false,
        )],
    ),
    (APP_MAIN, &[("app_main", MAIN, 66, false)]),
    (APP_MAIN_QUEUE, &[("app_main", MAIN, 71, false)]),
    (APP_MAIN_ARGUMENT, &[("app_main", MAIN, 74, false)]),
    (
        MAIN_TASK,
        &[(
            "main_task",
            "/home/build/esp/esp-idf/components/freertos/app_startup.c",
            208,
            false,
        )],
    ),
    (
        RUST_VEC,
        &[
            (
                "alloc::alloc::alloc",
                "/rustc/90b35a6/library/alloc/src/alloc.rs",
                98,
                true,
            ),
            (
                "alloc::alloc::Global::alloc_impl",
                "/rustc/90b35a6/library/alloc/src/alloc.rs",
                181,
                true,
            ),
            (
                "firmware::net::Session::remember",
                "src/net/session.rs",
                77,
                false,
            ),
        ],
    ),
    (
        HOSTILE,
        &[(
            "evil\u{1b}]0;owned\u{7}\u{202e}name",
            "/src/\u{1b}[31m/x.c",
            1,
            false,
        )],
    ),
    (
        CPP,
        &[(
            "std::map<std::string, std::vector<Reading, PoolAllocator<Reading>>>::operator[](std::string const&)",
            "C:\\work\\firmware\\store.cpp",
            1204,
            false,
        )],
    ),
];

impl FrameSource for Program {
    fn frames(&self, return_address: u64) -> Arc<[CodeFrame]> {
        let rows = TABLE
            .iter()
            .filter(|(address, _)| *address == return_address);
        rows.flat_map(|(_, frames)| *frames)
            .map(|&(function, file, line, inlined)| CodeFrame {
                function: Some(function.into()),
                file: Some(file.into()),
                line: Some(line),
                column: None,
                inlined,
            })
            .collect()
    }
}
