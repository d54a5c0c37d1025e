//! State that interrupts, tasks and cores share.

use core::cell::UnsafeCell;

use critical_section::{CriticalSection, RestoreState};

/// A critical section, until it is dropped. All of this crate's are made here.
pub(crate) struct Section(RestoreState);

impl Section {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "every event goes through it")]
    pub(crate) fn enter() -> Self {
        #[cfg(feature = "model")]
        crate::platform::model::before();
        // SAFETY: released when it is dropped, which happens in the reverse order of nested sections.
        Self(unsafe { critical_section::acquire() })
    }

    /// The proof that it was entered.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        clippy::unused_self,
        reason = "every event goes through it; the borrow is the proof"
    )]
    pub(crate) fn token(&self) -> CriticalSection<'_> {
        // SAFETY: the section lasts as long as the borrow.
        unsafe { CriticalSection::new() }
    }
}

impl Drop for Section {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "every event goes through it")]
    fn drop(&mut self) {
        // SAFETY: acquired by `enter`.
        unsafe { critical_section::release(self.0) };
        #[cfg(feature = "model")]
        crate::platform::model::after();
    }
}

/// Runs `access` inside a critical section.
#[inline]
pub(crate) fn locked<R>(access: impl FnOnce(CriticalSection<'_>) -> R) -> R {
    let section = Section::enter();
    access(section.token())
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
    pub(crate) fn with<R>(
        &self,
        section: CriticalSection<'_>,
        access: impl FnOnce(&mut T) -> R,
    ) -> R {
        // SAFETY: closures never lead back here (see the type's documentation).
        access(unsafe { self.borrow(section) })
    }

    /// The value, for what is not to be a closure, which the compiler might leave a function.
    ///
    /// # Safety
    /// Nothing else may reach the value as long as this reference is in use.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        clippy::mut_from_ref,
        reason = "every event goes through it; see above"
    )]
    pub(crate) unsafe fn borrow<'s>(&'s self, _: CriticalSection<'s>) -> &'s mut T {
        // SAFETY: the token proves that no other context runs, and the caller that this one has no other reference.
        unsafe { &mut *self.0.get() }
    }
}
