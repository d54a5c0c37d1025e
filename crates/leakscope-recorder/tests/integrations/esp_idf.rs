//! The component for ESP-IDF.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::Layout;
use leakscope_systemview::{Frame, Level, Packet, sync};
use leakscope_testing::needs::has_tool;

use crate::compile::{INTEGRATIONS, compiler, headers, run};

const STAND_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integrations/esp-idf");

const HEADERS: [&str; 19] = [
    "driver/uart.h",
    "driver/usb_serial_jtag.h",
    "esp_app_desc.h",
    "esp_app_trace.h",
    "esp_err.h",
    "esp_heap_caps.h",
    "esp_idf_version.h",
    "esp_log.h",
    "esp_private/cache_utils.h",
    "esp_timer.h",
    "esp_trace_port_transport.h",
    "esp_trace_registry.h",
    "freertos/FreeRTOS.h",
    "freertos/task.h",
    "lwip/sockets.h",
    "sdkconfig.h",
    "soc/soc.h",
    "spinlock.h",
    "heap_private.h",
];

/// Of a C library, which compilers of chips may lack.
const C_LIBRARY: [&str; 4] = ["errno.h", "stdio.h", "stdlib.h", "string.h"];

/// The component's sources, but for the sinks.
const SOURCES: [&str; 3] = ["src/heap.c", "src/log.c", "src/start.c"];
const EXAMPLE: &str = "examples/leak/main/doorbell.c";
const SINKS: [&str; 5] = ["apptrace", "esp_trace", "tcp", "uart", "usb_serial_jtag"];

fn component() -> PathBuf {
    Path::new(INTEGRATIONS).join("esp-idf/leakscope")
}

fn folders(test: &str) -> Vec<PathBuf> {
    let component = component();
    vec![
        headers(test, &HEADERS),
        STAND_IN.into(),
        component.join("include"),
        component.join("src"),
        Path::new(INTEGRATIONS).join("c"),
    ]
}

fn compile(test: &str, name: &str, flags: &[&str]) -> Command {
    let folders = folders(test);
    let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    let mut command = compiler(name, &folders);
    command.args(flags);
    command
}

/// For both kinds of chips, one core and two, before and after application tracing lost its destination.
#[test]
fn compilers_of_chips_take_it() {
    let versions = ["5.5.0", "6.0.0"].map(|version| {
        let numbers = version.replace('.', ",");
        format!("-DESP_IDF_VERSION=ESP_IDF_VERSION_VAL({numbers})")
    });
    let riscv = ["-march=rv32imc_zicsr", "-mabi=ilp32"];
    let targets: [(&str, &[&str]); 2] = [
        ("riscv64-unknown-elf-gcc", &riscv),
        ("xtensa-lx106-elf-gcc", &["-mlongcalls"]),
    ];
    let sinks = SINKS.map(|sink| format!("src/sink_{sink}.c"));
    for (name, machine) in targets {
        if !has_tool(name) {
            continue;
        }
        for version in &versions {
            for cores in ["-DCONFIG_FREERTOS_UNICORE=1", "-DCONFIG_FREERTOS_UNICORE=0"] {
                let flags = [
                    "-Os",
                    "-ffreestanding",
                    "-fsyntax-only",
                    "-DSTAND_IN_OF_A_CHIP",
                    version,
                    cores,
                ];
                let mut command = compile("esp-idf-chips", name, &[&flags, machine].concat());
                command
                    .arg("-isystem")
                    .arg(headers("esp-idf-c-library", &C_LIBRARY));
                let own = SOURCES.iter().map(|source| component().join(source));
                let of_sinks = sinks.iter().map(|source| component().join(source));
                command.args(own.chain(of_sinks));
                command.arg(component().join(EXAMPLE));
                run(command.arg(Path::new(INTEGRATIONS).join("c/leakscope.c")));
            }
        }
    }
}

/// What the program, its heap wrapped, sends over TCP.
fn recorded(test: &str) -> Option<Vec<u8>> {
    if !has_tool("gcc") {
        return None;
    }
    let program = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(test)
        .join("program");
    let wraps = [
        "malloc_base",
        "calloc_base",
        "realloc_base",
        "aligned_alloc_base",
        "free",
    ];
    let flags = [
        "-g",
        "-O1",
        "-fno-omit-frame-pointer",
        "-no-pie",
        "-pthread",
    ];
    let mut command = compile(test, "gcc", &flags);
    command.args(wraps.map(|name| format!("-Wl,--wrap=heap_caps_{name}")));
    for (symbol, place) in [
        ("_text_start", "__executable_start"),
        ("_text_end", "etext"),
    ] {
        command.arg(format!("-Wl,--defsym={symbol}={place}"));
        let of_ram = symbol.replace("_text", "_iram_text");
        command.arg(format!("-Wl,--defsym={of_ram}={place}"));
    }
    command.args(SOURCES.map(|source| component().join(source)));
    command.arg(component().join("src/sink_tcp.c"));
    command.arg(Path::new(INTEGRATIONS).join("c/leakscope.c"));
    command.args(["stand_in.c", "program.c"].map(|source| Path::new(STAND_IN).join(source)));
    run(command.arg("-o").arg(&program));

    let mut process = Command::new(&program)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it was built");
    let mut said = BufReader::new(process.stdout.take().expect("it is piped"));
    let mut port = String::new();
    said.read_line(&mut port)
        .expect("the program says its port");
    let mut host = TcpStream::connect(format!("127.0.0.1:{}", port.trim())).expect("it listens");
    let mut hello = [0; 32];
    hello[..20].copy_from_slice(b"SEGGER SystemView V3");
    host.write_all(&hello).expect("it takes a hello");
    host.read_exact(&mut hello).expect("it answers");
    assert!(hello.starts_with(b"SEGGER SystemView V"));
    host.write_all(&[1, 1]).expect("it takes a command");
    let mut bytes = Vec::new();
    host.read_to_end(&mut bytes)
        .expect("it hangs up at its end");
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("it prints text");
    assert_eq!(
        rest, "\x1b[0;33mW (12) door: open\x1b[0m\n",
        "the console has it too"
    );
    let status = process.wait().expect("it ends");
    assert!(status.success(), "{status}");
    Some(bytes)
}

fn outcome(bytes: &[u8]) -> Outcome {
    let inputs: &[&[u8]] = &[bytes];
    let mut analysis = Analysis::new(&Layout::of(inputs), KeepAll);
    let Ok(_) = analysis.run(inputs);
    analysis.outcome()
}

fn messages(bytes: &[u8]) -> Vec<(Level, String)> {
    let mut rest = bytes;
    let mut messages = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(&sync::SYNC) {
            rest = after;
            continue;
        }
        let frame = Frame::split(rest).expect("every byte belongs to a packet");
        rest = &rest[frame.length..];
        if let Ok(Packet::PrintFormatted(print)) = Packet::parse(&frame) {
            messages.push((print.level(), print.formatted().to_string()));
        }
    }
    messages
}

#[test]
fn each_call_is_told_once_and_in_order() {
    let Some(bytes) = recorded("esp-idf-program") else {
        return;
    };
    let outcome = outcome(&bytes);
    let totals = &outcome.totals;
    assert_eq!(
        (
            totals.dropped_packets,
            totals.double_frees,
            totals.wrong_frees
        ),
        (0, 0, 0)
    );
    // Twice fifty times: four blocks, one of which is resized, which counts as one more; fifty that are kept; and one
    // that cannot grow.
    let counted = (
        totals.allocations,
        totals.reallocations,
        totals.frees,
        totals.failed_allocations,
    );
    assert_eq!(counted, (100 * 5 + 50 + 1, 100, 100 * 5 + 1, 2));
    assert_eq!(
        (totals.outstanding_blocks, totals.outstanding_bytes),
        (50, 50_000)
    );
    let keeping = outcome
        .call_sites
        .iter()
        .find(|site| site.outstanding_blocks > 0);
    let keeping = keeping.expect("blocks are kept");
    let names: Vec<String> = keeping
        .contexts
        .iter()
        .map(|&context| outcome.context_name(context))
        .collect();
    assert_eq!(names, ["keeps"]);
    let messages = messages(&bytes);
    let expected = [
        "no memory for 2147483648 bytes with capabilities 0x400",
        "no memory for 2147483648 bytes with capabilities 0x400",
        "W (12) door: open",
    ];
    assert_eq!(
        messages,
        expected.map(|text| (Level::Warning, text.to_owned()))
    );
}

/// What keeps the component off without a word of Kconfig's is a warning when the program is compiled; who has switched it
/// off by hand hears nothing.
#[test]
fn a_component_that_is_off_is_told_of() {
    if !has_tool("gcc") {
        return;
    }
    let warning = "#warning \"leakscope records nothing: ";
    for (option, result, warns) in [
        (
            "-DCONFIG_HEAP_TRACING_TOHOST=1",
            "ESP_ERR_NOT_SUPPORTED",
            true,
        ),
        (
            "-DCONFIG_HEAP_TRACING_STANDALONE=1",
            "ESP_ERR_NOT_SUPPORTED",
            true,
        ),
        (
            "-DCONFIG_APPTRACE_SV_ENABLE=1",
            "ESP_ERR_NOT_SUPPORTED",
            true,
        ),
        ("-DCONFIG_HEAP_TRACING_OFF=1", "ESP_OK", false),
    ] {
        let flags = [
            "-O1",
            "-Wno-error=cpp",
            "-DSTAND_IN_WITHOUT_COMPONENT",
            option,
        ];
        let test = "esp-idf-off";
        let program = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(test)
            .join("off");
        let mut command = compile(test, "gcc", &flags);
        let source = program.with_extension("c");
        let text = format!(
            "#include \"leakscope_esp.h\"\nint main(void) {{ return leakscope_esp_start() != {result}; }}\n"
        );
        std::fs::write(&source, text).expect("the target folder can be written");
        let output = command
            .arg(&source)
            .arg("-o")
            .arg(&program)
            .output()
            .expect("it was found");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert_eq!(said.contains(warning), warns, "{option}: {said}");
        run(&mut Command::new(&program));
    }
}
