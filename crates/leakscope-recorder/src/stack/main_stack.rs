//! Where the stack ends on which `main` runs, as the machine itself says it.

/// The address behind its last word; 0 where it is not known, or another stack is in use.
#[cfg(all(target_arch = "arm", target_os = "none", not(miri)))]
pub(super) fn end() -> usize {
    /// The register that leads to the vector table, whose first word is that address.
    const VTOR: *const *const usize = 0xE000_ED08 as *const *const usize;
    /// A task has a stack pointer of its own; without privileges, VTOR must not be read.
    const OWN_STACK: usize = 2;
    const NO_PRIVILEGES: usize = 1;
    let control: usize;
    // SAFETY: a register is copied.
    unsafe {
        core::arch::asm!("mrs {}, control", out(reg) control, options(nomem, nostack, preserves_flags));
    }
    if control & (OWN_STACK | NO_PRIVILEGES) != 0 {
        return 0;
    }
    // SAFETY: the processor itself reads its stack pointer from there.
    unsafe { VTOR.read_volatile().read_volatile() }
}

#[cfg(all(target_arch = "riscv32", target_os = "none"))]
core::arch::global_asm!(".weak _stack_start");

/// By the name that riscv-rt and esp-hal have for it; 0 where there is none.
#[cfg(all(target_arch = "riscv32", target_os = "none"))]
pub(super) fn end() -> usize {
    unsafe extern "C" {
        static _stack_start: u8;
    }
    (&raw const _stack_start).addr()
}

/// Elsewhere nothing says it.
#[cfg(not(all(
    any(target_arch = "arm", target_arch = "riscv32"),
    target_os = "none",
    not(miri)
)))]
pub(super) fn end() -> usize {
    0
}
