//! Leakscope's component, which wraps the heap's functions in the firmware: `integrations/esp-idf/leakscope`.
//!
//! Its options are those of its `Kconfig`, and its versions of ESP-IDF those of its `idf_component.yml`.

use std::fmt;

use crate::build::{Build, COMPONENT_ENABLE};
use crate::option::{Wanted, off, on};
use crate::sdkconfig::Sdkconfig;
use crate::uart::Uart;
use crate::version::{V5_3, V6_0, Version};

/// What makes it part of a project.
pub(crate) const STEP: &str =
    "name the component in main/idf_component.yml: docs/esp-idf.md has the lines";

/// What its option depends on, and that itself once there is such an option.
pub(crate) fn wanted(version: Version, build: &Build<'_>) -> Result<Vec<Wanted>, &'static str> {
    if !has_what_it_needs(version) {
        return Err("the component needs ESP-IDF 5.1.5, 5.2.3, or 5.3 and later");
    }
    let mut all = vec![on(
        "HEAP_TRACING_OFF",
        &["HEAP_TRACING_TOHOST", "HEAP_TRACING_STANDALONE"],
        "ESP-IDF's own heap tracing, which wraps the same functions, is off",
    )];
    if version < V6_0 {
        all.push(off(
            "APPTRACE_SV_ENABLE",
            "ESP-IDF's SystemView, which defines the same trace macros, is off",
        ));
    }
    if build.has_component() {
        all.push(on(COMPONENT_ENABLE, &[], "the component records"));
    }
    let console = build.config.number("ESP_CONSOLE_UART_NUM");
    if let Link::Uart { number, .. } = Link::of(build.config)
        && console == Some(number)
    {
        all.push(Wanted {
            value: if number == 1 { "0" } else { "1" },
            ..on("LEAKSCOPE_UART_NUM", &[], "the console has the other")
        });
    }
    Ok(all)
}

/// Whether this version is one of those that its `idf_component.yml` names.
fn has_what_it_needs(version: Version) -> bool {
    match (version.major, version.minor) {
        (5, 1) => version.patch >= 5,
        (5, 2) => version.patch >= 3,
        _ => version >= V5_3,
    }
}

/// Where the component sends a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// A UART.
    Uart {
        /// Its number.
        number: u32,
        /// Its pins, and its speed.
        uart: Uart,
    },
    /// The chip's USB port.
    UsbSerialJtag,
    /// A TCP connection, to a device that listens at this port.
    Tcp(u32),
    /// ESP-IDF's application tracing, which OpenOCD takes out of the chip.
    Apptrace,
}

impl Link {
    /// What a build has, by its options or else by the component's `Kconfig`.
    pub fn of(config: &Sdkconfig) -> Self {
        let number = |name, otherwise| config.number(name).unwrap_or(otherwise);
        let is_on = |name| config.is_on(name);
        if is_on("LEAKSCOPE_SINK_USB_SERIAL_JTAG") {
            Self::UsbSerialJtag
        } else if is_on("LEAKSCOPE_SINK_TCP") {
            Self::Tcp(number("LEAKSCOPE_TCP_PORT", 19111))
        } else if is_on("LEAKSCOPE_SINK_APPTRACE") {
            Self::Apptrace
        } else if is_on("LEAKSCOPE_SINK_UART") || !is_on("ESP_TRACE_LIB_EXTERNAL") {
            Self::Uart {
                number: number("LEAKSCOPE_UART_NUM", 1),
                uart: Uart::of_component(config),
            }
        } else if is_on("ESP_TRACE_TRANSPORT_USB_SERIAL_JTAG") {
            Self::UsbSerialJtag
        } else {
            Self::Apptrace
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the recording goes over ")?;
        match self {
            Self::Uart { number, uart } => write!(f, "UART {number}: {uart}"),
            Self::UsbSerialJtag => f.write_str("USB-Serial-JTAG, which no console may have"),
            Self::Tcp(port) => write!(
                f,
                "TCP: the device listens at port {port}, once the program has brought up the network"
            ),
            Self::Apptrace => f.write_str("application tracing, which OpenOCD reads"),
        }
    }
}
