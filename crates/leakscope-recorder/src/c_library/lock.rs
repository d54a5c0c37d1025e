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
            primask & 1 != 0
        }
        #[cfg(not(target_arch = "arm"))]
        {
            let status: usize;
            // SAFETY: allowed in machine mode, in which a recorder has to run.
            unsafe { asm!("csrrci {}, mstatus, 8", out(reg) status, options(nostack)) };
            status & 8 == 0
        }
    }

    #[inline]
    unsafe fn release(were_off: RawRestoreState) {
        // SAFETY: as above; interrupts become what they were before `acquire`.
        #[cfg(target_arch = "arm")]
        unsafe {
            asm!("msr primask, {}", in(reg) u32::from(were_off), options(nostack, preserves_flags));
        }
        // SAFETY: as above.
        #[cfg(not(target_arch = "arm"))]
        unsafe {
            asm!("csrs mstatus, {}", in(reg) usize::from(!were_off) << 3, options(nostack));
        }
    }
}
