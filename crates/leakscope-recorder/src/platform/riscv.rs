//! Clocks of RISC-V.

use core::arch::asm;

use super::{Clock, CoreNumber};

/// The cycle counter of machine mode (`mcycle`), low word.
#[derive(Clone, Copy, Debug)]
pub struct CycleCounter {
    hz: u32,
}

impl CycleCounter {
    /// A counter at `hz`, the frequency of the CPU. It runs from reset.
    pub const fn new(hz: u32) -> Self {
        Self { hz }
    }
}

impl Clock for CycleCounter {
    #[inline]
    fn now(&self) -> u32 {
        let cycles: usize;
        // SAFETY: reading the counter in machine mode has no side effect.
        unsafe { asm!("csrr {}, mcycle", out(reg) cycles, options(nomem, nostack)) };
        cycles as u32
    }

    fn hz(&self) -> u32 {
        self.hz
    }
}

/// `mtime`, the timer of the platform, low word: its address differs (0x0200_BFF8 on QEMU's `virt`).
#[derive(Clone, Copy, Debug)]
pub struct MachineTimer {
    address: usize,
    hz: u32,
}

impl MachineTimer {
    /// The timer whose low word is at `address`, at `hz`.
    ///
    /// # Safety
    /// A 32-bit read of `address` must be allowed at any time, and have no side effect.
    pub const unsafe fn new(address: usize, hz: u32) -> Self {
        Self { address, hz }
    }
}

impl Clock for MachineTimer {
    #[inline]
    fn now(&self) -> u32 {
        // SAFETY: promised to `new`.
        unsafe { (self.address as *const u32).read_volatile() }
    }

    fn hz(&self) -> u32 {
        self.hz
    }
}

/// The number of the hart (`mhartid`).
#[derive(Clone, Copy, Debug)]
pub struct HartNumber;

impl CoreNumber for HartNumber {
    #[inline]
    fn core() -> usize {
        let hart: usize;
        // SAFETY: reading the register in machine mode has no side effect.
        unsafe { asm!("csrr {}, mhartid", out(reg) hart, options(nomem, nostack)) };
        hart
    }
}
