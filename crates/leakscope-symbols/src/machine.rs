//! The processor family of an ELF file.

use std::fmt;

/// The processor that a program was built for: `e_machine` of its ELF header,
/// with the word size where that names two processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Machine {
    /// Tensilica Xtensa: ESP8266, ESP32, ESP32-S2, ESP32-S3.
    Xtensa,
    /// RISC-V, 32 bits: ESP32-C, -H and -P series, CH32V, GD32V.
    RiscV32,
    /// RISC-V, 64 bits.
    RiscV64,
    /// ARM, 32 bits, Thumb included: every Cortex-M.
    Arm,
    /// ARM, 64 bits.
    AArch64,
    /// Intel 80386 and its successors, 32 bits: emulators and hosts.
    X86,
    /// AMD64: emulators and hosts.
    X86_64,
    /// Any other machine, by its `e_machine` number.
    Other(u16),
}

impl Machine {
    /// Numbers from the ELF specification's list of machines (`EM_…`).
    pub(crate) fn from_header(e_machine: u16, is_64_bit: bool) -> Self {
        match (e_machine, is_64_bit) {
            (94, _) => Self::Xtensa,
            (243, false) => Self::RiscV32,
            (243, true) => Self::RiscV64,
            (40, _) => Self::Arm,
            (183, _) => Self::AArch64,
            (3, _) => Self::X86,
            (62, _) => Self::X86_64,
            (other, _) => Self::Other(other),
        }
    }

    /// The number in an ELF header (`e_machine`).
    pub fn number(self) -> u16 {
        match self {
            Self::Xtensa => 94,
            Self::RiscV32 | Self::RiscV64 => 243,
            Self::Arm => 40,
            Self::AArch64 => 183,
            Self::X86 => 3,
            Self::X86_64 => 62,
            Self::Other(number) => number,
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Xtensa => "Xtensa",
            Self::RiscV32 => "RISC-V, 32 bits",
            Self::RiscV64 => "RISC-V, 64 bits",
            Self::Arm => "ARM",
            Self::AArch64 => "AArch64",
            Self::X86 => "x86",
            Self::X86_64 => "x86-64",
            Self::Other(number) => return write!(formatter, "machine {number}"),
        })
    }
}
