//! The board that is built for. Each has the same functions:
//!
//! | | |
//! |---|---|
//! | `TICK_HZ` | interrupts a second of the periodic timer |
//! | `start_tick` | starts it; its handler calls [`count_tick`](crate::time_driver::count_tick), then [`wake_expired`](crate::time_driver::wake_expired) |
//! | `wait_for_interrupt` | sleeps |
//! | `Clock`, `clock` | the recorder's clock |
//! | `CODE`, `RAM` | where call stacks are walked |
//! | `fault_name` | the fault that the program has |
//! | `exit` | ends the program; `trace_finished` is where a debugger can see that it has come to its end |
//! | `uart` | the serial port, polled |
//! | `NAME`, `CORE`, `TICK_INTERRUPT` | what a stream says of the board; a dump does not |
#![cfg_attr(feature = "standalone", allow(dead_code))]

#[cfg(not(feature = "esp32c3"))]
mod emulator;
#[cfg(feature = "esp32c3")]
mod esp32c3;
#[cfg(target_arch = "riscv32")]
mod machine_timer;
#[cfg(target_arch = "arm")]
mod mps2_an385;
#[cfg(all(target_arch = "riscv32", not(feature = "esp32c3")))]
mod virt;

#[cfg(not(feature = "esp32c3"))]
pub use emulator::*;
#[cfg(feature = "esp32c3")]
pub use esp32c3::*;
#[cfg(target_arch = "arm")]
pub use mps2_an385::*;
#[cfg(all(target_arch = "riscv32", not(feature = "esp32c3")))]
pub use virt::*;

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn trace_finished() {
    // SAFETY: nothing is done.
    unsafe { core::arch::asm!("nop") };
}

/// An interrupt handler's work, recorded.
pub fn in_interrupt(work: impl FnOnce()) {
    use leakscope_recorder::{SystemEvent, platform, recorder};
    recorder().event(SystemEvent::IsrEnter(platform::interrupt_number()));
    work();
    recorder().event(SystemEvent::IsrExit);
}
