//! The critical section of both cores: interrupts off, and a lock.

use core::sync::atomic::{AtomicU8, Ordering};

use critical_section::{Impl, RawRestoreState, set_impl};

use crate::board;

struct BothCores {}
set_impl!(BothCores);

/// The number of the core that is inside, plus 1; 0: none is.
static OWNER: AtomicU8 = AtomicU8::new(0);

/// What `release` has to do.
const NOTHING: RawRestoreState = 0;
const UNLOCK: RawRestoreState = 1;
const UNLOCK_AND_ENABLE_INTERRUPTS: RawRestoreState = 2;

// SAFETY: only one core is the owner, and on it no interrupt comes in between.
unsafe impl Impl for BothCores {
    unsafe fn acquire() -> RawRestoreState {
        let had_interrupts = cortex_m::register::primask::read().is_active();
        cortex_m::interrupt::disable();
        let me = board::core() as u8 + 1;
        if OWNER.load(Ordering::Relaxed) == me {
            return NOTHING;
        }
        while OWNER
            .compare_exchange_weak(0, me, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            // The emulator then lets the other core run.
            core::hint::spin_loop();
        }
        if had_interrupts {
            UNLOCK_AND_ENABLE_INTERRUPTS
        } else {
            UNLOCK
        }
    }

    unsafe fn release(state: RawRestoreState) {
        if state == NOTHING {
            return;
        }
        OWNER.store(0, Ordering::Release);
        if state == UNLOCK_AND_ENABLE_INTERRUPTS {
            // SAFETY: they were on when the section was entered.
            unsafe { cortex_m::interrupt::enable() };
        }
    }
}
