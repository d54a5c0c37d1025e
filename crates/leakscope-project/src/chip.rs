//! The chip that a project is built for.

use std::fmt;

use serde::Serialize;

use crate::sdkconfig::Sdkconfig;

/// What its options say of a chip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chip {
    /// ESP-IDF's name for it: `esp32c3`.
    pub target: String,
    /// Its processor.
    pub architecture: Architecture,
    /// How many cores the program uses.
    pub cores: u32,
    /// Whether it has USB with a serial port and JTAG in one.
    pub has_usb_serial_jtag: bool,
}

/// A family of processors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// ESP32, ESP32-S2, ESP32-S3.
    Xtensa,
    /// The other chips.
    RiscV,
    /// This computer: the target `linux`.
    Host,
}

impl Chip {
    /// From the options; `target` counts if they do not name one.
    ///
    /// The options of what a chip has (`SOC_…`) are in `sdkconfig` from ESP-IDF 5.0 on; the chips that 4.4 knows are listed
    /// here.
    pub(crate) fn of(target: &str, config: &Sdkconfig) -> Self {
        let target = config
            .get("IDF_TARGET")
            .filter(|name| !name.is_empty())
            .unwrap_or(target);
        let architecture = match target {
            "linux" => Architecture::Host,
            _ if config.is_on("IDF_TARGET_ARCH_RISCV") => Architecture::RiscV,
            "esp32" | "esp32s2" | "esp32s3" => Architecture::Xtensa,
            _ if config.is_on("IDF_TARGET_ARCH_XTENSA") => Architecture::Xtensa,
            _ => Architecture::RiscV,
        };
        let built_in = match target {
            "esp32" | "esp32s3" => 2,
            _ => 1,
        };
        let is_single =
            config.is_on("FREERTOS_UNICORE") || config.is_on("ESP_SYSTEM_SINGLE_CORE_MODE");
        let cores = match config.number("SOC_CPU_CORES_NUM").unwrap_or(built_in) {
            _ if is_single => 1,
            cores => cores.max(1),
        };
        Self {
            architecture,
            cores,
            has_usb_serial_jtag: config.is_on("SOC_USB_SERIAL_JTAG_SUPPORTED")
                || matches!(target, "esp32c3" | "esp32s3"),
            target: target.to_owned(),
        }
    }
}

impl fmt::Display for Chip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let architecture = match self.architecture {
            Architecture::Xtensa => "Xtensa",
            Architecture::RiscV => "RISC-V",
            Architecture::Host => return write!(f, "{} (this computer)", self.target),
        };
        let cores = match self.cores {
            1 => "1 core".to_owned(),
            cores => format!("{cores} cores"),
        };
        write!(f, "{} ({architecture}, {cores})", self.target)
    }
}
