//! What else a recording holds: tasks, calls of the operating system, logs, samples.

use leakscope_systemview::{Arguments, DataKind, Extended, Packet, Print, RegisterData, Text};
use leakscope_testing::scenario::{MAIN, RAM, Scenario, WORKER, encoded};

use super::{Case, EVENTS, JSON, LOG, REPORT, SITE, block, case};

pub(super) const CASES: &[Case] = &[
    case!(
        hostile_names,
        "Names and messages that would recolour a terminal, turn text round, run a script in a page or a \
         formula in a spreadsheet.",
        [
            REPORT,
            JSON,
            EVENTS,
            LOG,
            ("events.csv", "events --format csv"),
            ("log.jsonl", "log --format json")
        ]
    ),
    case!(
        no_heap_events,
        "Tasks and logs, but nothing of the heap: nothing can be said about leaks.",
        [REPORT, JSON]
    ),
    case!(
        freertos_v11_calls,
        "FreeRTOS as SEGGER numbers it since V11: calls, and their ends with what they return.",
        [EVENTS, ("events-apis.txt", "events --apis")]
    ),
    case!(
        esp_idf_calls,
        "FreeRTOS as ESP-IDF numbers it, interrupts that nest, and idle time.",
        [
            EVENTS,
            ("events-isr.txt", "events --isr"),
            ("events.jsonl", "events --apis --format json")
        ]
    ),
    case!(
        log_levels,
        "Messages that are formatted on the host: levels, arguments, and one in several parts.",
        [LOG, ("log.jsonl", "log --format json"), EVENTS]
    ),
    case!(
        sampled_data,
        "Data that is registered with name, scale and unit, and sampled.",
        [EVENTS]
    ),
];

fn hostile_names() -> Vec<Vec<u8>> {
    let mut recording = Scenario::empty();
    let script = "<img src=x onerror=alert(1)>";
    recording
        .start()
        .system("N=\u{1b}[2J\u{1b}[31mcleared,D=\u{202e}23pse,O=</script>")
        .module(512, leakscope_testing::scenario::IDF_HEAP)
        .task(MAIN, script)
        .task(WORKER, "=HYPERLINK(\"http://x\")");
    for number in 0..6 {
        recording.run(if number % 2 == 0 { MAIN } else { WORKER });
        recording.after(5_000).allocate(block(number), 16, SITE);
    }
    recording
        .after(10)
        .print("\u{1b}]0;retitled\u{7}plain\n")
        .print(script)
        .print_bytes(b"\xFF\xFE not UTF-8\r\nsecond line")
        .print("\u{9b}31m\u{202e}right to left");
    vec![recording.plain()]
}

fn no_heap_events() -> Vec<Vec<u8>> {
    let mut recording = Scenario::empty();
    recording.start().task(MAIN, "main").task(WORKER, "worker");
    for number in 0..5 {
        recording.after(1_000).run(MAIN).event(34, &[10]);
        recording
            .after(100)
            .run(WORKER)
            .print(&format!("round {number}\n"));
        recording.after(500).idle();
    }
    vec![recording.openocd()]
}

fn freertos_v11_calls() -> Vec<Vec<u8>> {
    let mut recording = Scenario::empty();
    recording
        .sync()
        .packet(&Packet::TraceStart)
        .init()
        .system("N=Board,D=STM32F407,O=FreeRTOS")
        .task(MAIN, "main")
        .task(WORKER, "worker")
        .run(MAIN);
    let [queue, main] = [RAM + 0x5000, MAIN].map(|address| recording.shrink(address));
    recording.packet(&Packet::NameResource {
        resource: queue,
        name: "readings".into(),
    });
    let forever = u32::MAX;
    let calls: [(u32, &[u32], Option<u32>); 8] = [
        (152, &[5, 16, 0], Some(queue)),
        (161, &[queue, 0x1000, 10, 0], Some(1)),
        (164, &[queue, 0x1000, forever], Some(0)),
        (169, &[queue], Some(4)),
        (198, &[main], Some(0)),
        (201, &[main, 3], None),
        (197, &[10], None),
        // 224 is not assigned.
        (224, &[7, 8], Some(9)),
    ];
    for (id, numbers, value) in calls {
        recording.after(50).event(id, numbers);
        recording
            .after(20)
            .packet(&Packet::EndCall { event: id, value });
    }
    // A newer adapter may send more parameters than are known.
    recording.after(10).event(169, &[queue, 5, 100]);
    recording.after(10).packet(&Packet::TaskStopReady {
        task: main,
        cause: 4,
    });
    vec![recording.plain()]
}

fn esp_idf_calls() -> Vec<Vec<u8>> {
    let mut recording = Scenario::empty();
    recording
        .start()
        .system("I#5=SysTick,I#42=UART2")
        .task(MAIN, "main")
        .task(WORKER, "worker")
        .run(MAIN);
    let queue = recording.shrink(RAM + 0x5000);
    let [main, worker] = [MAIN, WORKER].map(|task| recording.shrink(task));
    recording.packet(&Packet::NameResource {
        resource: queue,
        name: "readings".into(),
    });
    recording.after(10).event(47, &[5, 16, 0]);
    recording
        .after(10)
        .event(53, &[queue, 0x3FFB_1000, u32::MAX, 0]);
    recording.after(10).event(44, &[worker, 7, 2, 0]);
    recording.after(10).enter(5).after(5).enter(42);
    recording.after(3).event(54, &[queue, 0x3FFB_1000, 0, 1]);
    recording
        .after(3)
        .exit()
        .packet(&Packet::TaskStartReady { task: worker });
    recording.after(3).packet(&Packet::IsrToScheduler);
    recording
        .after(3)
        .run(WORKER)
        .event(49, &[queue, queue, 100, 0]);
    recording.after(10).event(34, &[10]);
    recording.after(10).packet(&Packet::TaskStopReady {
        task: worker,
        cause: 4,
    });
    recording
        .after(10)
        .idle()
        .after(500)
        .enter(77)
        .after(5)
        .exit();
    recording.after(10).run(MAIN).event(33, &[main]);
    vec![recording.openocd()]
}

fn print(recording: &mut Scenario, text: &str, options: u32, arguments: &[u32]) {
    recording
        .after(1_000)
        .packet(&Packet::PrintFormatted(Print {
            text: Text(text.as_bytes()),
            options,
            arguments: Arguments {
                count: arguments.len() as u32,
                encoded: &encoded(arguments),
            },
        }));
}

fn log_levels() -> Vec<Vec<u8>> {
    let mut recording = Scenario::begun();
    print(&mut recording, "plain\n", 0, &[]);
    print(
        &mut recording,
        "%d of %u, 0x%08X, '%c', %5d|%-5d|%05d",
        0,
        &[u32::MAX, 7, 0xBEEF, u32::from(b'x'), 42, 42, 42],
    );
    print(&mut recording, "100 %% of %u", 1, &[0, 0, 9]);
    print(&mut recording, "out of memory: %u bytes", 2, &[4096]);
    print(&mut recording, "in ", 0, &[]);
    print(&mut recording, "three ", Print::APPEND, &[]);
    print(&mut recording, "parts\n", Print::APPEND | 1, &[]);
    print(&mut recording, "too few: %d %d\n", 0, &[1]);
    print(&mut recording, "one line\n  and another\n", 0, &[]);
    recording.run(WORKER);
    print(&mut recording, "", 0, &[]);
    let in_elf = Packet::Extended(Extended::PrintElf {
        address: 0x3F40_1000,
        options: 1,
        arguments: &[],
    });
    recording.after(1_000).packet(&in_elf);
    vec![recording.openocd()]
}

fn sampled_data() -> Vec<Vec<u8>> {
    let mut recording = Scenario::begun();
    let register = |data, name: &'static str, kind, scale, unit: &'static str| {
        Packet::Extended(Extended::RegisterData(RegisterData {
            data,
            name: name.into(),
            kind,
            offset: 0,
            minimum: 0,
            maximum: 0,
            scale,
            unit: unit.into(),
        }))
    };
    recording
        .packet(&register(1, "level", DataKind::U32, 0.0, ""))
        .packet(&register(2, "temperature", DataKind::I32, 0.5, "°C"))
        .packet(&register(3, "voltage", DataKind::Float, 0.0, "V"));
    for (data, value) in [
        (1, 4_000_000_000),
        (2, (-41_i32) as u32),
        (3, 3.25_f32.to_bits()),
        (9, 7),
    ] {
        recording
            .after(1_000)
            .packet(&Packet::DataSample { data, value });
    }
    vec![recording.openocd()]
}
