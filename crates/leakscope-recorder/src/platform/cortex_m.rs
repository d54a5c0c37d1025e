//! Clocks of Cortex-M.

use super::Clock;

const DEMCR: *mut u32 = 0xE000_EDFC as *mut u32;
const DWT_CTRL: *mut u32 = 0xE000_1000 as *mut u32;
const DWT_CYCCNT: *const u32 = 0xE000_1004 as *const u32;
const SYST_CSR: *mut u32 = 0xE000_E010 as *mut u32;
const SYST_RVR: *mut u32 = 0xE000_E014 as *mut u32;
const SYST_CVR: *mut u32 = 0xE000_E018 as *mut u32;
const ICSR: *const u32 = 0xE000_ED04 as *const u32;

/// The cycle counter of the debug unit (`DWT_CYCCNT`): Cortex-M3 and up, and not in QEMU, where it
/// stands still.
#[derive(Clone, Copy, Debug)]
pub struct CycleCounter {
    hz: u32,
}

impl CycleCounter {
    /// A counter at `hz`, the frequency of the CPU. Call [`enable`](Self::enable) before the first event.
    pub const fn new(hz: u32) -> Self {
        Self { hz }
    }

    /// Switches the counter on.
    pub fn enable(&self) {
        const TRCENA: u32 = 1 << 24;
        const CYCCNTENA: u32 = 1;
        // SAFETY: architectural registers, present or read as zero on every Cortex-M; only the two
        // enable bits are changed.
        unsafe {
            DEMCR.write_volatile(DEMCR.read_volatile() | TRCENA);
            DWT_CTRL.write_volatile(DWT_CTRL.read_volatile() | CYCCNTENA);
        }
    }
}

impl Clock for CycleCounter {
    #[inline]
    fn now(&self) -> u32 {
        // SAFETY: reading the counter has no side effect.
        unsafe { DWT_CYCCNT.read_volatile() }
    }

    fn hz(&self) -> u32 {
        self.hz
    }
}

/// SysTick, running freely with its full 24 bits: where no operating system needs it, and there is no
/// cycle counter (Cortex-M0). Its period is 2^24 ticks: 0.35 s at 48 MHz.
#[derive(Clone, Copy, Debug)]
pub struct FreeSysTick {
    hz: u32,
}

impl FreeSysTick {
    /// SysTick at `hz`, the frequency of the CPU. Call [`enable`](Self::enable) before the first event.
    pub const fn new(hz: u32) -> Self {
        Self { hz }
    }

    /// Lets SysTick run from the CPU's clock, without interrupt.
    pub fn enable(&self) {
        // SAFETY: architectural registers; the user gave SysTick to this clock.
        unsafe {
            SYST_RVR.write_volatile(Self::MASK);
            SYST_CVR.write_volatile(0);
            SYST_CSR.write_volatile(0b101);
        }
    }
}

impl Clock for FreeSysTick {
    const MASK: u32 = 0x00FF_FFFF;

    #[inline]
    fn now(&self) -> u32 {
        // SAFETY: reading the value register has no side effect.
        Self::MASK - unsafe { SYST_CVR.read_volatile() }
    }

    fn hz(&self) -> u32 {
        self.hz
    }
}

/// SysTick as an operating system uses it, together with the count of its ticks.
///
/// Between the counter's reload and the interrupt that counts it, the time is corrected by the
/// interrupt's pending bit. So let the interrupt handler count the tick *before* it records anything.
#[derive(Clone, Copy, Debug)]
pub struct SysTick {
    /// SysTick's frequency, mostly the CPU's.
    pub hz: u32,
    /// How many interrupts there were, wrapping.
    pub ticks: fn() -> u32,
}

impl Clock for SysTick {
    #[inline]
    fn now(&self) -> u32 {
        const PENDSTSET: u32 = 1 << 26;
        // SAFETY: reading these registers has no side effect but for the count flag of SYST_CSR,
        // which is not read here.
        let (period, before, pending, after) = unsafe {
            let period = SYST_RVR.read_volatile() + 1;
            let before = SYST_CVR.read_volatile();
            let pending = ICSR.read_volatile() & PENDSTSET != 0;
            (period, before, pending, SYST_CVR.read_volatile())
        };
        // If an interrupt is pending, only the second reading is surely from after the reload.
        let (uncounted, value) = if pending {
            (period, after)
        } else {
            (0, before)
        };
        let value = uncounted.wrapping_add(period - 1 - value);
        (self.ticks)().wrapping_mul(period).wrapping_add(value)
    }

    fn hz(&self) -> u32 {
        self.hz
    }
}
