//! What differs between machines: the clock and the number of the running core.
//!
//! The third piece, how to lock out interrupts and other cores, is the trait of the crate
//! `critical-section`, which the hardware's crate implements (`cortex-m` and `riscv` with a feature,
//! `esp-hal`, `rp2040-hal` and others always). It must lock out *all* interrupts that allocate or
//! record: SEGGER's own recorder locks out only those below a certain priority, and at the default
//! priorities of Cortex-M its packets get torn.

#[cfg(all(target_arch = "arm", target_os = "none"))]
pub mod cortex_m;
#[cfg(feature = "std")]
pub mod host;
#[cfg(feature = "model")]
pub mod model;
#[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
pub mod riscv;

/// A clock that runs forward and wraps around.
///
/// Read inside the critical section, once an event: it should take a few instructions, and may not
/// allocate, print or record. All cores must read the same one: not a counter that each core has for itself (`CYCCNT`, `mcycle`,
/// `CCOUNT`).
pub trait Clock: Sync {
    /// Which bits of [`now`](Clock::now) count. Where there may be no event for half of the clock's period,
    /// [`poll`](crate::stream::Stream::poll) has to be called that often, or the gap is recorded too short.
    const MASK: u32 = u32::MAX;

    /// By how many bits times are shifted right before they are sent: a tick of the recording is
    /// `1 << TICK_SHIFT` units of the clock, so that a fast clock takes fewer bytes. Nothing is lost but resolution.
    const TICK_SHIFT: u32 = 0;

    /// The present time in units.
    fn now(&self) -> u32;

    /// Units in a second.
    fn hz(&self) -> u32;
}

/// No clock at all: every event happens at once.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Clock for Silent {
    fn now(&self) -> u32 {
        0
    }

    fn hz(&self) -> u32 {
        1
    }
}

/// A clock out of two functions: any hardware timer.
#[derive(Clone, Copy, Debug)]
pub struct FunctionClock {
    /// Reads it.
    pub now: fn() -> u32,
    /// Ticks in a second.
    pub hz: u32,
}

impl Clock for FunctionClock {
    #[inline]
    fn now(&self) -> u32 {
        (self.now)()
    }

    fn hz(&self) -> u32 {
        self.hz
    }
}

/// Which core runs.
pub trait CoreNumber: Sync {
    /// From 0; numbers beyond the recorder's cores are taken as core 0.
    fn core() -> usize;
}

/// There is one core.
#[derive(Clone, Copy, Debug)]
pub struct SingleCore;

impl CoreNumber for SingleCore {
    #[inline]
    fn core() -> usize {
        0
    }
}

/// The number of the interrupt that is being handled, as the processor counts: on Cortex-M the exception's
/// (0 outside of interrupts), on RISC-V the cause's; 0 elsewhere.
#[inline]
pub fn interrupt_number() -> u32 {
    #[cfg(all(target_arch = "arm", target_os = "none"))]
    {
        let number: u32;
        // SAFETY: reading the register has no side effect.
        unsafe {
            core::arch::asm!("mrs {}, ipsr", out(reg) number, options(nomem, nostack, preserves_flags));
        }
        number & 0x1FF
    }
    #[cfg(all(
        any(target_arch = "riscv32", target_arch = "riscv64"),
        target_os = "none"
    ))]
    {
        let cause: usize;
        // SAFETY: reading the register in machine mode has no side effect.
        unsafe { core::arch::asm!("csrr {}, mcause", out(reg) cause, options(nomem, nostack)) };
        (cause & 0xFFF) as u32
    }
    #[cfg(not(all(
        any(target_arch = "arm", target_arch = "riscv32", target_arch = "riscv64"),
        target_os = "none"
    )))]
    {
        0
    }
}
