//! Which options a way of recording needs, by version of ESP-IDF and chip.
//!
//! Each name was looked up in the Kconfig files of every tag of ESP-IDF from v4.4-beta1 to v6.1-beta1, 77 in all, and of
//! master (6.2, July 2026). What is said of 6.0 holds from v6.0-beta2 on.
//!
//! | options | where | in |
//! |---|---|---|
//! | `HEAP_TRACING_TOHOST`, `…_STANDALONE`, `…_STACK_DEPTH` (at most 10 up to 5.1, 32 later; 2 if nobody says it) | `components/heap/Kconfig` | 4.4 to 6.2 |
//! | stack depth above 0 on RISC-V | `components/heap/Kconfig` | 5.5 to 6.2, with `ESP_SYSTEM_USE_FRAME_POINTER`; before, the range is 0 to 0 |
//! | `ESP_SYSTEM_USE_FRAME_POINTER` | `components/esp_system/Kconfig` | 5.5 to 6.2 (not in 5.4.4) |
//! | `APPTRACE_DEST_JTAG`, `APPTRACE_SV_ENABLE` | `components/app_trace/Kconfig` | 4.4 to 5.5 |
//! | `APPTRACE_DEST_UART0`, `1`, `2`, `APPTRACE_SV_DEST_JTAG` (not with `PM_ENABLE`), `APPTRACE_SV_DEST_UART` | `components/app_trace/Kconfig` | 5.0 to 5.5 |
//! | `ESP_TRACE_LIB_EXTERNAL`, `ESP_TRACE_TRANSPORT_APPTRACE` | `components/esp_trace/Kconfig` | 6.0 to 6.2 |
//! | `APPTRACE_DEST_JTAG` (not with `PM_ENABLE`), `APPTRACE_DEST_UART`, `APPTRACE_DEST_ALL`, `APPTRACE_DEST_UART_NUM` | `components/app_trace/Kconfig.apptrace` | 6.0 to 6.2 |
//! | `ESP_TRACE_TRANSPORT_USB_SERIAL_JTAG` | `components/esp_trace/Kconfig` | 6.1 and 6.2 |
//! | `ESP_CONSOLE_SECONDARY_NONE`, `ESP_CONSOLE_UART_DEFAULT` | `components/esp_system/Kconfig`, in 6 `components/esp_stdio/Kconfig` | 4.4 to 6.2 |
//! | `ESP32_TRAX`, `ESP32S2_TRAX`, `ESP32S3_TRAX`, which keep JTAG from the trace memory | `components/esp_system/Kconfig` and others | 4.4 to 6.2 |
//!
//! `APPTRACE_DEST_USB_CDC` (5.0 to 5.5) is offered in the menu, but `port_uart.c` has no transport for it.
//! `ESP_TRACE_ENABLE` and `APPTRACE_ENABLE` follow from the others. SystemView itself is part of ESP-IDF up to 5.5, and the
//! component `espressif/esp_sysview` from 6.0 on.

use serde::Serialize;

use crate::build::{Build, COMPONENT_ENABLE};
use crate::chip::Architecture;
use crate::component;
use crate::option::{Wanted, off, on};
use crate::version::{V5_0, V5_5, V6_0, V6_1, Version};

/// A way to record the heap of a program of ESP-IDF's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Streamed through JTAG and OpenOCD.
    Jtag,
    /// Streamed through a UART.
    Uart,
    /// Streamed through the chip's own USB port.
    UsbSerialJtag,
    /// Streamed by leakscope's component, which goes into the firmware.
    Component,
    /// Records in the program's memory, printed in the console.
    Console,
}

impl Way {
    /// All of them, in the order of preference.
    pub const ALL: [Self; 5] = [
        Self::Jtag,
        Self::Uart,
        Self::UsbSerialJtag,
        Self::Component,
        Self::Console,
    ];

    /// Whether ESP-IDF's own tracing streams packets of SystemView to a host.
    pub const fn is_streamed(self) -> bool {
        !matches!(self, Self::Component | Self::Console)
    }

    /// Functions that the program has to call, in their order.
    pub const fn calls(self) -> &'static [&'static str] {
        match self {
            Self::Console => &[
                "heap_trace_init_standalone",
                "heap_trace_start",
                "heap_trace_stop",
                "heap_trace_dump",
            ],
            Self::Component => &["leakscope_esp_start"],
            _ => &["heap_trace_init_tohost", "heap_trace_start"],
        }
    }
}

pub(crate) const STACK_DEPTH: &str = "HEAP_TRACING_STACK_DEPTH";
pub(crate) const FRAME_POINTER: &str = "ESP_SYSTEM_USE_FRAME_POINTER";

/// What a way needs, in the order in which it is shown; or why this build cannot go that way.
pub(crate) fn wanted(
    way: Way,
    version: Version,
    build: &Build<'_>,
) -> Result<Vec<Wanted>, &'static str> {
    if build.chip.architecture == Architecture::Host {
        return Err(
            "programs for the target linux allocate from this computer's heap, which ESP-IDF does not trace",
        );
    }
    let mut all = match way {
        Way::Jtag => jtag(version, build),
        Way::Uart => uart(version, build)?,
        Way::UsbSerialJtag => usb_serial_jtag(version, build)?,
        Way::Component => return component::wanted(version, build),
        Way::Console => vec![on(
            "HEAP_TRACING_STANDALONE",
            &["HEAP_TRACING_OFF", "HEAP_TRACING_TOHOST"],
            "records are kept in the program's memory",
        )],
    };
    if way == Way::Jtag && build.chip.architecture == Architecture::Xtensa {
        all.extend(traces_of_the_processor(build));
    }
    if way.is_streamed() {
        all.push(on(
            "HEAP_TRACING_TOHOST",
            &["HEAP_TRACING_OFF", "HEAP_TRACING_STANDALONE"],
            "heap events are sent",
        ));
    }
    all.extend(stacks(version, build.chip.architecture));
    if build.has_component() {
        all.push(off(
            COMPONENT_ENABLE,
            "leakscope's component, which this project has, cannot record beside ESP-IDF's own tracing",
        ));
    }
    Ok(all)
}

fn jtag(version: Version, build: &Build<'_>) -> Vec<Wanted> {
    let mut all = Vec::new();
    if version >= V6_0 {
        all.push(trace_library());
        all.push(transport_of_apptrace());
        all.push(Wanted {
            or: &["APPTRACE_DEST_ALL"],
            ..on(
                "APPTRACE_DEST_JTAG",
                &["APPTRACE_DEST_UART"],
                "traces go over JTAG",
            )
        });
    } else {
        all.push(on(
            "APPTRACE_DEST_JTAG",
            &["APPTRACE_DEST_NONE"],
            "traces go over JTAG",
        ));
        all.push(systemview());
        if version >= V5_0 {
            all.push(on(
                "APPTRACE_SV_DEST_JTAG",
                &["APPTRACE_SV_DEST_UART"],
                "SystemView's packets go there",
            ));
        }
    }
    if version >= V5_0 && build.config.is_on("PM_ENABLE") {
        all.push(off(
            "PM_ENABLE",
            "with power management, JTAG is not offered",
        ));
    }
    all
}

fn uart(version: Version, build: &Build<'_>) -> Result<Vec<Wanted>, &'static str> {
    if version < V5_0 {
        return Err("ESP-IDF traces over a UART from 5.0 on");
    }
    // Two cannot have one port.
    let console = build.config.number("ESP_CONSOLE_UART_NUM");
    if version < V6_0 {
        const WHY: &str = "traces go over a UART that is not the console's";
        const NONE: &[&str] = &["APPTRACE_DEST_UART_NONE", "APPTRACE_DEST_USB_CDC"];
        let (name, or) = match console {
            Some(1) => (
                "APPTRACE_DEST_UART0",
                &["APPTRACE_DEST_UART1", "APPTRACE_DEST_UART2"],
            ),
            _ => (
                "APPTRACE_DEST_UART1",
                &["APPTRACE_DEST_UART0", "APPTRACE_DEST_UART2"],
            ),
        };
        let destination = Wanted {
            or,
            ..on(name, NONE, WHY)
        };
        let to_uart = on(
            "APPTRACE_SV_DEST_UART",
            &["APPTRACE_SV_DEST_JTAG"],
            "SystemView's packets go there",
        );
        return Ok(vec![destination, systemview(), to_uart]);
    }
    let mut all = vec![];
    all.push(trace_library());
    all.push(transport_of_apptrace());
    all.push(on(
        "APPTRACE_DEST_UART",
        &["APPTRACE_DEST_JTAG", "APPTRACE_DEST_ALL"],
        "traces go over a UART",
    ));
    let number = build.config.number("APPTRACE_DEST_UART_NUM").unwrap_or(1);
    if console == Some(number) {
        all.push(Wanted {
            value: if number == 1 { "0" } else { "1" },
            ..on("APPTRACE_DEST_UART_NUM", &[], "the console has the other")
        });
    }
    Ok(all)
}

fn usb_serial_jtag(version: Version, build: &Build<'_>) -> Result<Vec<Wanted>, &'static str> {
    if build.chip.has_usb_serial_jtag == Some(false) {
        return Err("the chip has no USB-Serial-JTAG");
    }
    if version < V6_1 {
        return Err("ESP-IDF traces over USB-Serial-JTAG from 6.1 on");
    }
    let mut all = Vec::new();
    if build.config.is_on("ESP_CONSOLE_USB_SERIAL_JTAG") {
        const CONSOLES: &[&str] = &["ESP_CONSOLE_USB_SERIAL_JTAG", "ESP_CONSOLE_NONE"];
        all.push(Wanted {
            or: &["ESP_CONSOLE_UART_CUSTOM", "ESP_CONSOLE_NONE"],
            ..on(
                "ESP_CONSOLE_UART_DEFAULT",
                CONSOLES,
                "the console has another port",
            )
        });
    }
    all.push(on(
        "ESP_CONSOLE_SECONDARY_NONE",
        &["ESP_CONSOLE_SECONDARY_USB_SERIAL_JTAG"],
        "no second console has the port",
    ));
    all.push(trace_library());
    all.push(on(
        "ESP_TRACE_TRANSPORT_USB_SERIAL_JTAG",
        &[
            "ESP_TRACE_TRANSPORT_APPTRACE",
            "ESP_TRACE_TRANSPORT_EXTERNAL",
            "ESP_TRACE_TRANSPORT_NONE",
        ],
        "traces go over USB-Serial-JTAG",
    ));
    Ok(all)
}

const fn systemview() -> Wanted {
    on("APPTRACE_SV_ENABLE", &[], "SystemView makes the packets")
}

const fn trace_library() -> Wanted {
    on(
        "ESP_TRACE_LIB_EXTERNAL",
        &["ESP_TRACE_LIB_NONE"],
        "a component, SystemView, makes the packets",
    )
}

const fn transport_of_apptrace() -> Wanted {
    on(
        "ESP_TRACE_TRANSPORT_APPTRACE",
        &[
            "ESP_TRACE_TRANSPORT_USB_SERIAL_JTAG",
            "ESP_TRACE_TRANSPORT_EXTERNAL",
            "ESP_TRACE_TRANSPORT_NONE",
        ],
        "ESP-IDF's apptrace takes them out of the chip",
    )
}

/// The memory that JTAG needs belongs to the processor's own trace, if that is on.
fn traces_of_the_processor(build: &Build<'_>) -> impl Iterator<Item = Wanted> {
    let names = ["ESP32_TRAX", "ESP32S2_TRAX", "ESP32S3_TRAX"].into_iter();
    let on = names.filter(|name| build.config.is_on(name));
    on.map(|name| off(name, "the processor's own trace takes JTAG's memory"))
}

/// What makes call stacks of useful depth.
fn stacks(version: Version, architecture: Architecture) -> Vec<Wanted> {
    let frame_pointer = on(
        FRAME_POINTER,
        &["ESP_SYSTEM_NO_BACKTRACE", "ESP_SYSTEM_USE_EH_FRAME"],
        "without frame pointers, there are no call stacks at all",
    );
    let depth = Wanted {
        value: "10",
        ..on(STACK_DEPTH, &[], "so many callers of each event are kept")
    };
    match architecture {
        Architecture::RiscV if version < V5_5 => Vec::new(),
        Architecture::RiscV => vec![frame_pointer, depth],
        _ => vec![depth],
    }
}
