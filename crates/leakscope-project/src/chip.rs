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
    /// How many cores the program uses; none if that is not known.
    pub cores: Option<u32>,
    /// Whether the chip, or at least its processor, is known: ESP-IDF writes names in small letters.
    #[serde(skip)]
    pub is_known: bool,
    /// Whether it has USB with a serial port and JTAG in one; none if that is not known.
    pub has_usb_serial_jtag: Option<bool>,
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

/// What a chip has, whatever its options.
struct Listed {
    target: &'static str,
    cores: u32,
    has_usb_serial_jtag: bool,
}

const fn listed(target: &'static str, cores: u32, has_usb_serial_jtag: bool) -> Listed {
    Listed {
        target,
        cores,
        has_usb_serial_jtag,
    }
}

/// `SOC_CPU_CORES_NUM` and `SOC_USB_SERIAL_JTAG_SUPPORTED` in `components/soc/CHIP/include/soc/soc_caps.h` of ESP-IDF.
const CHIPS: [Listed; 11] = [
    listed("esp32", 2, false),
    listed("esp32s2", 1, false),
    listed("esp32s3", 2, true),
    listed("esp32c2", 1, false),
    listed("esp32c3", 1, true),
    listed("esp32c5", 1, true),
    listed("esp32c6", 1, true),
    listed("esp32c61", 1, true),
    listed("esp32h2", 1, true),
    listed("esp32h4", 2, true),
    listed("esp32p4", 2, true),
];

impl Chip {
    /// From the options; `target` counts if they do not name one.
    ///
    /// The options of what a chip has (`SOC_…`) are in `sdkconfig` from ESP-IDF 5.0 on; before, or without `sdkconfig`,
    /// [`CHIPS`] counts.
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
        let listed = CHIPS.iter().find(|listed| listed.target == target);
        let said = config.number("SOC_CPU_CORES_NUM");
        let is_single =
            config.is_on("FREERTOS_UNICORE") || config.is_on("ESP_SYSTEM_SINGLE_CORE_MODE");
        let cores = said.or(listed.map(|listed| listed.cores));
        // Of what a chip has not, `sdkconfig` is silent.
        let is_said = said.map(|_| config.is_on("SOC_USB_SERIAL_JTAG_SUPPORTED"));
        let is_architecture_said = ["RISCV", "XTENSA"]
            .iter()
            .any(|name| config.is_on(&format!("IDF_TARGET_ARCH_{name}")));
        Self {
            is_known: listed.is_some()
                || is_architecture_said
                || architecture == Architecture::Host,
            architecture,
            cores: if is_single {
                Some(1)
            } else {
                cores.map(|cores| cores.max(1))
            },
            has_usb_serial_jtag: listed.map(|listed| listed.has_usb_serial_jtag).or(is_said),
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
            None => "cores not known until `idf.py reconfigure`".to_owned(),
            Some(1) => "1 core".to_owned(),
            Some(cores) => format!("{cores} cores"),
        };
        write!(f, "{} ({architecture}, {cores})", self.target)
    }
}
