//! QEMU's RISC-V machine `virt`, with a core that has the extensions I, M and C only, like an ESP32-C3.

use core::ops::Range;

use riscv_rt::entry;

/// The names that the trace shows.
pub const NAME: &str = "QEMU virt";
pub const CORE: &str = "RV32IMC";

pub use super::machine_timer::*;

pub const CODE: Range<usize> = 0x8000_0000..0x8100_0000;
pub const RAM: Range<usize> = 0x8000_0000..0x8100_0000;

#[entry]
fn start() -> ! {
    crate::main()
}

/// The serial port (NS16550).
#[cfg(feature = "uart")]
pub mod uart {
    const DATA: *mut u8 = 0x1000_0000 as *mut u8;
    const LINE_STATUS: *const u8 = 0x1000_0005 as *const u8;

    pub fn init() {}

    pub fn send(byte: u8) {
        const CAN_SEND: u8 = 1 << 5;
        // SAFETY: the port's registers; nobody else uses them.
        unsafe {
            while LINE_STATUS.read_volatile() & CAN_SEND == 0 {}
            DATA.write_volatile(byte);
        }
    }

    /// Waits until everything is on its way.
    pub fn flush() {
        const IS_EMPTY: u8 = 1 << 6;
        // SAFETY: as above.
        while unsafe { LINE_STATUS.read_volatile() } & IS_EMPTY == 0 {}
    }

    pub fn receive() -> Option<u8> {
        const HAS_RECEIVED: u8 = 1;
        // SAFETY: as above.
        unsafe { (LINE_STATUS.read_volatile() & HAS_RECEIVED != 0).then(|| DATA.read_volatile()) }
    }
}
