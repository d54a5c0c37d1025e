//! State that interrupts, tasks and cores share.

use core::cell::UnsafeCell;

use critical_section::CriticalSection;

/// Runs `access` inside a critical section. All of this crate's begin here.
#[inline]
pub(crate) fn locked<R>(access: impl FnOnce(CriticalSection<'_>) -> R) -> R {
    #[cfg(feature = "model")]
    return crate::platform::model::around(|| critical_section::with(access));
    #[cfg(not(feature = "model"))]
    critical_section::with(access)
}

/// A value that is only touched inside a critical section.
///
/// Unlike `critical_section::Mutex<RefCell<T>>` it does not check for re-entry, which would cost each
/// event a few instructions. In exchange it is private to this crate, and the rule for its closures is
/// that **they call nothing that the user of the crate wrote**: clocks are read and text is formatted
/// before.
pub(crate) struct Locked<T>(UnsafeCell<T>);

// SAFETY: the value is reached through `with` only, inside a critical section, which excludes every
// other context and core; so it is merely sent from one to the other.
unsafe impl<T: Send> Sync for Locked<T> {}

impl<T> Locked<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Runs `access` on the value.
    #[inline]
    pub(crate) fn with<R>(&self, _: CriticalSection<'_>, access: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: the token proves that no other context runs, and closures never lead back here (see
        // the type's documentation), so that this is the only reference.
        access(unsafe { &mut *self.0.get() })
    }
}
