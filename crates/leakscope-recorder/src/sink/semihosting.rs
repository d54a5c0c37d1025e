//! Semihosting: a file on the computer that debugs, or emulates, the device.
//!
//! The debugger stops the core for each call, for microseconds in QEMU and for milliseconds on real
//! hardware; without a debugger the core traps. So: for tests.

use core::arch::asm;
use core::ffi::CStr;

use super::ByteSink;

const SYS_OPEN: usize = 0x01;
const SYS_CLOSE: usize = 0x02;
const SYS_WRITE: usize = 0x05;

/// A file of the debugging computer, open for writing.
#[derive(Debug)]
pub struct File {
    handle: usize,
}

/// The debugger refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

impl File {
    /// Makes the file, or empties it. The name `:tt` is the debugger's console.
    ///
    /// # Errors
    /// If the debugger cannot.
    pub fn create(name: &CStr) -> Result<Self, Refused> {
        /// "wb" in the order of the specification's table.
        const WRITE_BINARY: usize = 5;
        let block = [name.as_ptr().addr(), WRITE_BINARY, name.to_bytes().len()];
        match call(SYS_OPEN, block.as_ptr().addr()) {
            usize::MAX => Err(Refused),
            handle => Ok(Self { handle }),
        }
    }
}

impl ByteSink for File {
    type Error = Refused;

    fn write(&mut self, bytes: &[u8]) -> Result<usize, Refused> {
        let block = [self.handle, bytes.as_ptr().addr(), bytes.len()];
        // The answer is how many bytes were *not* written.
        match call(SYS_WRITE, block.as_ptr().addr()) {
            left if left <= bytes.len() => Ok(bytes.len() - left),
            _ => Err(Refused),
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let block = [self.handle];
        call(SYS_CLOSE, block.as_ptr().addr());
    }
}

/// Asks the debugger for `operation` with the parameters at `block`.
#[inline]
pub(crate) fn call(operation: usize, block: usize) -> usize {
    let result;
    // SAFETY: the operations used here read their parameters and nothing else; the memory they
    // point to outlives the call. The three instructions of RISC-V's sequence must not be compressed
    // and not lie on two pages.
    #[cfg(target_arch = "arm")]
    unsafe {
        asm!("bkpt 0xAB", inlateout("r0") operation => result, in("r1") block, options(nostack));
    }
    #[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
    unsafe {
        asm!(
            ".balign 16",
            ".option push",
            ".option norvc",
            "slli x0, x0, 0x1f",
            "ebreak",
            "srai x0, x0, 7",
            ".option pop",
            inlateout("a0") operation => result,
            in("a1") block,
            options(nostack)
        );
    }
    result
}
