//! RISC-V's timer, where QEMU's `virt` and the virtual board have it: the tick, the recorder's clock, and sleep.

use leakscope_recorder::platform::riscv::MachineTimer;
use riscv::interrupt::Interrupt;
use riscv_rt::core_interrupt;

use crate::time_driver;

pub const TICK_INTERRUPT: &str = "I#7=MachineTimer";
pub const TICK_HZ: u32 = 1_000;
const TIMER_HZ: u32 = 10_000_000;

const MTIME: usize = 0x0200_BFF8;
const MTIMECMP: *mut u32 = 0x0200_4000 as *mut u32;

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
        let (before, low, after) = unsafe {
            (
                high.read_volatile(),
                low.read_volatile(),
                high.read_volatile(),
            )
        };
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
