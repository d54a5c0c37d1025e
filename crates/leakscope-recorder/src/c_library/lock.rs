//! The critical section of chips with one core: all interrupts off.

use core::arch::asm;

use critical_section::{Impl, RawRestoreState};

struct InterruptsOff;
critical_section::set_impl!(InterruptsOff);

// SAFETY: with all interrupts off, nothing else runs on the only core; what was off before stays off
// after.
unsafe impl Impl for InterruptsOff {
    #[inline]
    unsafe fn acquire() -> RawRestoreState {
        #[cfg(target_arch = "arm")]
        {
            let primask: u32;
            // SAFETY: allowed in privileged mode, in which a recorder has to run.
            unsafe {
                asm!("mrs {}, primask", "cpsid i", out(reg) primask, options(nostack, preserves_flags));
            }
            primask
        }
        #[cfg(not(target_arch = "arm"))]
        {
            let status: usize;
            // SAFETY: allowed in machine mode, in which a recorder has to run.
            unsafe { asm!("csrrci {}, mstatus, 8", out(reg) status, options(nostack)) };
            status as u32 & 8
        }
    }

    #[inline]
    unsafe fn release(before: RawRestoreState) {
        // SAFETY: as above; interrupts become what they were before `acquire`.
        #[cfg(target_arch = "arm")]
        unsafe {
            asm!("msr primask, {}", in(reg) before, options(nostack, preserves_flags));
        }
        // SAFETY: as above.
        #[cfg(not(target_arch = "arm"))]
        unsafe {
            asm!("csrs mstatus, {}", in(reg) before, options(nostack));
        }
    }
}
