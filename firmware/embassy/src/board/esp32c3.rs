//! The virtual board of the folder firmware/board: an ESP32-C3's memory, behind Espressif's OpenOCD.
//!
//! On a real ESP32-C3 the tick would come from its own timer (SYSTIMER) by its own interrupt controller.

use core::ops::Range;

use riscv_rt::entry;

pub use super::machine_timer::*;

/// The names that the trace shows.
pub const NAME: &str = "ESP32-C3";
pub const CORE: &str = "RV32IMC";

pub const CODE: Range<usize> = 0x4200_0000..0x4240_0000;
pub const RAM: Range<usize> = 0x3FC8_0000..0x3FCE_0000;

#[entry]
fn start() -> ! {
    crate::main()
}

/// Whether there is a debugger: if not, a call to it is an exception.
#[cfg(feature = "apptrace")]
pub fn has_debugger() -> bool {
    /// ASSIST_DEBUG_CORE_0_DEBUG_MODE_REG
    const DEBUG_MODE: *const u32 = 0x600C_E098 as *const u32;
    const DEBUG_MODULE_ACTIVE: u32 = 1 << 1;
    // SAFETY: a register that may be read at any time.
    unsafe { DEBUG_MODE.read_volatile() & DEBUG_MODULE_ACTIVE != 0 }
}

/// Resets the chip, unless that was done before. What stands in its RTC memory outlives that.
pub fn restart_once() {
    const RTC_MEMORY: *mut u32 = 0x5000_0000 as *mut u32;
    const WAS_DONE: u32 = 0x1234_5678;
    /// RTC_CNTL_OPTIONS0_REG
    const OPTIONS: *mut u32 = 0x6000_8000 as *mut u32;
    const SYSTEM_RESET: u32 = 1 << 31;
    // SAFETY: nothing else uses this memory.
    if unsafe { RTC_MEMORY.read_volatile() } == WAS_DONE {
        return;
    }
    // SAFETY: as above; and a register that may be written at any time.
    unsafe {
        RTC_MEMORY.write_volatile(WAS_DONE);
        OPTIONS.write_volatile(OPTIONS.read_volatile() | SYSTEM_RESET);
    }
    loop {
        wait_for_interrupt();
    }
}

/// The fault that it was built with: there is no command line.
pub fn fault_name(choose: impl FnOnce(&str)) {
    choose(option_env!("FAULT").unwrap_or(""));
}

/// The program has ended; the board goes on, and answers its host.
pub fn exit(_: i32) -> ! {
    super::trace_finished();
    loop {
        crate::recording::attend();
        wait_for_interrupt();
    }
}
