//! Arm's MPS2 board with a Cortex-M3 (AN385), as QEMU has it.

use core::ops::Range;

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::{entry, exception};
use leakscope_recorder::platform::cortex_m::SysTick as SysTickClock;

use crate::time_driver;

/// The names that the trace shows.
pub const NAME: &str = "MPS2-AN385";
pub const CORE: &str = "Cortex-M3";
pub const TICK_INTERRUPT: &str = "I#15=SysTick";

pub const TICK_HZ: u32 = 1_000;
const CPU_HZ: u32 = 25_000_000;

pub const CODE: Range<usize> = 0..0x40_0000;
pub const RAM: Range<usize> = 0x2100_0000..0x2200_0000;

#[entry]
fn start() -> ! {
    crate::main()
}

pub fn start_tick() {
    let core = cortex_m::Peripherals::take().expect("nobody else takes them");
    let mut timer = core.SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(CPU_HZ / TICK_HZ - 1);
    timer.clear_current();
    timer.enable_counter();
    // It shows 0 until it is loaded for the first time, which is no time that the recorder could use.
    while SYST::get_current() == 0 {}
    timer.enable_interrupt();
}

#[exception]
fn SysTick() {
    time_driver::count_tick();
    super::in_interrupt(time_driver::wake_expired);
}

pub fn wait_for_interrupt() {
    cortex_m::asm::wfi();
}

pub type Clock = SysTickClock;

/// SysTick: QEMU has no cycle counter.
pub const fn clock() -> Clock {
    SysTickClock {
        hz: CPU_HZ,
        ticks: || time_driver::ticks() as u32,
    }
}

/// UART 0 (CMSDK).
#[cfg(feature = "uart")]
pub mod uart {
    const DATA: *mut u32 = 0x4000_4000 as *mut u32;
    const STATE: *const u32 = 0x4000_4004 as *const u32;
    const CTRL: *mut u32 = 0x4000_4008 as *mut u32;
    const BAUDDIV: *mut u32 = 0x4000_4010 as *mut u32;

    pub fn init() {
        // SAFETY: the port's registers; nobody else uses them.
        unsafe {
            BAUDDIV.write_volatile(16);
            CTRL.write_volatile(0b11);
        }
    }

    pub fn send(byte: u8) {
        // SAFETY: as above.
        unsafe {
            while STATE.read_volatile() & 0b01 != 0 {}
            DATA.write_volatile(byte.into());
        }
    }

    /// Waits until everything is on its way.
    pub fn flush() {
        // SAFETY: as above.
        while unsafe { STATE.read_volatile() } & 0b01 != 0 {}
    }

    pub fn receive() -> Option<u8> {
        // SAFETY: as above.
        unsafe { (STATE.read_volatile() & 0b10 != 0).then(|| DATA.read_volatile() as u8) }
    }
}
