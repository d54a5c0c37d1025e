//! QEMU's RISC-V machine `virt`, with a core that has the extensions I, M and C only, like an ESP32-C3.

use core::ops::Range;

use leakscope_recorder::platform::riscv::MachineTimer;
use riscv::interrupt::Interrupt;
use riscv_rt::{core_interrupt, entry};

use crate::time_driver;

/// The names that the trace shows.
pub const NAME: &str = "QEMU virt";
pub const CORE: &str = "RV32IMC";
pub const TICK_INTERRUPT: &str = "I#7=MachineTimer";

pub const TICK_HZ: u32 = 1_000;
const TIMER_HZ: u32 = 10_000_000;

pub const CODE: Range<usize> = 0x8000_0000..0x8100_0000;
pub const RAM: Range<usize> = 0x8000_0000..0x8100_0000;

const MTIME: usize = 0x0200_BFF8;
const MTIMECMP: *mut u32 = 0x0200_4000 as *mut u32;

#[entry]
fn start() -> ! {
    crate::main()
}

pub fn start_tick() {
    set_alarm();
    // SAFETY: the handler is ready.
    unsafe {
        riscv::register::mie::set_mtimer();
        riscv::interrupt::enable();
    }
}

/// The timer interrupts at the next multiple of the tick.
fn set_alarm() {
    const PERIOD: u64 = (TIMER_HZ / TICK_HZ) as u64;
    let next = (time() / PERIOD + 1) * PERIOD;
    // SAFETY: hart 0's compare register; its high word is at its largest while the low word changes.
    unsafe {
        MTIMECMP.add(1).write_volatile(u32::MAX);
        MTIMECMP.write_volatile(next as u32);
        MTIMECMP.add(1).write_volatile((next >> 32) as u32);
    }
}

fn time() -> u64 {
    let (low, high) = (MTIME as *const u32, (MTIME + 4) as *const u32);
    loop {
        // SAFETY: registers that may be read at any time.
        let (before, low, after) =
            unsafe { (high.read_volatile(), low.read_volatile(), high.read_volatile()) };
        if before == after {
            return u64::from(before) << 32 | u64::from(low);
        }
    }
}

#[core_interrupt(Interrupt::MachineTimer)]
fn machine_timer() {
    set_alarm();
    time_driver::count_tick();
    super::in_interrupt(time_driver::wake_expired);
}

pub fn wait_for_interrupt() {
    riscv::asm::wfi();
}

pub type Clock = MachineTimer;

/// The machine's timer.
pub const fn clock() -> Clock {
    // SAFETY: a register that may be read at any time.
    unsafe { MachineTimer::new(MTIME, TIMER_HZ) }
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
