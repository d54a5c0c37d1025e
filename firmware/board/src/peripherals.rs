//! The chip's peripherals: registers that read as 0 and forget what is written, except the few that a debugger
//! needs.
//!
//! Addresses: ESP32-C3 Technical Reference Manual, chapters "System and Memory", "Low-power Management" and
//! "Debug Assistant".

use std::ops::Range;

/// Where an ESP32-C3 and an ESP32-H4 have their peripherals.
pub const ESP32: Range<u32> = 0x6000_0000..0x600D_1000;

/// An ESP32-C3's RTC_CNTL_OPTIONS0_REG.
pub const RTC_CNTL_OPTIONS0: u32 = 0x6000_8000;
/// An ESP32-H4's LP_AON_SYS_CFG_REG.
pub const LP_AON_SYS_CFG: u32 = 0x600B_2834;
/// The bit of these that resets the system.
const SYSTEM_RESET: u32 = 1 << 31;
/// ASSIST_DEBUG_CORE_0_DEBUG_MODE_REG: bit 1 says that a debugger is there.
const ASSIST_DEBUG_CORE_0_DEBUG_MODE: u32 = 0x600C_E098;
const DEBUG_MODULE_ACTIVE: u32 = 1 << 1;

/// All peripherals.
#[derive(Clone, Debug)]
pub struct Peripherals {
    range: Range<u32>,
    reset: u32,
    /// A debugger has activated the debug module.
    pub has_debugger: bool,
    /// The system must be reset.
    pub wants_reset: bool,
}

impl Peripherals {
    /// Peripherals in this range, with a register that resets the system.
    pub fn new(range: Range<u32>, reset: u32) -> Self {
        Self {
            range,
            reset,
            has_debugger: false,
            wants_reset: false,
        }
    }

    /// The register at `address`, if it can be one.
    pub fn read(&self, address: u32) -> Option<u32> {
        if !self.range.contains(&address) {
            return None;
        }
        let is_active = address == ASSIST_DEBUG_CORE_0_DEBUG_MODE && self.has_debugger;
        Some(u32::from(is_active) * DEBUG_MODULE_ACTIVE)
    }

    /// Writes the register at `address`; false if there can be none.
    pub fn write(&mut self, address: u32, value: u32) -> bool {
        if address == self.reset && value & SYSTEM_RESET != 0 {
            self.wants_reset = true;
        }
        self.range.contains(&address)
    }
}
