//! The pins and the speed of a UART that carries traces.

use std::fmt;

use crate::sdkconfig::Sdkconfig;

/// As the options say it, or else as Kconfig does: `components/app_trace/Kconfig` of ESP-IDF, or leakscope's component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uart {
    /// The pin that the program sends at.
    pub tx: u32,
    /// The pin that it is told to start at.
    pub rx: u32,
    /// Bits a second.
    pub baud: u32,
    options: &'static str,
}

impl Uart {
    /// What a build has.
    pub fn of(config: &Sdkconfig) -> Self {
        let said = |name, otherwise| config.number(name).unwrap_or(otherwise);
        Self {
            tx: said("APPTRACE_UART_TX_GPIO", 12),
            rx: said("APPTRACE_UART_RX_GPIO", 13),
            baud: said("APPTRACE_UART_BAUDRATE", 1_000_000),
            options: "CONFIG_APPTRACE_UART_TX_GPIO, …_RX_GPIO, …_BAUDRATE",
        }
    }

    /// That of leakscope's component, with the defaults of its `Kconfig`.
    pub(crate) fn of_component(config: &Sdkconfig) -> Self {
        let said = |name, otherwise| config.number(name).unwrap_or(otherwise);
        Self {
            tx: said("LEAKSCOPE_UART_TX_GPIO", 4),
            rx: said("LEAKSCOPE_UART_RX_GPIO", 5),
            baud: said("LEAKSCOPE_UART_BAUD", 1_000_000),
            options: "CONFIG_LEAKSCOPE_UART_TX_GPIO, …_RX_GPIO, …_BAUD",
        }
    }

    /// A warning of pins that this chip has for something else.
    pub(crate) fn taken(self, target: &str) -> Option<String> {
        let taken = [self.tx, self.rx].map(|pin| Some((pin, owner(target, pin)?)));
        let taken = taken.into_iter().flatten();
        let pins: Vec<String> = taken
            .map(|(pin, owner)| format!("GPIO {pin} belongs to {owner}"))
            .collect();
        (!pins.is_empty()).then(|| {
            format!(
                "on {target}, {}: choose other pins in menuconfig",
                pins.join(", ")
            )
        })
    }
}

/// What has a pin, by Espressif's data sheets; USB's also stand in ESP-IDF's guide to each chip's built-in JTAG. Not all
/// pins that have other work are listed.
fn owner(target: &str, pin: u32) -> Option<&'static str> {
    match (target, pin) {
        ("esp32", 6..=11) | ("esp32c2" | "esp32c3", 12..=17) => Some("the SPI flash"),
        ("esp32", 12) => Some("JTAG and straps the flash's voltage"),
        ("esp32", 13..=15) => Some("JTAG"),
        ("esp32c3", 18 | 19)
        | ("esp32c5", 13 | 14)
        | ("esp32c6" | "esp32c61", 12 | 13)
        | ("esp32h2", 26 | 27)
        | ("esp32s3", 19 | 20) => Some("USB"),
        _ => None,
    }
}

impl fmt::Display for Uart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tx,
            rx,
            baud,
            options,
        } = self;
        write!(
            f,
            "TX is GPIO {tx}, RX GPIO {rx} (needed too: the host tells the program to start), {baud} baud: {options}"
        )
    }
}
